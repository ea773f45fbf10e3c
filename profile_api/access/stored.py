"""A person's stored data before masking: the published shapes, and the interface for reading features."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from contracts.categories import Category
from contracts.identifiers import Identifier


@dataclass(frozen=True)
class StoredProfile:
    """A profile as the publish job wrote it; `document` and `counts` as in `stores.schema`."""

    profile_id: str
    counts: Mapping[str, int]
    document: dict[str, Any]
    updated_at: datetime | None = None

    def version(self, categories: Collection[Category]) -> int:
        """A version that changes only with these data categories."""
        return self.counts.get("base", 0) + sum(self.counts.get(category.value, 0) for category in categories)

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
