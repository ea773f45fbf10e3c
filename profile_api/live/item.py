"""A message of the inbox as it is read for projection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.assurance import Proof
from contracts.events import LiveEvent
from contracts.sources import Source
from contracts.standard import InteractionEvent


@dataclass(frozen=True)
class Item:
    """A message, read.

    `said` is the message itself, `news` are the purposes about which its device said something else before, or nothing
    (None).
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
