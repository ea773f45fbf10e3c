"""Lets only allowed categories out of a stored document; values without a category stay in."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consent.model import Decision, RecordIdentifiers
from contracts.assurance import Assurance
from contracts.categories import Category
from contracts.identifiers import Identifier
from feature_repo.past import asks_for_older, past
from profile_api.access.stored import StoredEvent, StoredProfile
from profile_api.responses.views import (
    EventView,
    FeaturesData,
    FeatureView,
    FieldView,
    IdentifierView,
    LosingValue,
    ProfileData,
)

# The fields that belong to a way of reaching a person.
ADDRESS = frozenset({"street", "unit", "city", "postcode", "state", "country"})
# Any of these is somewhere to send a letter.
DELIVERABLE = frozenset({"street", "city", "postcode"})


@dataclass(frozen=True)
class Reach:
    """The reach of a purpose that contacts people: its permitted addresses, and the records it may use.

    `records` is None if it may use all of them.
    """

    kind: str
    points: frozenset[Identifier]
    records: frozenset[str] | None


def reach_of(decision: Decision, parts: Mapping[str, RecordIdentifiers]) -> Reach | None:
    """The reach of a decision, if its purpose is to contact the person."""
    if decision.contact is None:
        return None
    usable = {record_id for record_id, part in parts.items() if part in decision.effective.parts}
    whole = not decision.effective.undecided
    return Reach(decision.contact, decision.effective.points, None if whole else frozenset(usable))


def addressed(profile: StoredProfile, parts: Mapping[str, RecordIdentifiers]) -> frozenset[RecordIdentifiers]:
    """The records of a person, by their identifiers, that have a postal address."""
    addresses = [one for one in profile.document.get("fields") or [] if one["field"] in DELIVERABLE]
    addressed = {
        one.get("record_id") for field in addresses for one in (field, *(field.get("losing") or [])) if one["value"]
    }
    return frozenset(parts[record_id] for record_id in addressed if record_id in parts)


class Mask:
    """The mask of one person under one decision; `oldest` is, by category, the instant before which no event may
    leave."""

    def __init__(
        self,
        profile: StoredProfile,
        allowed: Collection[Category],
        reach: Reach | None = None,
        oldest: Mapping[Category, datetime] | None = None,
    ) -> None:
        document = profile.document
        self._allowed = {category.value for category in allowed}
        self._oldest = {category.value: instant for category, instant in (oldest or {}).items()}
        self._whole = reach is None or reach.records is None
        self._document = within(document, reach) if reach else document
        self._denied_keys = {
            _letters(one["value"])
            for one in document.get("identifiers") or []
            if one.get("category") not in self._allowed or one not in (self._document.get("identifiers") or [])
        }

    @property
    def categories(self) -> list[str]:
        """The categories of events that may leave; data combined from all records only leaves if all records may be
        used."""
        return sorted(self._allowed) if self._whole else []

    @property
    def events_after(self) -> dict[str, datetime | None]:
        """Those categories, each with the instant before which its events are not kept any more."""
        return {category: self._oldest.get(category) for category in self.categories}

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
        """An event whose type may leave, with its permitted details."""
        document = event.document
        categories = document.get("categories") or {}

        def open_(key: str) -> bool:
            category = categories.get(key)
            oldest = self._oldest.get(category or "")
            return category in self._allowed and (oldest is None or event.occurred_at > oldest)

        properties = document.get("properties") or {}
        return EventView(
            event_id=self.source(event.event_id),
            occurred_at=event.occurred_at,
            channel=document["channel"],
            type=document["type"],
            intent=document.get("intent") if open_("intent") else None,
            amount=document.get("amount") if open_("amount") else None,
            properties={name: value for name, value in properties.items() if open_(f"property.{name}")},
        )

    def features(
        self, features: Mapping[str, Mapping[str, Any]], older: Callable[[Mapping[str, datetime]], Collection[str]]
    ) -> FeaturesData:
        """The features that may leave; `older` are the categories with events before these instants."""
        categories = frozenset(self.categories)
        is_asked = self._oldest and asks_for_older(features, categories)
        gone = past(features, self._oldest, older(self._oldest) if is_asked else ())
        return FeaturesData(
            features={
                name: FeatureView(
                    value=one["value"],
                    category=one["category"],
                    event_timestamp=one.get("event_timestamp"),
                    age_seconds=one.get("age_seconds"),
                    expired=one.get("expired", False),
                )
                for name, one in features.items()
                if one.get("category") in categories and name not in gone
            }
        )

    def _field(self, field: Mapping[str, Any]) -> FieldView:
        return FieldView(
            value=field["value"],
            category=field["category"],
            channel=field["channel"],
            observed_at=field["observed_at"],
            rule=field["rule"],
            assurance=Assurance(field.get("assurance") or Assurance.SOURCE),
            record_id=self.source(field.get("record_id")),
            losing=[
                LosingValue(
                    value=one["value"],
                    channel=one["channel"],
                    observed_at=one["observed_at"],
                    record_id=self.source(one.get("record_id")),
                )
                for one in field.get("losing") or []
            ],
        )

    def source(self, key: str | None) -> str | None:
        """A source record's id, or None if it would reveal something.

        It is `channel:key of the source`: the key may itself be a customer number, a card, a national id or an address.
        """
        if key is None or Category.IDENTITY not in self._allowed:
            return None
        return None if _letters(key.partition(":")[2]) in self._denied_keys else key


def within(document: Mapping[str, Any], reach: Reach) -> dict[str, Any]:
    """A document with only the permitted addresses, and without records that may not be used."""
    permitted = [
        one for one in document.get("identifiers") or [] if Identifier(one["kind"], one["value"]) in reach.points
    ]
    fields = [_from(field, reach.records) for field in document.get("fields") or [] if _reaches(field, reach.kind)]
    return {**document, "identifiers": permitted, "fields": [field for field in fields if field]}


def _reaches(field: Mapping[str, Any], kind: str) -> bool:
    if field.get("category") != Category.CONTACT:
        return True
    # No claimed address is used to contact a person.
    return kind == "post" and field["field"] in ADDRESS and field.get("assurance") != Assurance.CLAIMED


def _from(field: Mapping[str, Any], records: Collection[str] | None) -> dict[str, Any] | None:
    # If the chosen value comes from a record that may not be used, the first value of a permitted record replaces it.
    if records is None:
        return dict(field)
    usable = [one for one in [field, *(field.get("losing") or [])] if one.get("record_id") in records]
    if not usable:
        return None
    return {**field, **{name: value for name, value in usable[0].items() if name != "losing"}, "losing": usable[1:]}


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())
