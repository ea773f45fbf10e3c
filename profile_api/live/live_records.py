"""What a live source says of a person, put together from its messages in whatever order they come.

A record is a user's, or a visitor's before anyone signs in on a device. The first user who signs in on a device takes
the visitor's record along; whoever signs in there later does not, since two logins on one device are two people.

What a message only claims lies apart in `claims`. A visitor's record takes unproven messages until it is somebody's;
from then on those of the same browser have a record of their own, which nobody takes along.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.assurance import Proof
from contracts.event_rows import after_sign_in
from contracts.events import LiveEvent
from contracts.keyed import keyed
from contracts.live_keys import later_visitor_key, user_key, visitor_id, visitor_key
from contracts.sources import Source
from contracts.standard import person_record

MOST_DEVICES = 5
MOST_STAMPS = 20
"""Devices of one record of which it is remembered what they said of consent."""
MOST_CLAIMS = 100
"""What one record keeps of what anyone may say."""
SAID = ("key", "at", "user_id", "devices", "visitors", "external", "traits", "proven", "claims")
"""What of a record's payload its contract reads, live and in the batch; the rest is for putting it together."""
TIMED = ("external", "traits", "proven", "claims")


@dataclass
class LiveRecord:
    """A record as its messages add up to.

    `bound` is the user who took a visitor along, `bare` has no event yet. `proven` holds contact points, `claims`
    values by path, such as `traits.email`, each beside its time; `stamps` what each device said last of each purpose.
    """

    source: str
    key: str
    at: datetime
    user_id: str | None = None
    devices: list[str] = field(default_factory=list)
    visitors: list[str] = field(default_factory=list)
    external: dict[str, list[str]] = field(default_factory=dict)
    traits: dict[str, list[Any]] = field(default_factory=dict)
    proven: dict[str, list[Any]] = field(default_factory=dict)
    claims: dict[str, list[Any]] = field(default_factory=dict)
    bound: str | None = None
    bare: bool = False
    stamps: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    @property
    def record_id(self) -> str:
        return f"{self.source}:{self.key}"

    @property
    def is_somebodys(self) -> bool:
        """Whether a visitor is no mere visitor: a user took it along, or a server said who it is."""
        return self.bound is not None or bool(self.traits or self.external)

    def payload(self) -> dict[str, Any]:
        """The record as it is stored: what the contract reads, and what it takes to go on."""
        said = {
            "key": self.key,
            "at": self.at.isoformat(),
            "user_id": self.user_id,
            "devices": {str(number): one for number, one in enumerate(self.devices)},
            "visitors": {str(number): one for number, one in enumerate(self.visitors)},
            "external": {kind: value for kind, (value, _) in self.external.items()},
            "traits": {name: value for name, (value, _) in self.traits.items() if value is not None},
            "proven": {kind: value for kind, (value, _) in self.proven.items()},
            "claims": _nested({path: value for path, (value, _) in self.claims.items() if value is not None}),
        }
        since = {name: _times(getattr(self, name)) for name in TIMED}
        return said | {"since": since, "bound": self.bound, "bare": self.bare, "stamps": self.stamps}


def stored(source: str, payload: Mapping[str, Any]) -> LiveRecord:
    """A record from its payload."""
    since = payload["since"]
    return LiveRecord(
        source,
        payload["key"],
        datetime.fromisoformat(payload["at"]),
        payload["user_id"],
        list(payload["devices"].values()),
        list(payload["visitors"].values()),
        {kind: [payload["external"][kind], at] for kind, at in since["external"].items()},
        {name: [payload["traits"].get(name), at] for name, at in since["traits"].items()},
        {kind: [payload["proven"][kind], at] for kind, at in since["proven"].items()},
        {path: [_at(payload["claims"], path), at] for path, at in since["claims"].items()},
        payload["bound"],
        payload["bare"],
        payload.get("stamps") or {},
    )


def said_payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a payload that the record's contract reads."""
    return {name: payload[name] for name in SAID}


