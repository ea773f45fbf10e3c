"""Consent: whoever objected to matching is matched with nobody new; a restricted person's records are only stored."""

from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine, insert, update

from lake.tables import CONSENTS, EDGES, MODELS, REVIEWS, UNMATCHED, Table, read, write_changes
from stores import schema
from tests.attacks.company import ManyKept
from tests.attacks.days import DAWN, Days
from tests.profile_api.people import decide_consent
from tests.read_model.live.collecting import SOURCES

ANNA = {"id": "1", "given": "Anna", "family": "Roux", "born": "1980-03-02", "street": "12 rue des Lilas"}
ANNA |= {"mail": "anna.roux@mail.example", "phone": "0699000123"}
TWIN = {name: value for name, value in ANNA.items() if name not in ("mail", "phone")}
CROWD = [
    {"id": f"9{number}", "given": name, "family": f"{name}sen", "born": f"19{number + 50}-01-02"}
    for number, name in enumerate("Boris Celine Dario Elif Fatou Gustav Hilda Igor Jeanne".split())
]
OBJECTION, YES = "withdrawn", "granted"


@pytest.fixture
def days(spark: SparkSession, lake: str, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Days:
    monkeypatch.setattr("spark_jobs.publish.load_sources", lambda config: SOURCES)
    made = Days(spark, lake, engine, ManyKept())
    made.file(ANNA, *CROWD)
    made.batch()
    return made


def ends(days: Days, table: Table) -> set[str]:
    columns = ("left_id", "right_id") if "left_id" in table.struct.names else ("record_id",)
    return {row[name] for row in read(days.spark, days.lake, table).collect() for name in columns}


def restrict(engine: Engine, *records: str) -> None:
    with engine.begin() as connection:
        rows = [{"record_id": one, "request_id": "r", "since": DAWN} for one in records]
        connection.execute(insert(schema.restrictions), rows)


def test_a_batch_joins_nobody_new_with_whoever_objected_to_matching_until_they_take_it_back(
    days: Days, engine: Engine
) -> None:
    anna = days.owner("crm:1")
    decide_consent(engine, "identity_resolution", OBJECTION, ANNA["mail"])
    days.file({**TWIN, "id": "2"})
    days.batch()
    assert days.owner("crm:1") == anna != days.owner("crm:2")
    assert ends(days, UNMATCHED) == {"crm:1"}
    assert not ends(days, EDGES) | ends(days, REVIEWS)
    days.file({**TWIN, "id": "3", "mail": ANNA["mail"]})  # carries what she objected under, and what joins by itself
    days.batch()
    assert days.owner("crm:3") == anna != days.owner("crm:2")
    decide_consent(engine, "identity_resolution", YES, ANNA["mail"], days_ago=0)
    days.batch()
    assert days.owner("crm:1") == days.owner("crm:2") == days.owner("crm:3") == anna


def test_an_objection_of_a_file_counts_in_the_run_that_takes_it_in(days: Days, spark: SparkSession) -> None:
    said = {"consent_id": "c-1", "channel": "consents", "identifier_kind": "email", "identifier": ANNA["mail"]}
    said |= {"purpose": "identity_resolution", "decision": "objected", "decided_at": datetime(2026, 2, 1, tzinfo=UTC)}
    said |= {"decided_through": "web", "notice": None, "content_hash": "x"}
    row = tuple(said.get(name) for name in CONSENTS.struct.names)
    write_changes(spark, days.lake, CONSENTS, spark.createDataFrame([row], CONSENTS.struct))
    days.file({**TWIN, "id": "2"})
    days.batch()
    assert days.owner("crm:1") != days.owner("crm:2")
    days.batch()
    assert ends(days, UNMATCHED) == {"crm:1"}, "now by the ledger"


def test_records_that_are_restricted_are_only_stored_and_stay_whose_they_are(days: Days, engine: Engine) -> None:
    days.file({**ANNA, "id": "2"})
    days.batch()
    anna = days.owner("crm:1")
    assert days.owner("crm:2") == anna
    edges = read(days.spark, days.lake, EDGES).collect()
    assert edges
    restrict(engine, "crm:1", "crm:2")
    days.file({**ANNA, "id": "3"}, {**ANNA, "id": "2", "street": "3 quai Nord"})
    days.live({"userId": "u1", "type": "identify", "traits": {"email": ANNA["mail"], "firstName": "Anna"}})
    stranger = days.owner("app:u1")
    assert stranger != anna, "a live event joins nobody with them either"
    days.batch()
    assert days.owner("crm:1") == days.owner("crm:2") == anna
    assert anna not in (days.owner("crm:3"), days.owner("app:u1"))
    told = {(row.left_id, row.right_id, row.rule): row.weight for row in read(days.spark, days.lake, EDGES).collect()}
    stood = {(row.left_id, row.right_id, row.rule): row.weight for row in edges}
    assert {of: weight for of, weight in told.items() if {"crm:1", "crm:2"} & set(of)} == stood
    with engine.begin() as connection:
        connection.execute(update(schema.restrictions).values(lifted_at=days.now))
    days.batch()
    assert days.owner("crm:3") == anna == days.owner("crm:1") == days.owner("crm:2")


def test_the_model_learns_nothing_from_them(
    spark: SparkSession, lake: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spark_jobs.publish.load_sources", lambda config: SOURCES)
    rare = {"id": "77", "given": "Zephyrine", "family": "Quastelmann", "born": "1961-05-06"}
    restrict(engine, "crm:77")
    days = Days(spark, lake, engine, ManyKept())
    days.file(rare, *CROWD)
    days.batch()
    (model,) = read(spark, lake, MODELS).collect()
    assert "zephyrine" not in model.names and "boris" in model.names
    assert model.version.endswith(f".{len(CROWD)}")
