"""Sorts the messages of a request: what can be kept as an event, and what is refused and why."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from contracts.event_rows import event_payload
from contracts.events import RefusedItem, live_event, read_message
from contracts.reading import RefusedRow
from contracts.sources import Sender
from contracts.standard import interaction_event
from profile_api.live.proving import proof_of, without_signature
from profile_api.live.salvage import refusals_of


@dataclass(frozen=True)
class Accepted:
    """A message that the source's contract can read; `item` is the message as JSON, `proof` what it came with."""

    index: int
    source: str
    message_id: str
    record_id: str
    received_at: datetime
    item: str
    gpc: bool
    proof: str


@dataclass(frozen=True)
class Refused:
    """A message that is no event, as it arrived."""

    index: int
    source: str
    is_server: bool
    received_at: datetime
    call: str | None
    sent_at: str | None
    reason: str
    raw: bytes


@dataclass
class Sorted:
    """The messages of one request by what becomes of them."""

    accepted: list[Accepted] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    salvaged: list[Accepted] = field(default_factory=list)
    """What refused messages refuse: kept as messages of their own, and not counted."""


@dataclass(frozen=True)
class Arrival:
    """What all messages of one request have in common."""

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
            kept = bytes(raw)
            found.refused.append(
                Refused(
                    index,
                    arrival.sender.source.name,
                    arrival.sender.is_server,
                    arrival.received_at,
                    arrival.call,
                    arrival.sent_at,
                    str(refusal),
                    kept,
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


def _accepted(index: int, raw: bytes | msgspec.Raw, arrival: Arrival) -> Accepted:
    plain, message = read_message(raw, arrival.call, arrival.context)
    if message.message_id is None:
        plain["messageId"] = message_id = str(uuid4())
        message = msgspec.structs.replace(message, message_id=message_id)
    if message.sent_at is None and arrival.sent_at is not None:
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
    )
