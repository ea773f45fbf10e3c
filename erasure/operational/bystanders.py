"""Browsers that named an erased person without proof: their claims about the person are deleted, and they stay.

Anybody can send anybody's address, so a claim does not make a visitor the person. The visitor's messages that name the
person are deleted, and their claims removed from its record. Only a visitor whose `anonymousId` is an address or
number of the person is deleted completely: none of its messages can be stored any more.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Connection, Text, cast, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert

from consent.tombstones.naming import forms, named_in, named_in_message
from contracts.channel import Channel
from contracts.identifiers import Identifier, of_persons
from contracts.sources import Source, stand_in
from erasure.operational import holds
from erasure.people.subject import Subject
from read_model.live.claim_paths import as_tree, at_path
from read_model.live.live_records import document_of
from stores.schema import live_assignments, live_records, records, timeline

ROWS = 2_000
MANY = 200
"""Beyond this number of values, parsing a message costs less than searching it for each."""
_UNPROVEN = r":(visitor|claimant)-[0-9a-f]{24}$"
_MESSAGES = text(
    "SELECT source, message_id, item::text AS said FROM inbox WHERE proof = 'none' AND record_id <> ALL(:records)"
)
_EVENTS = text(
    "SELECT event_id, (to_jsonb(document) || jsonb_build_object('identifiers', identifiers))::text AS said"
    f" FROM timeline WHERE record_id ~ '{_UNPROVEN}' AND record_id <> ALL(:records)"
)
_RECORDS = text(
    "SELECT l.record_id, l.source, l.payload::text AS said, r.profile_id, l.payload ->> 'bound' IS NULL AND NOT EXISTS"
    " (SELECT FROM records o WHERE o.profile_id = r.profile_id AND o.record_id <> r.record_id) AS is_alone"
    " FROM live_records l LEFT JOIN records r USING (record_id)"
    f" WHERE l.record_id ~ '{_UNPROVEN}' AND l.record_id <> ALL(:records)"
)


class Naming:
    """Whether somebody else's message, or a part of it, names these people: by the intake rule.

    `channels` are the contracts, with the country of a source's numbers.
    """

    def __init__(self, subject: Subject, channels: Mapping[str, Channel]) -> None:
        own = of_persons(subject.identifiers)
        self.identifiers: frozenset[Identifier] = frozenset().union(*(forms(one) for one in own))
        self._channels = channels
        self._records = {one for one in subject.records if not re.search(_UNPROVEN, one)}
        self._needles = {_needle(one.value) for one in own} | {_needle(one.partition(":")[2]) for one in self._records}

    def in_message(self, source: str, said: str) -> bool:
        """Of a message as JSON."""
        return self._may_be_in(said) and self._names(*named_in_message(self._source(source), json.loads(said)))

    def in_json(self, source: str, said: str) -> bool:
        """Of what was made of messages."""
        return self._may_be_in(said) and self.in_tree(source, json.loads(said))

    def in_tree(self, source: str, said: Any) -> bool:
        """Of any part of that, or of one value by its name."""
        return not self.identifiers.isdisjoint(named_in(said, self._source(source).region))

    def in_claim(self, source: str, path: str, value: Any) -> bool:
        """Of a claim by its path, such as `traits.email` or `user_id`."""
        name = path.rpartition(".")[2]
        if name == "user_id" and self._names(*named_in_message(self._source(source), {"userId": value})):
            return True
        return self.in_tree(source, {name: value})

    def _names(self, identifiers: set[Identifier], record_ids: set[str]) -> bool:
        return not (self.identifiers.isdisjoint(identifiers) and self._records.isdisjoint(record_ids))

    def _may_be_in(self, said: str) -> bool:
        """A cheap test before parsing: most messages contain none of the values."""
        if len(self._needles) > MANY or not said.isascii() or "\\u" in said:
            return True
        folded = said.casefold()
        digits = re.sub(r"\D+", "", folded)
        return any(one in (digits if one.isdigit() else folded) for one in self._needles)

    def _source(self, name: str) -> Source:
        contract = self._channels.get(name)
        return stand_in(name, contract.region if contract else None)


def add_bystanders(connection: Connection, subject: Subject, naming: Naming) -> None:
    """Adds others' messages and records that name these people; and completely those visitors whose id is theirs.

    Records under a legal hold stay unchanged.
    """
    asked = {"records": sorted({*subject.records, *holds.held_records(connection)})}
    for row in _rows(connection, _RECORDS, asked):
        if not naming.in_json(row.source, row.said):
            continue
        payload = json.loads(row.said)
        if row.is_alone and _is_called_so(naming, row.source, payload):
            subject.records.add(row.record_id)
            subject.profiles |= {row.profile_id} - {None}
            subject.identifiers |= {Identifier("visitor_id", one) for one in payload["visitors"].values()}
        else:
            subject.bystanders.add(row.record_id)
            subject.rebuilt |= {row.profile_id} - {None}
    named = set[str]()
    for row in _rows(connection, _MESSAGES, asked):
        if naming.in_message(row.source, row.said):
            named.add(f"{row.source}:{row.message_id}")
    for row in _rows(connection, _EVENTS, asked):
        if naming.in_json(row.event_id.partition(":")[0], row.said):
            named.add(row.event_id)
    subject.events |= named
    owners = text("SELECT DISTINCT profile_id FROM timeline WHERE event_id = ANY(:events)")
    subject.rebuilt |= {*connection.scalars(owners, {"events": sorted(named)})} - subject.profiles


def take_out(
    connection: Connection, subject: Subject, naming: Naming, channels: Mapping[str, Channel], now: datetime
) -> int:
    """Removes from bystanders' records the claims that name these people, and other claims of the same messages."""
    changed = 0
    held = live_records.c
    for record_id, source, payload in connection.execute(
        select(held.record_id, held.source, held.payload).where(_among(held.record_id, subject.bystanders))
    ).all():
        left = _without(naming, source, payload, _times_of(connection, subject, record_id))
        if left == payload:
            continue
        new = {"payload": cast(left, JSONB), "sequence": func.nextval("inbox_order")}
        connection.execute(update(live_records).where(held.record_id == record_id).values(new))
        if source in channels:
            document = document_of(channels[source], left, now)
            connection.execute(update(records).where(records.c.record_id == record_id).values(document=document))
        changed += 1
    return changed


