"""One run of the Spark job against its twin for one profile, to the last digit."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession

from feature_repo.batch import COMPUTED
from feature_repo.catalogue import VIEWS
from feature_repo.computed import computed
from tests.spark_jobs.test_features import AS_OF, profiles, rows_of, timeline

DAYS = [-1, 0, 1, 29, 30, 31, 89, 90, 91, 364, 365, 366, 800, 20_000]
TYPES = ["order", "order", "order", "message", "call", "login", "complaint_resolved", "letter", ""]
INTENTS = [None, None, "complaint", "invoice", "complaint_resolved"]
LABELS = ["identity", "contact", "transaction", "transaction", "behaviour", "behaviour", "sensitive", "odd", None]
STARTS = [
    "not a day",
    "2019",
    "2019-3",
    "2020-02-29",
    "2019-02-30",
    " 2021-05-05 ",
    "2019-03-01T10:00:00",
    "2030-01-01",
]


def happenings(draw: random.Random) -> list[dict[str, Any]]:
    """Events with ties, edges of windows, odd labels and amounts that round both ways."""
    found: list[dict[str, Any]] = []
    many = draw.choice([0, 1, 2, 5, 12, 40])
    for _ in range(many):
        moment = AS_OF - timedelta(days=draw.choice(DAYS), microseconds=draw.choice([-1, 0, 0, 1, 3_600_000_000]))
        amount = draw.choice([None, draw.randint(-9_999, 99_999) / 100, draw.uniform(-50, 50), 0.00005, -0.00004, 0.1])
        labels = {key: label for key in ("type", "intent", "amount") if (label := draw.choice(LABELS))}
        sure = {"type": "behaviour", "intent": "behaviour", "amount": "transaction"}
        found.append(
            {
                "event_id": f"e{draw.randint(0, 10**9)}",
                "occurred_at": moment,
                "channel": draw.choice(["web", "chat", "app", "call_centre"] if many < 40 else ["web"] * 30 + ["é"]),
                "type": draw.choice(TYPES),
                "intent": draw.choice(INTENTS),
                "amount": amount,
                "properties": draw.choice([{}, {"order_id": draw.choice(["o-1", "o-2"])}]),
                "categories": draw.choice([sure, sure | {"property.order_id": "transaction"}, labels]),
            }
        )
    return found


def test_an_order_that_is_told_twice_counts_once_as_it_was_told_last() -> None:
    def order(number: str, amount: float | None, minute: int, channel: str = "web") -> dict[str, Any]:
        return {
            "event_id": f"e{minute}",
            "occurred_at": AS_OF - timedelta(minutes=60 - minute),
            "channel": channel,
            "type": "order",
            "amount": amount,
            "properties": {"order_id": number},
            "categories": {"type": "behaviour", "amount": "transaction", "property.order_id": "transaction"},
        }

    told = [order("o-1", 10.0, 1), order("o-1", 12.0, 2), order("o-2", 5.0, 3), order("o-1", 7.0, 4, "shop")]
    returned = [order("o-1", -3.0, 5), order("o-1", -3.0, 6)]
    found = computed({"fields": []}, [*told, *returned], AS_OF)["features_value"]
    assert (found["lifetime_orders"], found["lifetime_amount"], found["returns_365d"]) == (3, 18.0, 2)


def test_the_twin_computes_what_the_spark_job_computes(spark: SparkSession) -> None:
    draw = random.Random(6)
    born = [date(2024, 3, 1), date(2023, 3, 1), date(1999, 2, 28)]
    since = {
        f"p{number}": draw.sample([*STARTS, *map(date.isoformat, born)], draw.choice([0, 1, 3]))
        for number in range(300)
    }
    events = {name: happenings(draw) for name in since}
    # 10,001 visits of one channel and one of another: a share that Java writes in scientific notation.
    events["p0"] = [
        {
            **happenings(random.Random(1))[0],
            "event_id": f"v{number}",
            "occurred_at": AS_OF - timedelta(seconds=number),
            "channel": "web" if number else "app",
            "type": "visit",
            "categories": {"type": "behaviour"},
        }
        for number in range(1_700)
    ]
    claimed = {f"p{number}" for number in range(0, 300, 7)}
    known = profiles(spark, since, claimed)
    happened = timeline(spark, [event | {"profile_id": name} for name, own in events.items() for event in own])
    found = {view: rows_of(compute(known, happened, AS_OF)) for view, compute in COMPUTED.items()}
    for name, starts in since.items():
        losing = [{"value": start} for start in starts[1:]]
        told = {"assurance": "claimed" if name in claimed else "source", "losing": losing}
        fields = [{"field": "customer_since", "value": starts[0], **told}] if starts else []
        twin = computed({"fields": fields}, events[name], AS_OF)
        for view, rows in found.items():
            assert twin[view] == {key: rows[name][key] for key in VIEWS[view]}, name
            assert list(twin[view]) == list(VIEWS[view])
    assert "E-4" in str(found["features_interactions"]["p0"]["channel_mix"])
    assert datetime(2024, 3, 1, 12, tzinfo=UTC) == AS_OF
