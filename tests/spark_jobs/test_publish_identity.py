"""What the operational store holds of identities after a publication, and what live changes survive one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import SparkSession
from sqlalchemy import Engine, insert, select, update

from lake.overlay import parts
from lake.tables import (
    ASSIGNMENTS,
    EDGES,
    EVENTS,
    HISTORY,
    MODELS,
    RECORDS,
    REVIEWS,
    Table,
    write_changes,
)
from read_model.rebuild import rebuild
from spark_jobs.profiles import build
from spark_jobs.publish import publish
from stores import schema
from tests.spark_jobs.silver import events, person_channel, records

NOW = datetime(2026, 1, 2, tzinfo=UTC)
AT = "2025-03-01T00:00:00Z"
ANNA = {"id": "1", "given": "Anna", "mail": "anna@mail.example", "device": "shared", "changed": "2025-01-01T00:00:00Z"}
ANNA_TOO = {"id": "2", "given": "Anna", "family": "Roux", "born": "1980-03-02", "mail": "a.roux@mail.example"}
LUC = {"id": "3", "given": "Luc", "device": "shared", "changed": "2025-06-01T10:11:12Z"}
CAME = [
    {"id": "by-mail", "at": AT, "mail": "a.roux@mail.example"},
    {"id": "by-shared-device", "at": AT, "device": "shared"},
]


def seen(engine: Engine) -> dict[str, Any]:
    """What anybody can read of profiles, but for the versions."""
    with engine.connect() as connection:
        people = connection.execute(select(schema.profiles.c.profile_id, schema.profiles.c.document)).all()
        on = connection.execute(select(schema.timeline.c.event_id, schema.timeline.c.profile_id)).all()
        held = connection.execute(select(schema.identifiers.c.value, schema.identifiers.c.profile_id)).all()
        return {"people": dict(people), "timeline": dict(on), "held": sorted(held)}


def move(engine: Engine, record_id: str, profile_id: str, was: str) -> None:
    """A live change, as whoever decides makes it."""
    with engine.begin() as connection:
        of = schema.records.c.record_id == record_id
        connection.execute(update(schema.records).where(of).values(profile_id=profile_id))
        live = {"record_id": record_id, "profile_id": profile_id, "at": NOW}
        connection.execute(insert(schema.live_assignments).values(live))
        rebuild(connection, {profile_id, was}, NOW)


def found_by(engine: Engine, key: str) -> list[str]:
    """The records that a caller is found by, through this key."""
    with engine.connect() as connection:
        held = select(schema.record_keys.c.record_id).where(schema.record_keys.c.key == key)
        return sorted(connection.scalars(held))


def test_identity_is_published_and_what_changed_live_stays_until_the_lake_knows_it(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    def write(table: Table, *rows: tuple[Any, ...]) -> None:
        write_changes(spark, lake, table, spark.createDataFrame(list(rows), table.struct), deletes=True)

    channels = {"crm": person_channel(trust=70, trust_in={"street": 20})}
    write_changes(spark, lake, RECORDS, records(spark, ANNA, ANNA_TOO, LUC))
    write_changes(spark, lake, EVENTS, events(spark, *CAME))
    write(ASSIGNMENTS, ("crm:1", "p_anna", NOW), ("crm:2", "p_anna", NOW), ("crm:3", "p_luc", NOW))
    write(EDGES, ("crm:1", "crm:2", "probabilistic", "person_model", 3.5, '{"gamma_birth": 2}'))
    write(REVIEWS, ("crm:2", "crm:3", 0.1, "near the threshold", "{}"))
    write(MODELS, ("v1", NOW, '{"matches": 0.5}', '{"given": {}}'))
    write(HISTORY, ("h1", NOW, "run", "created", "p_luc", None, ["crm:3"], "first seen", "[]"))
    build(spark, lake, channels)
    assert publish(spark, engine, lake, NOW) | {"gold/profiles": 2} == {
        "gold/profiles": 2,
        "gold/timeline": 2,
        "silver/records": 3,
        "record_keys": 3,
        "identity/edges": 1,
        "identity/reviews": 1,
        "identity/models": 1,
        "identity/history": 1,
        "gold/channel_trust": 1,
    }
    assert publish(spark, engine, lake, NOW) == {}
    assert found_by(engine, "given:anna") == ["crm:1", "crm:2"]
    before = seen(engine)
    assert before["timeline"] == {"web:by-mail": "p_anna", "web:by-shared-device": None}
    with engine.begin() as connection:
        assert connection.execute(select(schema.channel_trust.c.trust)).scalar() == {"": 70, "street": 20}
        assert connection.execute(select(schema.edges.c.evidence)).scalar() == {"gamma_birth": 2}
        assert connection.execute(select(schema.identity_history.c.records)).scalar() == ["crm:3"]
        # The golden records made live are those of the batch.
        rebuild(connection, {"p_anna", "p_luc"}, NOW)
    assert seen(engine) == before

    # Luc's record joins Anna's: the device is one person's now. A publication that does not know it keeps it.
    move(engine, "crm:3", "p_anna", "p_luc")
    live = seen(engine)
    assert set(live["people"]) == {"p_anna"} and live["timeline"]["web:by-shared-device"] == "p_anna"
    write_changes(spark, lake, RECORDS, records(spark, LUC | {"family": "Roux"}))
    write_changes(spark, lake, EVENTS, events(spark, {"id": "later", "at": AT, "device": "shared"}))
    build(spark, lake, channels)
    publish(spark, engine, lake, NOW + timedelta(days=1))
    after = seen(engine)
    assert found_by(engine, "family:roux") == ["crm:2", "crm:3"]
    assert set(after["people"]) == {"p_anna"} and set(after["timeline"].values()) == {"p_anna"}
    assert after["people"]["p_anna"]["records"] == ["crm:1", "crm:2", "crm:3"]

    # Once the lake agrees there is nothing live any more, and an edge that is gone goes.
    write(ASSIGNMENTS, *[(f"crm:{number}", "p_anna", NOW) for number in (1, 2, 3)])
    write(EDGES)
    build(spark, lake, channels)
    publish(spark, engine, lake, NOW + timedelta(days=2))
    assert seen(engine) == after
    with engine.connect() as connection:
        assert connection.execute(select(schema.live_assignments)).all() == []
        assert connection.execute(select(schema.edges)).all() == []


def test_what_stands_beside_the_edges_speaks_before_them(spark: SparkSession, lake: str, engine: Engine) -> None:
    def write(table: Table, *rows: tuple[Any, ...]) -> None:
        write_changes(spark, lake, table, spark.createDataFrame(list(rows), table.struct), deletes=True)

    def edge(left: str, right: str, weight: float) -> tuple[Any, ...]:
        return left, right, "probabilistic", "person_model", weight, "{}"

    def published() -> dict[tuple[str, str], float]:
        with engine.connect() as connection:
            columns = schema.edges.c
            return {
                (a, b): weight
                for a, b, weight in connection.execute(select(columns.left_id, columns.right_id, columns.weight))
            }

    beside = parts(EDGES)[1]
    write(EDGES, edge("a", "b", 1.0), edge("a", "c", 2.0), edge("b", "c", 3.0))
    write(beside)
    assert publish(spark, engine, lake, NOW) == {"identity/edges": 3}
    # One weighs more, one is no more, one is new.
    write(beside, (*edge("a", "b", 1.5), False), (*edge("a", "c", 2.0), True), (*edge("c", "d", 4.0), False))
    assert publish(spark, engine, lake, NOW) == {"identity/edges": 3}
    now = {("a", "b"): 1.5, ("b", "c"): 3.0, ("c", "d"): 4.0}
    assert published() == now
    # Nobody sees that the small table goes into the large one, nor that a row of it is taken back.
    write(EDGES, *[edge(*pair, weight) for pair, weight in now.items()])
    write(beside)
    assert publish(spark, engine, lake, NOW) == {"identity/edges": 0}
    assert published() == now
    write(beside, (*edge("b", "c", 3.0), True))
    assert publish(spark, engine, lake, NOW) == {"identity/edges": 1}
    write(beside)
    assert publish(spark, engine, lake, NOW) == {"identity/edges": 1}
    assert published() == now
