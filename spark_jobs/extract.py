"""A training table that holds nobody against their will: `python -m spark_jobs.extract --purpose P --as-of T --out F`.

A row is a person's features as they stood at an instant. It is kept if the purpose was permitted at that instant, at T
and now, and if no restriction lies on the data. Beside the table, FILE.manifest.json says what was left out and why.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from sqlalchemy import Connection, insert, select

from consent.decide import decide
from consent.eligibility import EligibilityQuestion, older_events, refusals
from consent.loading import FOLDER, published_policies
from consent.model import Actor, Purpose, Role
from consent.purposes import published_purposes
from consent.retention import oldest_kept
from contracts.dates import parse_instant
from contracts.pseudonyms import NoKey, reference, reference_key
from contracts.settings import Settings, settings
from feature_repo.catalogue import CATEGORIES, PURPOSES, lake_features_of
from feature_repo.historical import historical_features, moments
from feature_repo.past import TELLING, past
from lake.session import spark_session
from read_model.outbox.recalls import hand_out
from spark_jobs import extracted
from stores.embedded import Stores, open_stores
from stores.postgres import migrated, open_engine
from stores.schema import audit, consent_events

ACTOR = Actor("consent.extract", Role.STEWARD)
LATER = "later than asked for"


class ExtractRefused(ValueError):
    """No table is made for this; the message says why."""


def extract(
    spark: SparkSession,
    config: Settings,
    stores: Stores,
    purpose: Purpose,
    as_of: datetime,
    now: datetime,
    out: Path,
) -> dict[str, Any]:
    """Writes the table and its manifest, which it returns; raises Refused."""
    if purpose.id not in PURPOSES or as_of > now:
        raise ExtractRefused(
            f"expected a purpose of {', '.join(PURPOSES)} and an instant that has passed, found another"
        )
    beforehand = decide(published_policies(), (), ACTOR, purpose, purpose.categories, now)
    if ACTOR.role not in purpose.roles:
        raise ExtractRefused(
            f"expected a purpose for which a steward may read, found {purpose.id}: {beforehand.policy}"
        )
    key = reference_key(config)
    columns = [name for names in lake_features_of(purpose).values() for name in names]
    question = EligibilityQuestion(ACTOR, purpose, frozenset(CATEGORIES[name] for name in columns), (as_of, now))
    found, later = moments(spark, config.lake_uri, purpose, as_of)
    engine = open_engine(stores.database_url)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
            why = refusals(connection, published_policies(), question, found)
            head = _head(connection)
        kept = [moment for moment, reason in why.items() if reason is None]
        left_out = Counter(reason for reason in why.values() if reason) + Counter({LATER: later})
        features = historical_features(spark, config, stores, config.lake_uri, purpose, kept)
        with engine.connect() as connection:
            oldest = {category.value: instant for category, instant in oldest_kept(purpose, now).items()}
            features = without_past(
                features, oldest, older_events(connection, features["profile_id"].to_pylist(), oldest)
            )
        table, whose = _table(features, purpose, columns, key)
        manifest = {
            "purpose": purpose.id,
            "as_of": as_of.isoformat(),
            "extracted_at": now.isoformat(),
            "ledger": head,
            "rows": table.num_rows,
            "left_out": dict(sorted(left_out.items())),
            "categories": {name: CATEGORIES[name].value for name in columns},
            "notice_version": purpose.notice_version,
            "versions": {name: _sha256(FOLDER / name) for name in ("purposes.yml", "policy.cedar")},
        }
        with engine.begin() as connection:  # nothing is written where this fails
            _record(connection, purpose, manifest, now)
            people = dict(zip(table["person"].to_pylist(), whose, strict=True))
            manifest["extract_id"] = hand_out(connection, manifest, out.name, people, now)
    finally:
        engine.dispose()
    pq.write_table(table, out)
    manifest["sha256"] = _sha256(out)
    Path(f"{out}.manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def without_past(rows: pa.Table, oldest: Mapping[str, datetime], older: Mapping[str, Collection[str]]) -> pa.Table:
    """The rows without the values that tell of what the purpose keeps no longer, as the gate leaves them out."""
    names = [name for name in TELLING if name in rows.column_names]
    at, whose = rows["event_timestamp"].to_pylist(), rows["profile_id"].to_pylist()
    values = {name: rows[name].to_pylist() for name in names}
    for row, (moment, profile_id) in enumerate(zip(at, whose, strict=True)):
        features = {name: {"value": values[name][row], "event_timestamp": moment} for name in names}
        for name in past(features, oldest, older.get(profile_id, ())):
            values[name][row] = None
    for name in names:
        place = rows.column_names.index(name)
        rows = rows.set_column(place, rows.field(place), pa.array(values[name], rows.field(place).type))
    return rows


def _table(rows: pa.Table, purpose: Purpose, columns: list[str], key: bytes) -> tuple[pa.Table, list[str]]:
    # Who it was is no feature. With the key and this purpose a person's rows can still be found, for an erasure.
    whose = rows["profile_id"].to_pylist()
    people = [reference(key, f"extract {purpose.id}", one)[:24] for one in whose]
    return rows.select(["event_timestamp", *columns]).add_column(0, "person", pa.array(people, pa.string())), whose


def _head(connection: Connection) -> dict[str, Any]:
    newest = select(consent_events.c.sequence, consent_events.c.hash).order_by(consent_events.c.sequence.desc())
    row = connection.execute(newest.limit(1)).first()
    return {"events": row.sequence if row else 0, "head": row.hash if row else None}


def _record(connection: Connection, purpose: Purpose, manifest: dict[str, Any], now: datetime) -> None:
    told = {name: manifest[name] for name in ("as_of", "ledger", "rows", "left_out", "notice_version")}
    # As of every read; by which policy and event each person is in it was decided one by one.
    told |= {"policy": "extract", "allowed": sorted(set(manifest["categories"].values())), "withheld": {}}
    told |= {"consent_event": None}
    row = {"at": now, "actor": ACTOR.subject, "role": ACTOR.role.value, "purpose": purpose.id, "action": "extract"}
    connection.execute(insert(audit).values(**row, decision=told, outcome="answered"))


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _instant(said: str, now: datetime) -> datetime:
    if said == "now":
        return now
    try:
        return parse_instant(said, "iso")
    except ValueError:
        raise ExtractRefused("expected --as-of to be an ISO 8601 instant or `now`, found something else") from None


def main(args: list[str] | None = None) -> None:
    """Prints the manifest; with `--list`, the tables that were handed out."""
    if "--list" in (sys.argv[1:] if args is None else args):
        return extracted.main([])
    parser = argparse.ArgumentParser(prog="python -m spark_jobs.extract", description=__doc__)
    parser.add_argument("--purpose", required=True, choices=sorted(published_purposes()))
    parser.add_argument("--as-of", required=True, help="ISO 8601, or `now`; no features that are newer")
    parser.add_argument("--lake", help="root of the Delta tables; default OCV_LAKE")
    parser.add_argument("--list", action="store_true", help="list the tables that were handed out instead")
    parser.add_argument("--out", required=True, type=Path, help="the Parquet file to write")
    given = parser.parse_args(args)
    config = settings().model_copy(update={"lake": given.lake} if given.lake else {})
    purpose, now = published_purposes()[given.purpose], datetime.now(UTC)
    try:
        reference_key(config)
        as_of = _instant(given.as_of, now)
        with open_stores(config) as stores, migrated(stores.database_url):
            print(json.dumps(extract(spark_session(config), config, stores, purpose, as_of, now, given.out), indent=2))
    except (ExtractRefused, NoKey) as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
