"""What the stores hold of a person, before any masking: the published shapes, and how features are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from contracts.identifiers import Identifier


@dataclass(frozen=True)
class StoredProfile:
    """A profile as the publish job wrote it; `document` as in `stores.schema`."""

    profile_id: str
    version: int
    document: dict[str, Any]
    updated_at: datetime | None = None

    @property
    def identifiers(self) -> list[Identifier]:
        return [Identifier(one["kind"], one["value"]) for one in self.document.get("identifiers") or []]


@dataclass(frozen=True)
class StoredEvent:
    """An event of a timeline as the publish job wrote it; `document` as in `stores.schema`."""

    event_id: str
    occurred_at: datetime
    document: dict[str, Any]


class FeatureReader(Protocol):
    """The online features of a person for a purpose: name -> {value, category, event_timestamp}."""

    def read(self, profile_id: str, purpose: str) -> Mapping[str, Mapping[str, Any]]:
        """Empty where no feature serves the purpose."""
        ...
