"""A message of the inbox as it is read for projection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from contracts.assurance import Proof
from contracts.event_rows import event_payload
from contracts.events import LiveEvent, Message, live_event
from contracts.sources import Source
from contracts.standard import InteractionEvent, interaction_event


@dataclass(frozen=True)
class Item:
    """A parsed message.

    `said` is the message itself, `news` maps the purposes whose preference changed to the device's former one, or
    None.
    """

    inbox_id: int
    source: Source
    event: LiveEvent
    row: InteractionEvent
    received_at: datetime
    gpc: bool
    said: Mapping[str, Any]
    news: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def proof(self) -> Proof:
        return self.event.proof


def read_item(row: Any, source: Source, said: Mapping[str, Any]) -> Item:
    """The item of an inbox row by its source's contract; raises ValueError or KeyError if it cannot be read."""
    message = msgspec.convert(said, Message)
    event = live_event(message, Proof(row.proof), row.received_at, None, source.types)
    return Item(row.inbox_id, source, event, event_row(source, event), row.received_at, row.gpc, said)


def event_row(source: Source, event: LiveEvent) -> InteractionEvent:
    """The event, read as in the batch."""
    return interaction_event(source.events, event_payload(source.name, event))
