from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from sqlalchemy import Engine, insert, select

from contracts.categories import Category
from lake.tables import CONSENTS, HISTORY, PROFILES, REDIRECTS, TIMELINE, write_changes
from read_model.outbox.kinds import KINDS
from read_model.outbox.recalls import hand_out
from spark_jobs.publish import publish
from stores import schema

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def profiles(spark: SparkSession, **mails: str) -> DataFrame:
    rows = [(who, [], [("email", mail, "contact")], [f"crm:{who}"], NOW, NOW) for who, mail in mails.items()]
    return spark.createDataFrame(rows, PROFILES.struct)


def timeline(spark: SparkSession, **owners: str) -> DataFrame:
    rows = [(event, who, "web", "login", NOW, None, None, {}, {"type": "behaviour"}) for event, who in owners.items()]
    return spark.createDataFrame(rows, TIMELINE.struct)


def versions(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(schema.profiles.c.profile_id, schema.profiles.c.version))
        return {row.profile_id: row.version for row in rows}


def subscribe(engine: Engine) -> None:
    row: dict[str, Any] = {"subscription_id": "sub", "url": "https://hooks.example/", "kinds": sorted(KINDS)}
    row |= {"purpose": "service", "role": "bot", "secret": "whsec_", "created_by": "demo", "created_at": NOW}
    with engine.begin() as connection:
        connection.execute(insert(schema.webhook_subscriptions).values(row))


def told(engine: Engine) -> list[tuple[str, str, dict[str, Any]]]:
    columns = schema.webhook_outbox.c
    with engine.connect() as connection:
        rows = connection.execute(select(columns.kind, columns.profile_id, columns.data).order_by(columns.sequence))
        return [(row.kind, row.profile_id, row.data) for row in rows]


def test_only_what_changed_is_published_and_what_is_gone_goes(spark: SparkSession, lake: str, engine: Engine) -> None:
    write_changes(spark, lake, PROFILES, profiles(spark, a="a@m.example", b="b@m.example", c="c@m.example"))
    write_changes(spark, lake, TIMELINE, timeline(spark, e1="a", e2="b"))
    assert publish(spark, engine, lake, NOW) == {"gold/profiles": 3, "gold/timeline": 2}
    assert publish(spark, engine, lake, LATER) == {}
    first = versions(engine)
    write_changes(spark, lake, PROFILES, profiles(spark, a="new@m.example", b="b@m.example"), deletes=True)
    assert publish(spark, engine, lake, LATER) == {"gold/profiles": 2}
    assert versions(engine) == {"a": first["a"] + 1, "b": first["b"]}
    with engine.connect() as connection:
        held = connection.execute(select(schema.identifiers.c.value, schema.identifiers.c.profile_id)).all()
        assert sorted(held) == [("b@m.example", "b"), ("new@m.example", "a")]


def test_a_changed_timeline_is_a_new_version_of_its_profile(spark: SparkSession, lake: str, engine: Engine) -> None:
    write_changes(spark, lake, PROFILES, profiles(spark, a="a@m.example", b="b@m.example"))
    publish(spark, engine, lake, NOW)
    first = versions(engine)
    write_changes(spark, lake, TIMELINE, timeline(spark, e1="a"))
    subscribe(engine)
    publish(spark, engine, lake, LATER)
    assert versions(engine) == {"a": first["a"] + 1, "b": first["b"]}
    assert told(engine) == [("profile.updated", "a", {"categories": ["behaviour"]})]


def test_a_lake_that_was_made_anew_replaces_what_an_older_one_published(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    write_changes(spark, f"{lake}-old", PROFILES, profiles(spark, a="a@m.example", old="old@m.example"))
    publish(spark, engine, f"{lake}-old", NOW)
    write_changes(spark, lake, PROFILES, profiles(spark, a="a@m.example"))
    publish(spark, engine, lake, LATER)
    assert set(versions(engine)) == {"a"}


def test_redirects_stay_consents_are_only_ever_added_and_subscribers_hear_of_all_of_it(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    consent = ("c1", "web", "email", "a@m.example", "analytics", "granted", NOW, "web", "2020-1", "x")
    write_changes(spark, lake, CONSENTS, spark.createDataFrame([consent], CONSENTS.struct))
    write_changes(spark, lake, REDIRECTS, spark.createDataFrame([("old", "a")], REDIRECTS.struct))
    assert publish(spark, engine, lake, NOW) == {"identity/redirects": 1, "silver/consents": 1}
    assert told(engine) == []  # nobody had subscribed
    subscribe(engine)
    again = ("c2", *consent[1:5], "withdrawn", LATER, *consent[7:])
    write_changes(spark, lake, CONSENTS, spark.createDataFrame([again], CONSENTS.struct))
    write_changes(spark, lake, PROFILES, profiles(spark, a="a@m.example"))
    write_changes(spark, lake, REDIRECTS, spark.createDataFrame([("old", "b")], REDIRECTS.struct))
    split = [
        (f"h-{run}", NOW, run, "split", f"new-{run}", "a", ["crm:9"], "evidence no longer joins them", "{}")
        for run in ("run-1", "live:steward")
    ]
    write_changes(spark, lake, HISTORY, spark.createDataFrame(split, HISTORY.struct))
    assert publish(spark, engine, lake, LATER)["identity/history"] == 2
    assert told(engine) == [
        ("profile.merged", "b", {"merged": ["old"]}),
        ("profile.unmerged", "a", {"separated": ["new-run-1"]}),  # the steward's was told when she decided
        ("profile.updated", "a", {"categories": ["behaviour", "contact", "identity"]}),
        ("consent.changed", "a", {"purpose": "analytics"}),
    ]
    assert publish(spark, engine, lake, LATER + timedelta(days=1)) == {} and len(told(engine)) == 4
    with engine.connect() as connection:
        assert connection.execute(select(schema.redirects.c.profile_id)).scalars().all() == ["b"]
        received = select(schema.consent_events.c.received_at).order_by(schema.consent_events.c.sequence)
        assert connection.execute(received).scalars().all() == [NOW, LATER]


def test_rows_of_a_training_table_are_recalled_once_a_file_brings_a_withdrawal(
    spark: SparkSession, lake: str, engine: Engine
) -> None:
    def recalled() -> list[str]:
        with engine.connect() as connection:
            return list(connection.scalars(select(schema.extract_recalls.c.person)))

    granted = ("c1", "web", "email", "a@m.example", "analytics", "granted", NOW, "web", "2020-1", "x")
    write_changes(spark, lake, CONSENTS, spark.createDataFrame([granted], CONSENTS.struct))
    write_changes(spark, lake, PROFILES, profiles(spark, a="a@m.example"))
    publish(spark, engine, lake, NOW)
    categories = {"orders_30d": Category.TRANSACTION.value}
    with engine.begin() as connection:
        manifest = {"purpose": "analytics", "rows": 1, "categories": categories}
        hand_out(connection, manifest, "training.parquet", {"row-of-a": "a"}, NOW)
    publish(spark, engine, lake, NOW)
    assert recalled() == [], "what is permitted stays"
    withdrawn = ("c2", *granted[1:5], "withdrawn", LATER, *granted[7:])
    write_changes(spark, lake, CONSENTS, spark.createDataFrame([withdrawn], CONSENTS.struct))
    publish(spark, engine, lake, LATER)
    assert recalled() == ["row-of-a"]
