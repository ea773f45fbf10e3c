"""Gold -> PostgreSQL: only what changed since the last publication, in one transaction."""

import argparse
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Connection, Engine, text

from contracts.dates import parse_instant
from contracts.settings import settings
from spark_jobs.features import FEATURES
from spark_jobs.session import spark_session
from spark_jobs.tables import (
    CONSENTS,
    PROFILES,
    REDIRECTS,
    TIMELINE,
    Table,
    changed_rows,
    changes,
    read,
    table_id,
    version,
)
from stores.embedded import open_stores
from stores.postgres import migrate, open_engine

_JSON = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "ignoreNullFields": "false"}


class Publication:
    """One table's way from its lake version at the last publication to the newest.

    A table that was made anew has another id; then everything is published again and what is gone is removed.
    """

    def __init__(self, spark: SparkSession, lake: str, table: Table, connection: Connection) -> None:
        self._spark, self._lake, self._table, self._connection = spark, lake, table, connection
        self.until = version(spark, lake, table)
        self.name = f"{table.name}@{table_id(spark, lake, table)}"
        found = text("SELECT delta_version FROM publish_progress WHERE table_name = :name")
        reached = connection.execute(found, {"name": self.name}).scalar()
        self.after = -1 if reached is None else int(reached)
        self.pending = self.until > self.after
        self.whole = self.after < 0

    def rows(self) -> DataFrame:
        """Inserted and updated rows, as they are now."""
        return changed_rows(self._spark, self._lake, self._table, self.after, self.until)

    def touched(self, column: str) -> list[str]:
        """Every value that `column` had or has in a changed row, deleted rows included."""
        if self.whole:
            found = read(self._spark, self._lake, self._table).select(column).distinct()
        else:
            found = changes(self._spark, self._lake, self._table, self.after, self.until).select(column).distinct()
        return [row[0] for row in found.collect()]

    def remember(self) -> None:
        at = {"name": self.name, "version": self.until, "stem": f"{self._table.name}@%"}
        self._connection.execute(text("DELETE FROM publish_progress WHERE table_name LIKE :stem"), at)
        self._connection.execute(text("INSERT INTO publish_progress VALUES (:name, :version)"), at)