def content_hash(payload: Mapping[str, Any]) -> str:
    """As ingestion hashes a row: the same content is the same row, whichever way it came."""
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def document_of(source: Source, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The record as the batch would make it: a row of silver, as JSON."""
    said = said_payload(payload)
    row = person_record(source.records, said, now).as_row() | {"content_hash": content_hash(said)}
    text = json.dumps(row, default=lambda one: one.isoformat())
    document: dict[str, Any] = json.loads(text)
    return document


class Book:
    """The records that a batch of events touches; `changed` are those that say something new.

    `joined` are those that share their profile with others.
    """

    def __init__(self, records: Mapping[str, LiveRecord], joined: Collection[str] = ()) -> None:
        self.records = dict(records)
        self.joined = joined
        self.changed: set[str] = set()

    def place(self, source: str, event: LiveEvent) -> LiveEvent:
        """The event, of the record that it belongs to as things stand."""
        if event.proof is not Proof.NONE or not event.anonymous_id:
            return event
        record_id = f"{source}:{event.key}"
        record = self.records.get(record_id)
        taken = record_id in self.joined or (record is not None and record.is_somebodys)
        return after_sign_in(event) if taken else event

    def note(self, source: str, event: LiveEvent) -> LiveRecord:
        """Adds what an event that was placed says to the record of its person, and to a visitor's that goes along."""
        record = self._open(source, event.key, event)
        if record.bare:
            self._set(record, "bare", False)
        if event.proof is Proof.NONE:
            if visitor := event.visitor(source):
                self._add(record, record.visitors, visitor)
            if event.user_id:
                self._claim(record, "user_id", event.user_id, event.occurred_at)
        else:
            self._know(record, event)
        known = event.proof is Proof.SERVER
        for name, kept, said in (
            ("traits", record.traits, event.traits),
            ("external", record.external, event.external_ids),
        ):
            for one, value in said.items():
                if known:
                    self._newest(record, kept, one, value, event.occurred_at)
                else:
                    self._claim(record, f"{name}.{one}", value, event.occurred_at)
        return record

    def stamp(
        self, record: LiveRecord, anonymous_id: str | None, said: Mapping[str, bool], at: datetime
    ) -> dict[str, bool | None]:
        """Remembers what a device says of purposes; returns those of which it said something else before, or nothing.

        A stamp that is older than the one remembered is news only where it says no.
        """
        device = keyed("stamp", anonymous_id or "", size=8)
        kept = record.stamps.get(device, {})
        news: dict[str, bool | None] = {}
        for purpose, allowed in said.items():
            before, since = kept.get(purpose, (None, None))
            newer = since is None or datetime.fromisoformat(since) <= at
            if before is not allowed and (newer or not allowed):
                news[purpose] = before
            if before is not allowed and newer and (device in record.stamps or len(record.stamps) < MOST_STAMPS):
                record.stamps.setdefault(device, {})[purpose] = [allowed, at.isoformat()]
                self.changed.add(record.record_id)
        return news

    def _know(self, record: LiveRecord, event: LiveEvent) -> None:
        """What a message says that a server sent, or that comes with a user id which a server signed."""
        if event.user_id:
            self._set(record, "user_id", event.user_id)
        if event.anonymous_id:
            if event.proof is Proof.SERVER:
                self._add(record, record.devices, event.anonymous_id)
            if event.user_id:
                self._take_along(record, event.anonymous_id, event)
            else:
                self._add(record, record.visitors, visitor_id(record.source, event.anonymous_id))
        if event.call == "alias" and event.user_id and event.previous_id and event.previous_id != event.user_id:
            self._alias(record, event.previous_id, event)
        for kind in event.contacts_proven:
            if value := event.traits.get(kind) or event.external_ids.get(kind):
                self._newest(record, record.proven, kind, value, event.occurred_at)

    def _open(self, source: str, key: str, event: LiveEvent, bare: bool = False) -> LiveRecord:
        record_id = f"{source}:{key}"
        if record_id not in self.records:
            self.records[record_id] = LiveRecord(source, key, event.occurred_at, bare=bare)
            self.changed.add(record_id)
        return self.records[record_id]

    def _take_along(self, record: LiveRecord, anonymous_id: str, event: LiveEvent) -> None:
        # A user may take a visitor along of whom nobody knows anything; the rest is for a server to say.
        visitor = self._open(record.source, visitor_key(anonymous_id), event, bare=True)
        own = visitor_id(record.source, anonymous_id)
        if visitor.bound is None and (event.proof is Proof.SERVER or not visitor.is_somebodys):
            self._set(visitor, "bound", record.key)
            if not visitor.visitors:
                self._add(visitor, visitor.visitors, own)
                if event.proof is Proof.SERVER:
                    self._add(visitor, visitor.devices, anonymous_id)
        if visitor.bound == record.key:
            self._add(record, record.visitors, own)

    def _alias(self, record: LiveRecord, previous_id: str, event: LiveEvent) -> None:
        # A former id that has signed in is a login of its own: two logins are two people until the batch or a person
        # knows better.
        former = self.records.get(f"{record.source}:{user_key(previous_id)}")
        if former is None or former.user_id is None:
            self._take_along(record, previous_id, event)

    def _claim(self, record: LiveRecord, path: str, value: Any, at: datetime) -> None:
        if path in record.claims or len(record.claims) < MOST_CLAIMS:
            self._newest(record, record.claims, path, value, at)

    def _set(self, record: LiveRecord, name: str, value: str | bool) -> None:
        if getattr(record, name) != value:
            setattr(record, name, value)
            self.changed.add(record.record_id)

    def _add(self, record: LiveRecord, among: list[str], value: str) -> None:
        if value not in among and len(among) < MOST_DEVICES:
            among.append(value)
            self.changed.add(record.record_id)

    def _newest(self, record: LiveRecord, kept: dict[str, list[Any]], name: str, value: Any, at: datetime) -> None:
        if name in kept and datetime.fromisoformat(kept[name][1]) > at:
            return
        if name not in kept or kept[name][0] != value:
            record.at = max(record.at, at)
            self.changed.add(record.record_id)
        kept[name] = [value, at.isoformat()]


def needed(source: str, event: LiveEvent) -> set[str]:
    """The ids of the records that noting an event may look at."""
    keys = {event.key}
    if event.anonymous_id:
        keys.add(visitor_key(event.anonymous_id))
        if event.proof is Proof.NONE:
            keys.add(later_visitor_key(event.anonymous_id))
    if event.previous_id:
        keys |= {user_key(event.previous_id), visitor_key(event.previous_id)}
    return {f"{source}:{key}" for key in keys}


def _times(kept: Mapping[str, list[Any]]) -> dict[str, str]:
    return {name: at for name, (_, at) in kept.items()}


def _nested(claims: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in claims.items():
        part, _, name = path.partition(".")
        if name:
            found.setdefault(part, {})[name] = value
        else:
            found[part] = value
    return found


def _at(nested: Mapping[str, Any], path: str) -> Any:
    part, _, name = path.partition(".")
    return nested.get(part, {}).get(name) if name else nested.get(part)
