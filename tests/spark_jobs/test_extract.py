"""A training table holds nobody against their will: not at the event, not at the extraction, not now."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from redis import Redis
from sqlalchemy import Engine, insert, select

from consent import eligibility, ledger
from consent.eligibility import EligibilityQuestion
from consent.ledger import Entry
from consent.model import ConsentState, Method
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.identifiers import Identifier
from contracts.settings import Settings
from feature_repo.batch import FEATURES
from lake.tables import append
from spark_jobs.extract import ACTOR, ExtractRefused, _instant, extract
from stores.embedded import Stores
from stores.schema import audit, profiles, records, restrictions

TRAINING = published_purposes()["model_training"]
EVENT = datetime(2024, 3, 1, tzinfo=UTC)
AS_OF, NOW = EVENT + timedelta(days=10), EVENT + timedelta(days=20)
QUESTION = EligibilityQuestion(ACTOR, TRAINING, frozenset({Category.TRANSACTION, Category.BEHAVIOUR}), (AS_OF, NOW))


@pytest.fixture
def online(stores: Stores, database_url: str) -> Iterator[Stores]:
    own = Stores(database_url, f"{stores.redis_url.removesuffix('/0')}/7")
    yield own
    with Redis.from_url(own.redis_url) as client:
        client.flushdb()


# Person -> their decisions, as days from the event, and what becomes of their row.
PEOPLE: dict[str, tuple[list[tuple[int, ConsentState]], str | None]] = {
    "kept": ([(-1, ConsentState.GIVEN)], None),
    "renewed": ([(-3, ConsentState.GIVEN), (-2, ConsentState.WITHDRAWN), (-1, ConsentState.RENEWED)], None),
    "withdrawn-before-T": (
        [(-1, ConsentState.GIVEN), (5, ConsentState.WITHDRAWN)],
        "consent-missing at the extraction",
    ),
    "withdrawn-since": ([(-1, ConsentState.GIVEN), (15, ConsentState.WITHDRAWN)], "consent-missing at the extraction"),
    "given-after": ([(5, ConsentState.GIVEN)], "consent-missing at the event"),
    "undecided": ([], "consent-missing at the event"),
    "restricted": ([(-1, ConsentState.GIVEN)], "restricted at the event"),
    "gone": ([(-1, ConsentState.GIVEN)], eligibility.UNKNOWN),
}


def test_the_table_of_the_lake_holds_whom_it_may_and_the_manifest_says_why_not_the_others(
    spark: SparkSession, engine: Engine, online: Stores, tmp_path: Path
) -> None:
    config = Settings(lake=str(tmp_path / "lake"), demo=True, spark_memory="1g")
    _write_features(spark, config.lake_uri)
    _write_people(engine)
    out = tmp_path / "training.parquet"
    manifest = extract(spark, config, online, TRAINING, AS_OF, NOW, out)

    table = pq.read_table(out)
    assert sorted(table["orders_30d"].to_pylist()) == [0, 1], "the rows of `kept` and `renewed`, by their order"
    assert set(table["event_timestamp"].to_pylist()) == {EVENT}
    assert "days_as_customer" not in table.column_names, "of a category that the purpose does not cover"
    raw = out.read_bytes() + Path(f"{out}.manifest.json").read_bytes()
    assert not any(name.encode() in raw for name in ("p-kept", "p-renewed", "inbox.example"))

    told = json.loads(Path(f"{out}.manifest.json").read_text())
    assert told == manifest
    expected: dict[str, int] = {"later than asked for": 1}
    for _, reason in PEOPLE.values():
        if reason:
            expected[reason] = expected.get(reason, 0) + 1
    assert (told["rows"], told["left_out"]) == (2, expected)
    assert told["ledger"]["events"] == sum(len(said) for said, _ in PEOPLE.values()) and told["ledger"]["head"]
    with engine.connect() as connection:
        row = connection.execute(select(audit)).one()
    assert (row.action, row.purpose, row.decision["rows"]) == ("extract", "model_training", 2)
    as_every_read = {"policy", "allowed", "withheld", "consent_event", "notice_version"}
    assert as_every_read <= row.decision.keys(), "the officer's page of a reader shows it like any other"

    # As of an instant before everything that the tables hold, as after a day on which everybody did something.
    earlier = extract(spark, config, online, TRAINING, EVENT - timedelta(days=1), NOW, out)
    assert (earlier["rows"], earlier["left_out"]) == (0, {"later than asked for": len(PEOPLE) + 1})
    assert pq.read_table(out).schema.equals(table.schema), "an empty table has the same columns"


def test_as_of_may_be_now_and_what_is_no_instant_is_refused_in_words() -> None:
    assert _instant("now", NOW) == NOW
    assert _instant("2024-03-21T00:00:00Z", NOW) == NOW
    with pytest.raises(ExtractRefused, match="expected --as-of"):
        _instant("soon", NOW)


def test_no_table_is_made_for_a_purpose_that_does_not_permit_it_or_of_the_future(tmp_path: Path) -> None:
    never: tuple = (None, Settings(demo=True), None)  # type: ignore[type-arg]  # refused before any store is asked
    for purpose in ("resale", "service", "marketing_email"):
        with pytest.raises(ExtractRefused):
            extract(*never, published_purposes()[purpose], AS_OF, NOW, tmp_path / "x")
    with pytest.raises(ExtractRefused, match="passed"):
        extract(*never, TRAINING, NOW + timedelta(days=1), NOW, tmp_path / "x")
    assert not list(tmp_path.iterdir())


def _write_features(spark: SparkSession, lake: str) -> None:
    for table in FEATURES.values():
        rows = []
        for number, name in enumerate([*PEOPLE, "later"]):
            stands_at = EVENT if name != "later" else AS_OF + timedelta(days=1)
            known = {"profile_id": f"p-{name}", "event_timestamp": stands_at, "orders_30d": number, "contacts_30d": 1}
            rows.append(tuple(known.get(column) for column in table.struct.names))
        append(spark, lake, table, spark.createDataFrame(rows, table.struct))


def _write_people(engine: Engine) -> None:
    entries = []
    with engine.begin() as connection:
        for name, (said, _) in PEOPLE.items():
            who = Identifier("email", f"{name}@inbox.example")
            entries += [
                Entry(
                    who, TRAINING.id, state, EVENT + timedelta(days=day), "web", "web", Method.FORM, "web",
                    notice_version=TRAINING.notice_version,
                )
                for day, state in said
            ]  # fmt: skip
            if name == "gone":
                continue
            identifiers = [{"kind": "email", "value": who.value, "category": "contact"}]
            document = {"fields": [], "identifiers": identifiers, "records": [f"web:{name}"]}
            row = {"profile_id": f"p-{name}", "version": 1, "document": document, "updated_at": NOW}
            connection.execute(insert(profiles).values(row))
            record = {"record_id": f"web:{name}", "profile_id": f"p-{name}", "document": {"identifiers": identifiers}}
            connection.execute(insert(records).values(record))
        limit = {"record_id": "web:restricted", "request_id": "r_1", "since": EVENT}
        connection.execute(insert(restrictions).values(limit))
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as connection, connection.begin():
        ledger.append(connection, entries, NOW)
