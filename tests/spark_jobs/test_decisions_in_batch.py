"""A batch after a steward's decisions ends in the profiles, and the ids, that the decisions left."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pyspark.sql import SparkSession
from sqlalchemy import Engine, select

from consent.model import Role
from contracts.settings import Settings
from identity.stewarding.scoring import weights
from lake.tables import ASSIGNMENTS, RECORDS, REDIRECTS, read, write_changes
from profile_api.app import create_app
from profile_api.http.keys import demo_issuer
from profile_api.stewardship.queries.scored import scored
from read_model.model_in_force import model_in_force
from spark_jobs.overrides import pull
from spark_jobs.profiles import build
from spark_jobs.publish import publish
from spark_jobs.resolve.__main__ import resolve
from stores import schema
from tests.spark_jobs.silver import person_channel, records

NOW = datetime(2026, 1, 2, tzinfo=UTC)
HOME = {"street": "12 rue des Lilas", "phone": "0199000123"}
ANNA = {"id": "1", "given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "anna.roux@mail.example", **HOME}
LUC = {"id": "4", "given": "Luc", "family": "Roux", "born": "1978-05-06", "mail": "luc.roux@mail.example", **HOME}
ZOE = {"id": "6", "given": "Zoé", "family": "Martin", "born": "1990-09-09", "mail": "zoe.martin@mail.example"}
PEOPLE = [ANNA, {**ANNA, "id": "2"}, {**ANNA, "id": "3"}, LUC, {**LUC, "id": "5"}, ZOE]


def owners(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        of = schema.records.c
        return dict(connection.execute(select(of.record_id, of.profile_id)).all())


def test_a_batch_keeps_what_was_decided_since_the_last_one(
    spark: SparkSession, lake: str, engine: Engine, database_url: str, tmp_path: Any
) -> None:
    channels = {"crm": person_channel()}

    def batch(at: datetime) -> None:
        pull(spark, engine, lake, at)
        resolve(spark, lake, at)
        build(spark, lake, channels)
        publish(spark, engine, lake, at)

    write_changes(spark, lake, RECORDS, records(spark, *PEOPLE))
    batch(NOW)
    first = owners(engine)
    assert first["crm:1"] == first["crm:2"] == first["crm:3"] and first["crm:4"] == first["crm:5"]
    with engine.connect() as connection:
        again = weights(model_in_force(connection).person, scored(connection, first).vectors)
        edge = schema.edges.c
        of_model = select(edge.left_id, edge.right_id, edge.weight).where(edge.tier == "probabilistic")
        stored = {(row.left_id, row.right_id): row.weight for row in connection.execute(of_model)}
    assert stored == pytest.approx({of: again[of] for of in stored}), "what is scored live is what the batch scored"

    chosen = Settings(local=tmp_path, demo=True, jwks_url=None)
    client = TestClient(create_app(chosen, database_url, None, clock=lambda: NOW))
    headers = {
        "Authorization": f"Bearer {demo_issuer(chosen).token(Role.STEWARD, NOW)}",
        "Purpose": "identity_resolution",
    }
    out = {"profile_id": first["crm:1"], "records": ["crm:1"], "reason": "another Anna"}
    assert client.post("/v1/identity/unmerge", json=out, headers=headers).status_code == 200
    same = {"left": "crm:6", "right": "crm:4", "kind": "same", "reason": "married"}
    assert client.post("/v1/identity/overrides", json=same, headers=headers).status_code == 200
    decided = owners(engine)
    assert decided["crm:2"] == decided["crm:3"] == first["crm:2"] != decided["crm:1"]
    assert decided["crm:6"] == decided["crm:4"]

    # A new record arrives; the rest stays where the steward put it, under the same ids.
    write_changes(spark, lake, RECORDS, records(spark, {**ZOE, "id": "7"}))
    batch(NOW + timedelta(days=1))
    after = owners(engine)
    assert {record: after[record] for record in decided} == decided
    lake_owners = {row.record_id: row.profile_id for row in read(spark, lake, ASSIGNMENTS).collect()}
    assert lake_owners == after
    assert (first["crm:6"], decided["crm:4"]) in [tuple(row) for row in read(spark, lake, REDIRECTS).collect()]
    with engine.connect() as connection:
        assert connection.execute(select(schema.live_assignments)).all() == []
        kinds = connection.scalars(select(schema.identity_history.c.kind).order_by("at", "kind")).all()
    assert sorted(set(kinds)) == ["created", "merged", "split"]