def stage(connection: Connection, name: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Copies rows into a temporary table of this transaction; `columns` is its DDL."""
    connection.execute(text(f"CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP"))
    raw: psycopg.Connection[Any] = connection.connection.dbapi_connection  # type: ignore[assignment]  # engine is psycopg's
    with raw.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
        for row in rows:
            copy.write_row(row)
    connection.execute(text(f"ANALYZE {name}"))


def profile_documents(profiles: DataFrame) -> DataFrame:
    """(profile_id, document, identifiers) with the document as the JSON that the gate reads."""
    document = F.to_json(F.struct("fields", "identifiers", "records", "first_seen", "last_seen"), _JSON)
    return profiles.select("profile_id", document.alias("document"), "identifiers")


def publish_profiles(connection: Connection, now: datetime, publication: Publication) -> int:
    """Upserts changed golden records with their identifiers; profiles that are gone go. Returns rows changed."""
    touched = publication.touched("profile_id")
    documents = profile_documents(publication.rows()).persist()
    stage(connection, "touched_profiles", "profile_id text", ((one,) for one in touched))
    found = ((row.profile_id, row.document) for row in documents.toLocalIterator(prefetchPartitions=True))
    stage(connection, "new_profiles", "profile_id text, document jsonb", found)
    held = (
        (identifier.kind, identifier.value, row.profile_id)
        for row in documents.select("profile_id", "identifiers").toLocalIterator(prefetchPartitions=True)
        for identifier in row.identifiers
    )
    stage(connection, "new_identifiers", "kind text, value text, profile_id text", held)
    scope = "TRUE" if publication.whole else "profile_id IN (SELECT profile_id FROM touched_profiles)"
    connection.execute(text(f"DELETE FROM identifiers WHERE {scope}"))
    gone = text(f"DELETE FROM profiles WHERE {scope} AND profile_id NOT IN (SELECT profile_id FROM new_profiles)")
    removed = connection.execute(gone).rowcount
    upsert = text(
        "INSERT INTO profiles (profile_id, version, document, updated_at)"
        " SELECT profile_id, 1, document, :now FROM new_profiles ORDER BY profile_id"
        " ON CONFLICT (profile_id) DO UPDATE SET version = profiles.version + 1, document = excluded.document,"
        " updated_at = excluded.updated_at WHERE profiles.document IS DISTINCT FROM excluded.document"
    )
    changed = connection.execute(upsert, {"now": now}).rowcount
    connection.execute(text("INSERT INTO identifiers SELECT kind, value, profile_id FROM new_identifiers"))
    documents.unpersist()
    return removed + changed


def publish_timeline(connection: Connection, publication: Publication) -> int:
    """Upserts changed events and removes those that nobody's timeline holds any more."""
    document = F.to_json(F.struct("channel", "type", "intent", "amount", "properties", "categories"), _JSON)
    rows = publication.rows().select("event_id", "profile_id", "occurred_at", document.alias("document"))
    stage(connection, "touched_events", "event_id text", ((one,) for one in publication.touched("event_id")))
    columns = "event_id text, profile_id text, occurred_at timestamptz, document jsonb"
    found = ((*row[:2], row.occurred_at.replace(tzinfo=UTC), row.document) for row in rows.toLocalIterator(True))
    stage(connection, "new_events", columns, found)
    scope = "TRUE" if publication.whole else "event_id IN (SELECT event_id FROM touched_events)"
    gone = text(f"DELETE FROM timeline WHERE {scope} AND event_id NOT IN (SELECT event_id FROM new_events)")
    removed = connection.execute(gone).rowcount
    upsert = text(
        "INSERT INTO timeline SELECT * FROM new_events ON CONFLICT (event_id) DO UPDATE SET"
        " profile_id = excluded.profile_id, occurred_at = excluded.occurred_at, document = excluded.document"
        " WHERE (timeline.profile_id, timeline.occurred_at, timeline.document)"
        " IS DISTINCT FROM (excluded.profile_id, excluded.occurred_at, excluded.document)"
    )
    return int(removed + connection.execute(upsert).rowcount)


def publish_redirects(connection: Connection, publication: Publication) -> int:
    """Upserts merged-away ids; they redirect for ever, so none is removed."""
    rows = ((row.old_id, row.profile_id) for row in publication.rows().collect())
    stage(connection, "new_redirects", "old_id text, profile_id text", rows)
    upsert = text(
        "INSERT INTO redirects SELECT * FROM new_redirects ON CONFLICT (old_id) DO UPDATE"
        " SET profile_id = excluded.profile_id WHERE redirects.profile_id <> excluded.profile_id"
    )
    return int(connection.execute(upsert).rowcount)


def publish_consents(connection: Connection, now: datetime, publication: Publication) -> int:
    """Appends the consent events that the ledger does not hold yet."""
    columns = [
        "consent_id",
        "identifier_kind",
        "identifier",
        "purpose",
        "decision",
        "decided_at",
        "decided_through",
        "notice",
    ]
    columns.append("channel")
    rows = (
        tuple(value.replace(tzinfo=UTC) if isinstance(value, datetime) else value for value in row)
        for row in publication.rows().select(*columns).toLocalIterator(True)
    )
    ddl = ", ".join(f"{name} {'timestamptz' if name == 'decided_at' else 'text'}" for name in columns)
    stage(connection, "new_consents", ddl, rows)
    names = ", ".join(columns)
    insert = f"INSERT INTO consent_events ({names}, received_at) SELECT {names}, :now FROM new_consents"
    return int(
        connection.execute(
            text(f"{insert} ORDER BY decided_at, consent_id ON CONFLICT DO NOTHING"), {"now": now}
        ).rowcount
    )


def publish(spark: SparkSession, engine: Engine, lake: str, now: datetime) -> dict[str, int]:
    """Brings PostgreSQL to the lake's newest versions, all in one transaction."""
    changed: dict[str, int] = {}
    with engine.begin() as connection:
        steps: dict[Table, Callable[[Publication], int]] = {
            PROFILES: partial(publish_profiles, connection, now),
            TIMELINE: partial(publish_timeline, connection),
            REDIRECTS: partial(publish_redirects, connection),
            CONSENTS: partial(publish_consents, connection, now),
        }
        owners: set[str] = set()
        for table, step in steps.items():
            publication = Publication(spark, lake, table, connection)
            if publication.pending:
                changed[table.name] = step(publication)
                publication.remember()
                if table is TIMELINE:
                    owners |= set(publication.touched("profile_id"))
        for table in FEATURES.values():
            publication = Publication(spark, lake, table, connection)
            if publication.pending:
                owners |= set(publication.touched("profile_id"))
                publication.remember()
        # A changed timeline or feature is a changed view: its profile gets a new version, once.
        stage(connection, "viewed", "profile_id text", ((one,) for one in sorted(owners)))
        bump = "UPDATE profiles SET version = version + 1, updated_at = :now FROM viewed"
        bump += " WHERE profiles.profile_id = viewed.profile_id AND profiles.updated_at <> :now"
        connection.execute(text(bump), {"now": now})
    return changed


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", default=settings().lake_uri)
    parser.add_argument("--now", type=lambda given: parse_instant(given, "iso"), default=datetime.now(UTC))
    given = parser.parse_args(args)
    with open_stores(settings()) as stores:
        engine = open_engine(stores.database_url)
        migrate(engine)
        print(json.dumps(publish(spark_session(settings()), engine, given.lake, given.now)))


if __name__ == "__main__":
    main()
