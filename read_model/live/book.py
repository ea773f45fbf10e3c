"""Adds events to the live records that they belong to: who takes whom along, what is known and what is a claim."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.assurance import Proof
from contracts.event_rows import after_sign_in
from contracts.events import LiveEvent
from contracts.keyed import keyed
from contracts.live_keys import bond_of, later_visitor_key, user_key, visitor_id, visitor_key
from read_model.live.live_records import MOST_CLAIMS, MOST_DEVICES, MOST_STAMPS, LiveRecord


class Book:
    """The records of a batch of events; `changed` are those with changes.

    `shared` are the profiles of those that share it with others, by record id.
    """

    def __init__(self, records: Mapping[str, LiveRecord], shared: Mapping[str, str] | None = None) -> None:
        self.records = dict(records)
        self.shared = shared or {}
        self.changed: set[str] = set()

    def place(self, source: str, event: LiveEvent) -> LiveEvent:
        """The event with the record that it belongs to now."""
        if event.proof is not Proof.NONE or not event.anonymous_id:
            return event
        record_id = f"{source}:{event.key}"
        record = self.records.get(record_id)
        taken = record_id in self.shared or (record is not None and record.is_somebodys)
        return after_sign_in(event) if taken else event

    def must_wait(self, source: str, event: LiveEvent) -> bool:
        """Whether an event signs in at a visitor who may have become somebody else's in this batch.

        That shows only when the batch's changes are stored, so the event belongs to the next one.
        """
        looked_at = needed(source, event)
        if event.proof is Proof.NONE or not event.user_id or self.changed.isdisjoint(looked_at):
            return False
        found = [self.records[one] for one in looked_at if one in self.records]
        free = [one for one in found if one.user_id is None and one.bound is None]
        return any(one.is_somebodys or one.record_id in self.shared for one in free)

    def note(self, source: str, event: LiveEvent) -> LiveRecord:
        """Adds an event's data to the record of its person, and to the visitor's record that joins it."""
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
        known = event.proof is Proof.SERVER and self._says_whose(record, event)
        for name, kept, stated in (
            ("traits", record.traits, event.traits),
            ("external", record.external, event.external_ids),
        ):
            for one, value in stated.items():
                if known:
                    self._newest(record, kept, one, value, event.occurred_at)
                else:
                    self._claim(record, f"{name}.{one}", value, event.occurred_at)
        return record

    def stamp(
        self, record: LiveRecord, anonymous_id: str | None, preferences: Mapping[str, bool], at: datetime
    ) -> dict[str, bool | None]:
        """Stores a device's preferences; returns the changed or new ones.

        A stamp older than the stored one counts only if it is a no.
        """
        device = keyed("stamp", anonymous_id or "", size=8)
        kept = record.stamps.get(device, {})
        news: dict[str, bool | None] = {}
        for purpose, allowed in preferences.items():
            before, since = kept.get(purpose, (None, None))
            newer = since is None or datetime.fromisoformat(since) <= at
            if before is not allowed and (newer or not allowed):
                news[purpose] = before
            if before is not allowed and newer and (device in record.stamps or len(record.stamps) < MOST_STAMPS):
                record.stamps.setdefault(device, {})[purpose] = [allowed, at.isoformat()]
                self.changed.add(record.record_id)
        return news

    def _know(self, record: LiveRecord, event: LiveEvent) -> None:
        """Adds a message that a server sent, or whose user id a server signed."""
        if event.user_id and record.former_id is None:
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
        for kind in event.contacts_proven if self._says_whose(record, event) else ():
            if value := event.traits.get(kind) or event.external_ids.get(kind):
                self._newest(record, record.proven, kind, value, event.occurred_at)

    @staticmethod
    def _says_whose(record: LiveRecord, event: LiveEvent) -> bool:
        """Whether an event says whose data it brings: somebody else may be at a browser on which a user signed in."""
        return bool(event.user_id) or record.bound is None

    def _open(self, source: str, key: str, event: LiveEvent, bare: bool = False) -> LiveRecord:
        record_id = f"{source}:{key}"
        if record_id not in self.records:
            self.records[record_id] = LiveRecord(source, key, event.occurred_at, bare=bare)
            self.changed.add(record_id)
        return self.records[record_id]

    def _take_along(self, record: LiveRecord, anonymous_id: str, event: LiveEvent) -> None:
        # A user may take over a visitor without known data; one with known data takes a server's word. Whoever shares a
        # profile with somebody else is taken over by nobody.
        visitor = self._open(record.source, visitor_key(anonymous_id), event, bare=True)
        own = visitor_id(record.source, anonymous_id)
        profile = self.shared.get(visitor.record_id)
        is_free = visitor.bound is None and (profile is None or profile == self.shared.get(record.record_id))
        if is_free and (event.proof is Proof.SERVER or not visitor.is_somebodys):
            self._set(visitor, "bound", record.key)
            if not visitor.visitors:
                self._add(visitor, visitor.visitors, own)
                if event.proof is Proof.SERVER:
                    self._add(visitor, visitor.devices, anonymous_id)
        if visitor.bound == record.key:
            self._add(record, record.visitors, own)
            if own not in record.visitors:
                self._tie(visitor, record, key=record.key)

    def _tie(self, *records: LiveRecord, key: str) -> None:
        for record in records:
            self._add(record, record.bonds, bond_of(record.source, key))

    def _alias(self, record: LiveRecord, previous_id: str, event: LiveEvent) -> None:
        # A former id that has signed in is a login of its own: two logins are two people until the batch or a person
        # knows better. Where people signed in by their addresses before, a server may say by which id they do now.
        former = self.records.get(f"{record.source}:{user_key(previous_id)}")
        if former is None or (former.user_id is None and former.former_id is None):
            self._take_along(record, previous_id, event)
        elif event.proof is Proof.SERVER and "@" in previous_id and former.bound is None and record.bound is None:
            self._set(former, "bound", record.key)
            self._tie(former, record, key=former.key)
            self._set(former, "former_id", former.user_id)
            self._set(former, "user_id", None)

    def _claim(self, record: LiveRecord, path: str, value: Any, at: datetime) -> None:
        if path in record.claims or len(record.claims) < MOST_CLAIMS:
            self._newest(record, record.claims, path, value, at)

    def _set(self, record: LiveRecord, name: str, value: Any) -> None:
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
