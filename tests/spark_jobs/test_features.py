import json
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from feature_repo.batch import COMPUTED, FEATURES
from feature_repo.catalogue import CATEGORIES, VIEWS
from lake.tables import PROFILES, TIMELINE, read, write_changes
from spark_jobs.features import features, newest_event
from tests.spark_jobs import reference

AS_OF = datetime(2024, 3, 1, 12, tzinfo=UTC)
LABELS = {"type": "behaviour", "intent": "behaviour", "amount": "transaction"}
Compute = Callable[..., dict[str, Any]]


def event(at: datetime, **said: Any) -> dict[str, Any]:
    named = {"channel": "chat", "type": "message", "intent": None, "amount": None, "categories": LABELS} | said
    return {"event_id": f"e{at.isoformat()}", "properties": {}, "occurred_at": at} | named


def profiles(spark: SparkSession, people: dict[str, list[str]], claimed: Collection[str] = ()) -> DataFrame:
    """Profiles with the days from which they are said to be customers; the first is the surviving value.

    Of some that is only `claimed`.
    """
    rows = []
    for name, since in people.items():
        losing = [(day, "crm:2", "crm", AS_OF) for day in since[1:]]
        told = ("oldest", "claimed" if name in claimed else "source")
        fields = [("customer_since", since[0], "identity", "crm:1", "crm", AS_OF, *told, losing)] if since else []
        rows.append((name, fields, [], [], None, None))
    return spark.createDataFrame(rows, PROFILES.struct)


def timeline(spark: SparkSession, events: list[dict[str, Any]], profile_id: str | None = None) -> DataFrame:
    rows = [{"profile_id": profile_id} | event for event in events]
    return spark.createDataFrame([tuple(row[name] for name in TIMELINE.struct.names) for row in rows], TIMELINE.struct)


def rows_of(frame: DataFrame) -> dict[str, dict[str, Any]]:
    """Rows by profile; instants as UTC, without the zone that the driver happens to be in."""
    found = {}
    for row in frame.collect():
        values = row.asDict()
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = value.astimezone(UTC)
        found[values.pop("profile_id")] = values
    return found


@pytest.fixture
def compute(spark: SparkSession) -> Compute:
    def one(events: list[dict[str, Any]], since: list[str] | None = None) -> dict[str, Any]:
        people, happened = profiles(spark, {"p": since or []}), timeline(spark, events, "p")
        values: dict[str, Any] = {}
        for view in COMPUTED.values():
            values |= rows_of(view(people, happened, AS_OF))["p"]
        return values

    return one


days = st.sampled_from([-1, 0, 1, 29, 30, 31, 89, 90, 91, 364, 365, 366, 800])
moments = st.builds(
    lambda day, micros: AS_OF - timedelta(days=day) + timedelta(microseconds=micros),
    days,
    st.sampled_from([-1, 0, 1, 3_600_000_000]),
)
events = st.builds(
    lambda at, channel, type_, intent, amount: event(at, channel=channel, type=type_, intent=intent, amount=amount),
    moments,
    st.sampled_from(["web", "chat", "call_centre"]),
    st.sampled_from(["order", "order", "message", "call", "login", "complaint_resolved"]),
    st.sampled_from([None, None, "complaint", "invoice", "complaint_resolved"]),
    st.one_of(st.none(), st.integers(-9_999_999, 99_999_999).map(lambda cents: cents / 100)),
)
people = st.lists(
    st.tuples(
        st.lists(events, max_size=12),
        st.lists(st.dates(date(1960, 2, 28), date(2025, 1, 1)).map(date.isoformat), max_size=3),
    ),
    min_size=40,
    max_size=40,
)


