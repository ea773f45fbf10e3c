"""Sorts the messages of a request into valid events and refused ones with reasons."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from consent.tombstones.naming import Named
from contracts.assurance import Proof
from contracts.contacts import readings
from contracts.dialects import without_key
from contracts.event_rows import event_payload
from contracts.events import CONTACTS, LiveEvent, RefusedItem, instant_of_sending, live_event, read_id, read_message
from contracts.identifiers import is_nothing
from contracts.reading import RefusedRow
from contracts.sources import Sender, Source
from contracts.standard import interaction_event
from read_model.live.categories import purposes_of
from read_model.live.proving import is_signed, proof_of, with_empty_signature, without_signature
from read_model.live.salvage import refusals_of


@dataclass(frozen=True)
class Accepted:
    """A message that the source's contract can read; `item` is the message as JSON, `proof` its proof."""

    index: int
    source: str
    message_id: str
    record_id: str
    received_at: datetime
    item: str
    gpc: bool
    proof: str
    warnings: tuple[str, ...] = ()
    """Warnings about parts that could not be understood, and how they count."""


@dataclass(frozen=True)
class RefusedMessage:
    """An invalid message, as it arrived."""

    index: int
    source: str
    is_server: bool
    is_signed: bool
    received_at: datetime
    call: str | None
    sent_at: str | None
    reason: str
    raw: bytes


@dataclass
class Sorted:
    """The messages of one request by what becomes of them."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[RefusedMessage] = field(default_factory=list)
    salvaged: list[Accepted] = field(default_factory=list)
    """Refusals of consent in refused messages: stored as messages of their own, and not counted."""
    names: dict[Accepted | RefusedMessage, Named] = field(default_factory=dict)
    """Whom each message names, where that was looked for before: it takes long, and the writer is one for all."""

    @property
    def records(self) -> set[str]:
        """The records that what is stored of the request belongs to."""
        return {one.record_id for one in [*self.accepted, *self.salvaged]}


@dataclass(frozen=True)
class Arrival:
    """The common data of all messages of one request."""

    sender: Sender
    received_at: datetime
    gpc: bool = False
    call: str | None = None
    sent_at: str | None = None
    context: Mapping[str, Any] | None = None


def sort_messages(raws: list[bytes | msgspec.Raw], arrival: Arrival) -> Sorted:
    """Reads every message; one that the batch could not read later is refused now."""
    found = Sorted()
    for index, raw in enumerate(raws):
        try:
            found.accepted.append(_accepted(index, raw, arrival))
        except (RefusedItem, RefusedRow) as refusal:
            kept = without_key(bytes(raw))
            found.refused.append(
                RefusedMessage(
                    index,
                    arrival.sender.source.name,
                    arrival.sender.is_server,
                    is_signed(arrival.sender, kept),
                    arrival.received_at,
                    arrival.call,
                    arrival.sent_at,
                    str(refusal),
                    with_empty_signature(kept),
                )
            )
            found.salvaged += _salvaged(index, kept, arrival)
    return found


def _salvaged(index: int, raw: bytes, arrival: Arrival) -> list[Accepted]:
    alone = replace(arrival, call=None, sent_at=None, context=None)
    for kept in refusals_of(raw, arrival.context, arrival.gpc):
        with suppress(RefusedItem, RefusedRow):
            return [_accepted(index, kept, alone)]
    return []


def refusals_left(one: Accepted, source: Source) -> list[Accepted]:
    """The refusals of consent of a message that is left out, as a message of its own of the same proof."""
    proof = Proof(one.proof)
    sender = Sender(source, proof is Proof.SERVER, proof is Proof.SIGNATURE)
    return _salvaged(one.index, one.item.encode(), Arrival(sender, one.received_at, one.gpc))


def _accepted(index: int, raw: bytes | msgspec.Raw, arrival: Arrival) -> Accepted:
    plain, message, warnings = read_message(raw, arrival.call, arrival.context)
    if message.message_id != "" and read_id(message.message_id, "messageId") is None:
        plain["messageId"] = message_id = str(uuid4())
        message = msgspec.structs.replace(message, message_id=message_id)
    if arrival.sent_at is not None and instant_of_sending(message.sent_at) is None:
        plain["sentAt"] = arrival.sent_at
    source = arrival.sender.source
    proof = proof_of(arrival.sender, message)
    event = live_event(message, proof, arrival.received_at, arrival.sent_at, source.types)
    row = interaction_event(source.events, event_payload(source.name, event))
    return Accepted(
        index,
        source.name,
        event.message_id,
        str(row.record_id),
        arrival.received_at,
        msgspec.json.encode(without_signature(plain)).decode(),
        arrival.gpc,
        proof.value,
        tuple([*warnings, *_unknown(source, event.consent), *_unreadable(source, event)]),
    )


def _unreadable(source: Source, event: LiveEvent) -> list[str]:
    """Warnings about unreadable contacts: they are in no profile, and nobody is found by them."""
    contacts = [(f"traits.{kind}", kind, event.traits.get(kind)) for kind in CONTACTS]
    contacts += [(f"context.externalIds ({kind})", kind, event.external_ids.get(kind)) for kind in CONTACTS]
    found = []
    for where, kind, text in contacts:
        if text is None or is_nothing(str(text)):
            continue
        if problem := readings(kind, str(text), source.region)[1]:
            found.append(f"{where}: {problem}; nobody is found by it")
    return found


def _unknown(source: Source, consent: Mapping[str, bool]) -> list[str]:
    """A warning about categories without a purpose: they are ignored."""
    found = sum(not purposes_of(source, category) for category in consent)
    expected = "context.consent: expected categories that the source's `consent` names, or purposes"
    return [f"{expected}, found {found} others; they say nothing"] if found else []
