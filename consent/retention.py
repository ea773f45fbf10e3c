"""How long data of a person may be used: a period for each purpose and category, from the last interaction.

Decision 0023 says what counts as one, and why. An event has its own period, from when it happened.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any

from consent.durations import after, before
from consent.model import ConsentEvent, ConsentState, Purpose
from contracts.categories import Category

CONTRACT_UNTIL = "contract_until"
"""The field of a profile with the last day of the person's contract; channel contracts use this name."""

SENT_BY_US = "_(sent|delivered|bounced)$"
"""Event types that are not acts of the person, by their suffix (a regular expression, for PostgreSQL and Spark
too)."""

ACTS = frozenset(
    {ConsentState.GIVEN, ConsentState.RENEWED, ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.REVOKED}
)
"""States that are acts of the person; a request for consent, or its expiry, is not."""


def last_interaction(
    document: Mapping[str, Any],
    newest_event: datetime | None,
    decisions: Iterable[ConsentEvent],
    taken_in: datetime | None,
    now: datetime,
) -> datetime | None:
    """The last interaction of a person, or the end of their contract if later; None if unknown.

    `document` is the profile's, `newest_event` the newest of their timeline until `now`. Without any date, it is
    `taken_in`, when the profile last changed here. Dates after `now` are ignored.
    """
    dates = [_instant(document.get("last_seen")), newest_event, *(_decided(one) for one in decisions)]
    known = [one for one in dates if one is not None and one <= now]
    known += [one for one in (_contract_until(document),) if one is not None]
    return max(known, default=taken_in)


def oldest_kept(purpose: Purpose, now: datetime) -> dict[Category, datetime]:
    """For each category the instant before which the purpose keeps nothing any more; empty if it reads everything
    stored."""
    if purpose.all_held:
        return {}
    start = {duration: before(now, duration) for duration in {purpose.retention, *purpose.retention_of.values()}}
    return {category: start[purpose.kept_for(category)] for category in Category}


def ended(since: datetime | None, oldest: Mapping[Category, datetime]) -> frozenset[Category]:
    """The categories of a person's data that are not kept any more; `oldest` is from `oldest_kept`.

    If the last interaction is unknown, nothing is kept.
    """
    return frozenset(category for category, instant in oldest.items() if since is None or since <= instant)


def ends(purpose: Purpose, since: datetime) -> dict[Category, datetime]:
    """When the purpose stops keeping each category that it covers, of somebody whose last interaction is `since`."""
    return {category: after(since, purpose.kept_for(category)) for category in sorted(purpose.categories)}


def kept_until(purposes: Iterable[Purpose], since: datetime) -> dict[Category, datetime]:
    """When the last purpose stops keeping each category: then it has to be deleted."""
    found: dict[Category, datetime] = {}
    for purpose in purposes:
        for category, instant in ends(purpose, since).items():
            found[category] = max(found.get(category, instant), instant)
    return found


def nothing_kept_until(purposes: Iterable[Purpose], now: datetime) -> dict[Category, datetime]:
    """For each category the instant before which no purpose keeps anything; older data has to be deleted."""
    found: dict[Category, datetime] = {}
    for purpose in purposes:
        for category in purpose.categories:
            start = before(now, purpose.kept_for(category))
            found[category] = min(found.get(category, start), start)
    return found


def _decided(decision: ConsentEvent) -> datetime | None:
    if decision.state not in ACTS:
        return None
    return min(decision.decided_at, decision.received_at or decision.decided_at)


def _contract_until(document: Mapping[str, Any]) -> datetime | None:
    for field in document.get("fields") or []:
        if field["field"] == CONTRACT_UNTIL:
            return _instant(field["value"])
    return None


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else datetime.combine(moment.date(), time(), UTC)