def keep_live(connection: Connection, subject: Subject, now: datetime) -> None:
    """Marks bystanders' records as live, since the lake has them again only after its next run: until then a
    publication of the whole lake would take them for deleted."""
    of = records.c
    rows = select(of.record_id, of.profile_id, literal(now, live_assignments.c.at.type))
    new = insert(live_assignments).from_select(
        ["record_id", "profile_id", "at"], rows.where(_among(of.record_id, subject.bystanders))
    )
    connection.execute(new.on_conflict_do_nothing())


def _without(naming: Naming, source: str, payload: Mapping[str, Any], said_at: set[datetime]) -> dict[str, Any]:
    since = payload["since"]["claims"]
    values = {path: at_path(payload["claims"], path) for path in since}
    gone = {path for path, value in values.items() if naming.in_claim(source, path, value)}
    together = said_at | {datetime.fromisoformat(since[path]) for path in gone}
    stays = {path: at for path, at in since.items() if path not in gone and datetime.fromisoformat(at) not in together}
    claims = as_tree({path: values[path] for path in stays if values[path] is not None})
    return {**payload, "claims": claims, "since": {**payload["since"], "claims": stays}}


def _times_of(connection: Connection, subject: Subject, record_id: str) -> set[datetime]:
    """The times of the messages to delete."""
    of = timeline.c
    query = select(of.occurred_at).where(of.record_id == record_id, _among(of.event_id, subject.events))
    return set(connection.scalars(query))


def _is_called_so(naming: Naming, source: str, payload: Mapping[str, Any]) -> bool:
    names = [one.partition(":")[2] for one in payload["visitors"].values()]
    if any(naming.in_tree(source, one) for one in names):
        return True
    return not names and naming.in_claim(source, "user_id", payload["claims"].get("user_id") or "")


def _needle(value: str) -> str:
    """A part that every spelling of a value contains: the local part of an address, the last digits of a number."""
    value = value.partition("@")[0].casefold()
    digits = re.sub(r"\D+", "", value)
    return digits[-6:] if digits and not re.search(r"[a-z]", value) else value


def _among(column: Any, keys: set[str]) -> Any:
    return column == func.any(cast(sorted(keys), ARRAY(Text)))


def _rows(connection: Connection, query: Any, asked: Mapping[str, Any]) -> Iterator[Any]:
    for part in connection.execute(query, asked, execution_options={"yield_per": ROWS}).partitions():
        yield from part
