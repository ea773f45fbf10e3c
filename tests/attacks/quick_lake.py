"""A lake in memory whose batch is the product's own, but for the engine: the same landing, pulling, settling and golden
records, and the very statements that bring a publication into PostgreSQL. Whom its evidence joins, a test says.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from contracts.identifiers import Identifier
from contracts.sources import EVENTS, Sources
from contracts.standard import interaction_event, person_record
from identity.clustering.assign_ids import Before, assign_ids, history_rows, leads
from identity.clustering.cluster import Pair, cluster
from lake.tables import HISTORY, LIVE, OVERRIDES, PROFILES, RECORDS, REDIRECTS, TIMELINE
from read_model.attribution import owner_of
from read_model.live.live_records import document_of
from read_model.rebuild import profile_document, record_of
from spark_jobs.inbox import _events, _records, newest
from spark_jobs.overrides import decided
from spark_jobs.publication import stage
from spark_jobs.publish import NEW_EVENTS, apply_profiles, apply_redirects, apply_timeline, put_into_effect, stage_notes
from spark_jobs.publish_identity import apply_records
from stores import schema
from tests.attacks.agreement import Lake
from tests.attacks.evidence import joined
from tests.spark_jobs.silver import person_channel

CRM = person_channel()
TOLD = ("channel", "type", "intent", "amount", "properties", "categories")
Meanwhile = Callable[[], None]


@dataclass
class QuickLake:
    """Silver, identity and gold as dictionaries; `published` is what the last publication found."""

    engine: Engine
    sources: Sources
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    owners: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    history: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    landed: int = 0
    published: dict[str, dict[str, Any]] = field(default_factory=lambda: {"": {}})
    runs: int = 0
    said: dict[str, Any] = field(default_factory=dict)
    """The golden records of the run."""

    def file(self, now: datetime, row: Mapping[str, str]) -> None:
        """A line of the company's own file."""
        document = json.loads(json.dumps(person_record(CRM, row, now).as_row() | {"content_hash": "x"}, default=str))
        self.records[document["record_id"]] = document

    def file_event(self, event_id: str, at: datetime, carried: Identifier) -> None:
        """An interaction of a file, of whoever holds the identifier."""
        document = {name: None for name in TOLD} | {"channel": "shop", "type": "order", "properties": {}}
        self.events[event_id] = {
            "occurred_at": at,
            "document": document | {"categories": {}},
            "record_id": None,
            "identifiers": [vars(carried)],
        }

    def forget(self, records: Collection[str], events: Collection[str]) -> None:
        """As an erasure leaves the lake."""
        for kept in (self.records, self.owners, *self.published.values()):
            for record in records:
                kept.pop(record, None)
        for kept in (self.events, self.published.get(TIMELINE.name, {})):
            for event in [one for one, said in self.events.items() if said["record_id"] in records] + list(events):
                kept.pop(event, None)
        left = {profile for profile, _ in self.owners.values()}
        for kept in (self.said, self.published.get(PROFILES.name, {})):
            for profile in kept.keys() - left:
                kept.pop(profile)
        for kept in (self.redirects, self.published.get(REDIRECTS.name, {})):
            for old in [old for old, target in kept.items() if target not in left]:
                kept.pop(old)

    def take_in_anew(self, records: Collection[str]) -> None:
        """As an erasure leaves the records of others who named somebody."""
        for kept in (self.records, self.published.get(RECORDS.name, {})):
            for record in records:
                kept.pop(record, None)

    def batch(
        self,
        now: datetime,
        groups: Collection[Collection[str]] | None = (),
        whole: bool = False,
        before_resolve: Meanwhile | None = None,
        before_publish: Meanwhile | None = None,
    ) -> Lake:
        """From the inbox to PostgreSQL; the evidence joins the records of each of `groups`, or by itself."""
        self._land(now)
        with self.engine.connect() as connection:
            pulled = decided(connection)
        self.redirects |= dict(pulled[REDIRECTS])
        self.history |= {row[0]: row for row in pulled[HISTORY]}
        if before_resolve:
            before_resolve()
        weights = self._resolve(now, groups, pulled)
        lake = self._gold()
        self.said = dict(lake.documents)
        if before_publish:
            before_publish()
        self._publish(now, lake, pulled[LIVE], weights, whole)
        return lake

    def _land(self, now: datetime) -> None:
        with self.engine.connect() as connection:
            upto = newest(connection)
            for row in _events(connection, self.sources, self.landed, upto, now):
                source = self.sources.by_name[row["channel"].removesuffix(EVENTS)]
                made = interaction_event(source.events, json.loads(row["payload"]))
                self.events[made.event_id] = {
                    "occurred_at": made.occurred_at,
                    "document": {name: getattr(made, name) for name in TOLD},
                    "record_id": made.record_id,
                    "identifiers": [vars(one) for one in made.identifiers],
                }
            for row in _records(connection, self.landed, upto, now):
                document = document_of(self.sources.by_name[row["channel"]].records, json.loads(row["payload"]), now)
                self.records[document["record_id"]] = document
        self.landed = upto

    def _resolve(
        self, now: datetime, groups: Collection[Collection[str]] | None, pulled: Mapping[Any, list[tuple[Any, ...]]]
    ) -> dict[Pair, float]:
        # 1. The evidence, and the decisions.
        words: dict[str, list[Pair]] = {"same": [], "different": []}
        for left, right, kind, _ in pulled[OVERRIDES]:
            words[kind].append((left, right))
        stood = self.owners | {record: (profile, at) for record, profile, at in pulled[LIVE]}
        if groups is None:
            was = {record: profile for record, (profile, _) in stood.items()}
            groups = joined(self.records, was, words["different"], words["same"])
        weights: dict[Pair, float] = {}
        for group in groups:
            inside = sorted(set(group) & self.records.keys())
            weights |= {(one, other): 10.0 for one in inside for other in inside if one < other}
        verified = {
            record: {one["kind"]: one["value"] for one in document["verified"]}
            for record, document in self.records.items()
            if document["verified"]
        }
        pairs = [(left, right, bits) for (left, right), bits in weights.items()]
        found = cluster(self.records, pairs, words["different"], words["same"], verified)
        # 2. Ids.
        live = {record: (profile, at) for record, profile, at in pulled[LIVE]}
        before = Before(dict(self.owners), live, dict(self.redirects))
        outcome = assign_ids(found, before, frozenset())
        self.runs += 1
        self.history |= {row[0]: row for row in history_rows(outcome, (), now, self.runs)}
        merged = {row[5]: row[6] for row in sorted(self.history.values(), key=lambda row: row[1]) if row[3] == "merged"}
        for old, new in leads(outcome, before, lambda ids: {one: merged[one] for one in ids if one in merged}).items():
            self.redirects.pop(old, None)
            if new:
                self.redirects[old] = new
        self.owners = {
            record: (profile, stood[record][1] if stood.get(record, ("",))[0] == profile else now)
            for record, profile in outcome.assignments.items()
        }
        return weights

    def _gold(self) -> Lake:
        of: dict[str, list[dict[str, Any]]] = {}
        for record, (profile, _) in sorted(self.owners.items()):
            of.setdefault(profile, []).append(record_of(self.records[record]))
        documents = {profile: profile_document(profile, held, {}) for profile, held in of.items()}
        holders: dict[Identifier, set[str]] = {}
        for profile, document in documents.items():
            for one in document["identifiers"]:
                holders.setdefault(Identifier(one["kind"], one["value"]), set()).add(profile)
        sole = {one: next(iter(held)) for one, held in holders.items() if len(held) == 1}
        timeline = {
            name: self.owners[event["record_id"]][0]
            if event["record_id"] in self.owners
            else None
            if event["record_id"]
            else owner_of([Identifier(**one) for one in event["identifiers"]], sole)
            for name, event in self.events.items()
        }
        owners = {record: profile for record, (profile, _) in self.owners.items()}
        return Lake(owners, documents, timeline, dict(self.redirects))

    def _publish(
        self,
        now: datetime,
        lake: Lake,
        pulled: list[tuple[Any, ...]],
        weights: Mapping[Pair, float],
        whole: bool,
    ) -> None:
        now_there = {
            PROFILES.name: lake.documents,
            REDIRECTS.name: lake.redirects,
            TIMELINE.name: {one: (lake.timeline[one], event) for one, event in self.events.items()},
            RECORDS.name: {one: (profile, self.records[one]) for one, profile in lake.owners.items()},
            HISTORY.name: {one: row for one, row in self.history.items() if not row[2].startswith("live:")},
        }
        with self.engine.begin() as connection:
            steps: dict[str, Callable[[], int]] = {}
            stage_notes(connection)
            for name, rows in now_there.items():
                was = {} if whole else self.published.get(name, {})
                new = {key: row for key, row in rows.items() if was.get(key, ()) != row}
                gone = was.keys() - rows.keys()
                if new or gone or (whole and rows):
                    steps[name] = self._stage(connection, name, new, new.keys() | gone, now, whole or not was)
            seen = [(record, at, lake.owners[record]) for record, _, at in pulled if record in lake.owners]
            stage(connection, "seen_live", "record_id text, at timestamptz, profile_id text", seen)
            put_into_effect(connection, steps, (), self.landed, self.sources, now)
            connection.execute(delete(schema.edges))
            told = {"rule": "person_model", "tier": "probabilistic"}
            rows = [
                {"left_id": left, "right_id": right, "weight": bits} | told for (left, right), bits in weights.items()
            ]
            if rows:
                connection.execute(insert(schema.edges), rows)
        self.published = now_there

    def _stage(
        self,
        connection: Connection,
        name: str,
        new: Mapping[str, Any],
        touched: Collection[str],
        now: datetime,
        whole: bool,
    ) -> Callable[[], int]:
        if name == PROFILES.name:
            stage(connection, "touched_profiles", "profile_id text", ((one,) for one in touched))
            rows = ((one, json.dumps(document)) for one, document in new.items())
            stage(connection, "new_profiles", "profile_id text, document jsonb", rows)
            held = ((one["kind"], one["value"], who) for who, said in new.items() for one in said["identifiers"])
            stage(connection, "new_identifiers", "kind text, value text, profile_id text", held)
            return partial(apply_profiles, connection, now, whole)
        if name == REDIRECTS.name:
            stage(connection, "new_redirects", "old_id text, profile_id text", new.items())
            return partial(apply_redirects, connection)
        if name == TIMELINE.name:
            stage(connection, "touched_events", "event_id text", ((one,) for one in touched))
            staged = (
                (
                    one,
                    who,
                    event["occurred_at"],
                    json.dumps(event["document"], default=str),
                    event["record_id"],
                    json.dumps(event["identifiers"]),
                )
                for one, (who, event) in new.items()
            )
            stage(connection, "new_events", NEW_EVENTS, staged)
            return partial(apply_timeline, connection, whole, self.landed)
        if name == RECORDS.name:
            stage(connection, "touched_records", "record_id text", ((one,) for one in touched))
            rows = ((one, profile, json.dumps(document)) for one, (profile, document) in new.items())
            stage(connection, "new_records", "record_id text, profile_id text, document jsonb", rows)
            return partial(apply_records, connection, whole)
        return partial(_remember, connection, new)


def _remember(connection: Connection, rows: Mapping[str, Any]) -> int:
    columns = ("history_id", "at", "run", "kind", "profile_id", "other_id", "records", "reason", "evidence")
    for row in rows.values():
        said = dict(zip(columns, row, strict=True)) | {"actor": "resolve", "evidence": None}
        said.pop("run")
        connection.execute(upsert(schema.identity_history).values(said).on_conflict_do_nothing())
    return len(rows)
