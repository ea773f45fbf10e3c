"""Lets out of a stored document only what is of an allowed category; what has no category stays in."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from contracts.categories import Category
from profile_api.stored import StoredEvent, StoredProfile
from profile_api.views import EventView, FeaturesData, FeatureView, FieldView, IdentifierView, LosingValue, ProfileData


class Mask:
    """What of one person may leave under one decision."""

    def __init__(self, profile: StoredProfile, allowed: Collection[Category]) -> None:
        self._document = profile.document
        self._allowed = {category.value for category in allowed}
        self._denied_keys = {
            _letters(one["value"])
            for one in self._document.get("identifiers") or []
            if one.get("category") not in self._allowed
        }

    def profile(self) -> ProfileData:
        """The fields and identifiers that may leave, each field with its provenance."""
        seen = self._document if Category.BEHAVIOUR in self._allowed else {}
        return ProfileData(
            fields={
                field["field"]: self._field(field)
                for field in self._document.get("fields") or []
                if field.get("category") in self._allowed and field.get("value") is not None
            },
            identifiers=[
                IdentifierView(kind=one["kind"], value=one["value"], category=one["category"])
                for one in self._document.get("identifiers") or []
                if one.get("category") in self._allowed
            ],
            first_seen=seen.get("first_seen"),
            last_seen=seen.get("last_seen"),
        )

    def event(self, event: StoredEvent) -> EventView:
        """An event whose type may leave, with those of its details that may, too."""
        document = event.document
        categories = document.get("categories") or {}

        def open_(key: str) -> bool:
            return categories.get(key) in self._allowed

        properties = document.get("properties") or {}
        return EventView(
            event_id=self._source(event.event_id),
            occurred_at=event.occurred_at,
            channel=document["channel"],
            type=document["type"],
            intent=document.get("intent") if open_("intent") else None,
            amount=document.get("amount") if open_("amount") else None,
            properties={name: value for name, value in properties.items() if open_(f"property.{name}")},
        )

    def features(self, features: Mapping[str, Mapping[str, Any]]) -> FeaturesData:
        """The features that may leave."""
        return FeaturesData(
            features={
                name: FeatureView(
                    value=one["value"], category=one["category"], event_timestamp=one.get("event_timestamp")
                )
                for name, one in features.items()
                if one.get("category") in self._allowed
            }
        )

    def _field(self, field: Mapping[str, Any]) -> FieldView:
        return FieldView(
            value=field["value"],
            category=field["category"],
            channel=field["channel"],
            observed_at=field["observed_at"],
            rule=field["rule"],
            record_id=self._source(field.get("record_id")),
            losing=[
                LosingValue(
                    value=one["value"],
                    channel=one["channel"],
                    observed_at=one["observed_at"],
                    record_id=self._source(one.get("record_id")),
                )
                for one in field.get("losing") or []
            ],
        )

    def _source(self, key: str | None) -> str | None:
        # `channel:key of the source`: the key may itself be a customer number, a card, a national id or an address.
        if key is None or Category.IDENTITY not in self._allowed:
            return None
        return None if _letters(key.partition(":")[2]) in self._denied_keys else key


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())