# Without shrinking: each try is a Spark job, and the failing profile is already small.
@settings(
    max_examples=4, deadline=None, phases=[Phase.generate], derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(people)
def test_features_equal_the_plain_python_reference(spark: SparkSession, drawn: list[Any]) -> None:
    since = {f"p{number}": starts for number, (_, starts) in enumerate(drawn)}
    numbered = [
        happened | {"profile_id": f"p{number}", "event_id": f"e{place}"}
        for number, (happenings, _) in enumerate(drawn)
        for place, happened in enumerate(happenings)
    ]
    known, happened = profiles(spark, since), timeline(spark, numbered)
    value = rows_of(COMPUTED["features_value"](known, happened, AS_OF))
    behaviour = rows_of(COMPUTED["features_interactions"](known, happened, AS_OF))
    for name, starts in since.items():
        own = [event for event in numbered if event["profile_id"] == name]
        near = {key: pytest.approx(number, abs=1e-4) for key, number in reference.value(own, AS_OF).items()}
        assert value[name] == near | {"event_timestamp": AS_OF}
        assert behaviour[name] == reference.interactions(own, starts, AS_OF) | {"event_timestamp": AS_OF}


def test_an_event_exactly_as_old_as_the_window_is_out_and_one_at_as_of_is_in(compute: Compute) -> None:
    edge, inside = AS_OF - timedelta(days=30), AS_OF - timedelta(days=30) + timedelta(microseconds=1)
    found = compute([event(at, type="order", amount=10.0) for at in (edge, inside, AS_OF)])
    assert (found["orders_30d"], found["amount_30d"], found["orders_90d"]) == (2, 20.0, 3)


def test_an_event_after_as_of_does_not_count(compute: Compute) -> None:
    later = AS_OF + timedelta(microseconds=1)
    found = compute([event(later, type="order", amount=10.0), event(later, type="call", intent="complaint")])
    assert (found["lifetime_orders"], found["last_contact_at"], found["open_complaint"]) == (0, None, False)


def test_a_return_lowers_the_amount_and_is_counted_apart(compute: Compute) -> None:
    found = compute(
        [
            event(AS_OF - timedelta(days=2), type="order", amount=77183.6),
            event(AS_OF - timedelta(days=1), type="order", amount=-77183.6),
        ]
    )
    assert (found["orders_30d"], found["returns_365d"], found["lifetime_orders"]) == (1, 1, 1)
    assert (found["amount_30d"], found["average_order_30d"], found["recency_days"]) == (0.0, 0.0, 2)


def test_an_amount_that_is_unknown_makes_the_sum_unknown_and_not_less(compute: Compute) -> None:
    orders = [
        event(AS_OF - timedelta(days=day), type="order", amount=amount)
        for day, amount in ((1, 10.0), (40, None), (41, None))
    ]
    found = compute(orders)
    assert (found["orders_30d"], found["amount_30d"], found["average_order_30d"]) == (1, 10.0, 10.0)
    assert (found["orders_90d"], found["amount_90d"], found["average_order_90d"]) == (3, None, None)
    assert (found["lifetime_orders"], found["lifetime_amount"]) == (3, None)


def test_cents_add_up_exactly_in_whatever_order_they_come(compute: Compute) -> None:
    orders = [event(AS_OF - timedelta(minutes=n), type="order", amount=0.1) for n in range(30)]
    assert compute(orders)["lifetime_amount"] == compute(orders[::-1])["lifetime_amount"] == 3.0


def test_a_profile_without_events_has_a_row_of_zeros_and_unknowns(compute: Compute) -> None:
    found = compute([])
    assert (found["orders_365d"], found["lifetime_amount"], found["contacts_30d"]) == (0, 0.0, 0)
    assert (found["recency_days"], found["preferred_channel"], found["open_complaint"]) == (None, None, False)


@pytest.mark.parametrize(
    ("resolved_after", "is_open"),
    [(timedelta(days=-1), True), (timedelta(0), True), (timedelta(microseconds=1), False)],
)
def test_only_a_later_resolution_closes_a_complaint(compute: Compute, resolved_after: timedelta, is_open: bool) -> None:
    opened = AS_OF - timedelta(days=5)
    found = compute([event(opened, intent="complaint"), event(opened + resolved_after, type="complaint_resolved")])
    assert (found["open_complaint"], found["open_complaint_since"]) == (is_open, opened if is_open else None)


def test_a_new_complaint_after_a_resolution_opens_with_its_own_time(compute: Compute) -> None:
    old, new = AS_OF - timedelta(days=9), AS_OF - timedelta(days=2)
    resolved = event(AS_OF - timedelta(days=4), intent="complaint_resolved")
    found = compute([event(old, intent="complaint"), resolved, event(new, intent="complaint")])
    assert (found["open_complaint_since"], found["last_intent"]) == (new, "complaint")


def test_the_latest_channel_is_preferred_where_two_are_used_alike(compute: Compute) -> None:
    found = compute([event(AS_OF - timedelta(days=3), channel="web"), event(AS_OF - timedelta(days=2), channel="app")])
    assert found["preferred_channel"] == "app"
    assert json.loads(found["channel_mix"]) == {"app": 0.5, "web": 0.5}


def test_the_earliest_start_counts_even_where_it_lost(compute: Compute) -> None:
    found = compute([], ["2019-03-05", "2019-03-02", "not a day", "2031-01-01"])
    assert found["days_as_customer"] == (AS_OF.date() - date(2019, 3, 2)).days
    assert (found["next_milestone"], found["next_milestone_on"]) == ("5 years", "2024-03-02")


def test_a_milestone_is_next_until_its_day_is_over(compute: Compute) -> None:
    assert compute([], ["2019-03-01"])["next_milestone_on"] == "2024-03-01"
    assert compute([], ["2019-02-28"])["next_milestone"] == "10 years"


def test_a_customer_since_a_leap_day_has_an_anniversary_every_year(compute: Compute) -> None:
    assert compute([], ["2024-02-29"])["next_milestone_on"] == "2025-02-28"


def test_what_is_labelled_stricter_than_a_feature_does_not_enter_it(compute: Compute) -> None:
    found = compute(
        [
            event(AS_OF, intent="complaint", categories=LABELS | {"intent": "sensitive"}),
            event(AS_OF, type="order", amount=5.0, categories=LABELS | {"amount": "sensitive"}),
            event(AS_OF, type="call", categories=LABELS | {"type": "sensitive"}),
            event(AS_OF, type="visit", categories={}),
        ]
    )
    assert (found["last_intent"], found["open_complaint"], found["lifetime_amount"]) == (None, False, 0.0)
    assert (found["contacts_30d"], found["lifetime_orders"]) == (1, 1)


def test_every_column_of_the_feature_tables_has_a_data_category() -> None:
    for view, table in FEATURES.items():
        columns = set(table.struct.fieldNames()) - {"profile_id", "event_timestamp"}
        assert columns == set(VIEWS[view]) <= set(CATEGORIES)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> str:
    folder = str(tmp_path / "lake")
    write_changes(spark, folder, PROFILES, profiles(spark, {"a": ["2020-01-01"], "b": []}))
    orders = [event(AS_OF - timedelta(days=1), type="order", amount=10.0)]
    write_changes(spark, folder, TIMELINE, timeline(spark, orders, "a"))
    return folder


def test_a_second_run_at_the_same_instant_changes_no_row(spark: SparkSession, lake: str) -> None:
    assert features(spark, lake, AS_OF) == {"rows_changed": 4}
    assert features(spark, lake, AS_OF) == {"rows_changed": 0}


def test_only_the_profile_whose_events_changed_is_written_again(spark: SparkSession, lake: str) -> None:
    features(spark, lake, AS_OF)
    new = [event(AS_OF - timedelta(days=2), type="order", amount=5.0)]
    write_changes(spark, lake, TIMELINE, timeline(spark, new, "b"))
    assert features(spark, lake, AS_OF) == {"rows_changed": 1}
    assert rows_of(read(spark, lake, FEATURES["features_value"]))["b"]["lifetime_amount"] == 5.0


def test_the_features_of_a_profile_that_is_gone_go_too(spark: SparkSession, lake: str) -> None:
    features(spark, lake, AS_OF)
    write_changes(spark, lake, PROFILES, profiles(spark, {"a": ["2020-01-01"]}), deletes=True)
    assert features(spark, lake, AS_OF) == {"rows_changed": 2}
    assert set(rows_of(read(spark, lake, FEATURES["features_interactions"]))) == {"a"}


def test_a_restricted_person_is_not_computed_on_and_comes_back_when_that_ends(spark: SparkSession, lake: str) -> None:
    held = profiles(spark, {"a": ["2020-01-01"], "b": []}).withColumn(
        "records", F.array(F.concat(F.lit("crm:"), "profile_id"))
    )
    write_changes(spark, lake, PROFILES, held)
    features(spark, lake, AS_OF)
    assert features(spark, lake, AS_OF, {"crm:a", "crm:of nobody"}) == {"rows_changed": 2}
    for table in FEATURES.values():
        assert set(rows_of(read(spark, lake, table))) == {"b"}
    assert features(spark, lake, AS_OF, {"crm:a", "crm:of nobody"}) == {"rows_changed": 0}
    assert features(spark, lake, AS_OF) == {"rows_changed": 2}


def test_a_sample_of_the_past_stands_at_its_newest_event(spark: SparkSession, lake: str) -> None:
    assert newest_event(read(spark, lake, TIMELINE)) == AS_OF - timedelta(days=1)
    assert newest_event(timeline(spark, [])) is None
