"""Whose a refused row is: by its contract as far as it can be read, else by distinctive values."""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

import msgspec

from contracts.assurance import Proof
from contracts.channel import Channel
from contracts.contacts import readings
from contracts.events import LiveEvent, Message, RefusedItem, live_event
from contracts.identifiers import Identifier, InvalidIdentifier, normalise
from contracts.live_keys import user_key, visitor_key
from contracts.names import clean
from contracts.reading import Row
from contracts.sources import EVENTS
from contracts.standard import person_record
from erasure.people.personal_values import full_names
from erasure.people.search import TextSearch
from erasure.people.subject import Subject

UNKNOWN = datetime(2000, 1, 1, tzinfo=UTC)
"""A fixed arrival time for refused messages: nothing read here depends on it."""
NOBODY = "refused"
_IN_ADDRESS = r"[^\s\"',;:<>|]"
_CONTACT = re.compile(rf"((?<!{_IN_ADDRESS}){_IN_ADDRESS}+@[\w.-]+\.\w+)|(\+\d[\d .()/-]{{6,18}}\d)")


@dataclass
class RefusedContent:
    """The content of a refused row, as far as its contract can read it."""

    identifiers: set[Identifier] = field(default_factory=set)
    records: set[str] = field(default_factory=set)
    full_names: set[str] = field(default_factory=set)


class IsTheirs(Protocol):
    """Whether a refused row, raw and as it could be read, is of the people to erase."""

    def __call__(self, raw: bytes, reading: RefusedContent) -> bool: ...


@dataclass(frozen=True)
class Theirs:
    """Recognises a subject's rows: by identifiers, record ids and full names in their columns, and by distinctive
    values in any text."""

    subject: Subject

    def __call__(self, raw: bytes, reading: RefusedContent) -> bool:
        subject = self.subject
        if reading.identifiers & subject.identifiers or reading.records & subject.records:
            return True
        if reading.full_names & subject.full_names:
            return True
        return bool(self._search.clear(raw))

    @cached_property
    def _search(self) -> TextSearch:
        whole = {word for word in self.subject.words if " " in word}  # a single name may be anybody's
        return TextSearch(self.subject.values, whole)


def read_row(contract: Channel, payload: Mapping[str, Any] | None) -> RefusedContent:
    """A refused row of a file whose columns are known; nothing of one that can't be parsed."""
    found = RefusedContent()
    if payload is None:
        return found
    row = Row(contract, payload, leniently=True)
    found.identifiers = set(row.all_identifiers())
    for kind in [text.casefold() for _, _, text in row.cells("identifier_kind")]:
        for _, _, text in row.cells("identifier"):
            found.identifiers |= set(readings(kind, text, row.region_of())[0])
    if "person" in contract.holds:
        if key := row.text("key"):
            found.records.add(f"{contract.channel}:{key}")
        person = person_record(contract, payload, UNKNOWN, leniently=True)
        found.full_names = set(full_names(person.given_name or "", person.family_name or ""))
    return found


def read_message(channels: Mapping[str, Channel], source: str, raw: bytes) -> RefusedContent:
    """A refused message of a live source: every part of it that can be read, whatever the rest is."""
    try:
        plain = json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return RefusedContent()
    if not isinstance(plain, dict) or source not in channels or source + EVENTS not in channels:
        return RefusedContent()
    found = RefusedContent()
    for name in ("userId", "previousId"):  # also an id that nobody may have any more
        given = plain.get(name)
        if isinstance(given, str | int) and (text := clean(str(given))):
            found.records.add(f"{source}:{user_key(text)}")
    for proof in Proof:  # whichever key it came with
        event = _lenient(plain, proof)
        if event is None:
            continue
        said = {"key": event.key, "user_id": event.user_id, "external": event.external_ids}
        record = read_row(channels[source], said | {"traits": event.traits, "devices": {"0": event.anonymous_id}})
        own = read_row(channels[source + EVENTS], said | {"anonymous_id": event.anonymous_id})
        found.identifiers |= record.identifiers | own.identifiers
        found.full_names |= record.full_names
        found.records |= {f"{source}:{event.key}"} - {f"{source}:{visitor_key(NOBODY)}"}
        if event.previous_id:
            found.records |= {f"{source}:{event.previous_id}", f"{source}:{visitor_key(event.previous_id)}"}
    return found


def _lenient(plain: Mapping[str, Any], proof: Proof) -> LiveEvent | None:
    fields: dict[str, Any] = {}
    for name in ("anonymousId", "userId", "previousId", "traits", "context"):
        with suppress(msgspec.ValidationError):
            msgspec.convert({name: plain.get(name)}, Message)
            fields[name] = plain.get(name)
    for ids in (
        ("anonymousId", "userId", "previousId"),
        ("userId",),
        (),
    ):  # one that is too long does not affect the others
        message = {name: value for name, value in fields.items() if name in ids or not name.endswith("Id")}
        if not message.get("userId") and not message.get("anonymousId"):
            message["anonymousId"] = NOBODY
        said = msgspec.convert(message | {"type": "identify", "messageId": NOBODY}, Message)
        with suppress(RefusedItem, RecursionError):
            return live_event(said, proof, UNKNOWN)
    return None


def contacts_in(raw: bytes) -> set[Identifier]:
    """Mail addresses and international phone numbers in a text, wherever they stand."""
    found = set[Identifier]()
    for kind, text in _CONTACT.findall(raw.decode("utf-8", "replace")):
        with suppress(InvalidIdentifier):
            found.add(normalise("email", kind) if kind else normalise("phone", text))
    return found
