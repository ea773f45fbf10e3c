"""What is kept of a person for what and until when, as they and the privacy officer see it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from consent.durations import after, in_words
from consent.model import Actor, Decision, Purpose
from consent.retention import kept_until, last_interaction
from contracts.categories import Category
from erasure.operational import holds
from profile_api.access.gate import AccessRequest, Gate, Reading, by_id
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.responses.views import Answer, View

RIGHTS = frozenset({"privacy_rights"})


class StoragePeriod(View):
    """For how long data of one category is used for one purpose."""

    kept_for: str = Field(description="ISO 8601, counted from the last interaction; of an event, from when it happened")
    ends_at: datetime = Field(description="from then on it is not used for the purpose")
    ended: bool


class PurposeKeeps(View):
    name: dict[str, str]
    legal_basis: str
    categories: dict[str, StoragePeriod]


class KeepingData(View):
    """The clock of each purpose and category; nothing here says that a purpose is permitted."""

    last_interaction: datetime | None = Field(description="what the clocks count from")
    purposes: dict[str, PurposeKeeps]
    deleted_after: dict[str, datetime] = Field(description="by category, when no purpose keeps it any more")
    held_since: datetime | None = Field(description="a legal hold keeps the data from being deleted; null without one")


def keeping_of(
    gate: Gate, actor: Actor, purpose: str | None, profile_id: str, purposes: Mapping[str, Purpose]
) -> Answer[KeepingData]:
    """What ends when, for the person themselves and for the privacy officer."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> KeepingData:
        return keeping(reading, profile, purposes, gate.clock())

    return gate.answer(AccessRequest(actor, purpose, "retention", RIGHTS), by_id(profile_id), show)


def keeping(reading: Reading, profile: StoredProfile, purposes: Mapping[str, Purpose], now: datetime) -> KeepingData:
    """The clocks of a person at `now`."""
    identifiers = {one for part in reading.parts(profile).values() for one in part} | set(profile.identifiers)
    since = last_interaction(
        profile.document, reading.newest_event(profile), reading.consents(identifiers), profile.updated_at, now
    )
    held_since = reading.run(holds.since, profile.document.get("records") or [])
    if since is None:
        return KeepingData(last_interaction=None, purposes={}, deleted_after={}, held_since=held_since)
    keep = [one for one in purposes.values() if not one.refused]
    until = kept_until(keep, since)
    return KeepingData(
        last_interaction=since,
        purposes={one.id: _keeps(one, since, keep, now) for one in keep},
        deleted_after={category.value: instant for category, instant in until.items()},
        held_since=held_since,
    )


def as_rows(found: KeepingData) -> list[dict[str, Any]]:
    """A row for each purpose and category, for the bundle."""
    return [
        {"purpose": purpose, "category": category, "kept_for": in_words(kept.kept_for), "ends_at": kept.ends_at}
        for purpose, keeps in found.purposes.items()
        for category, kept in keeps.categories.items()
    ]


def ends_of(found: KeepingData) -> dict[str, dict[Category, datetime]]:
    """When each purpose stops keeping each category."""
    return {
        purpose: {Category(name): kept.ends_at for name, kept in keeps.categories.items()}
        for purpose, keeps in found.purposes.items()
    }


def _keeps(purpose: Purpose, since: datetime, keep: Collection[Purpose], now: datetime) -> PurposeKeeps:
    # What reads whatever is held keeps each category as long as the purpose that keeps it longest.
    keepers = keep if purpose.all_held else [purpose]
    categories = {}
    for category in sorted(purpose.categories):
        lasting = [one.kept_for(category) for one in keepers if category in one.categories]
        end, kept_for = max((after(since, duration), duration) for duration in lasting)
        categories[category.value] = StoragePeriod(kept_for=kept_for, ends_at=end, ended=end <= now)
    return PurposeKeeps(name=purpose.name, legal_basis=purpose.legal_basis.value, categories=categories)
