"""How long data of a person may be used: a clock for each purpose and category, counted from the last interaction.

Decision 0023 says what counts as one, and why. An event has a clock of its own, counted from when it happened.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any

from consent.durations import after, before
from consent.model import ConsentEvent, ConsentState, Purpose
from contracts.categories import Category

CONTRACT_UNTIL = "contract_until"
"""The field of a profile that says until which day a contract is in force; a channel's contract names it so."""

SENT_BY_US = "_(sent|delivered|bounced)$"
"""How the type of an event ends that is nothing the person did (a regular expression, for PostgreSQL and Spark too)."""

ACTS = frozenset(
    {ConsentState.GIVEN, ConsentState.RENEWED, ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.REVOKED}
)
"""What a person decides; that a consent was asked for, or ended, is no act of theirs."""


def last_interaction(
    document: Mapping[str, Any],
    newest_event: datetime | None,
    decisions: Iterable[ConsentEvent],
    taken_in: datetime | None,
    now: datetime,
) -> datetime | None:
    """When a person was last in contact, or the end of their contract where that is later; None where nothing says so.

    `document` is the profile's, `newest_event` the newest of their timeline until `now`. Where nothing has a date, it
    is counted from `taken_in`, when the profile last changed here. What lies ahead of `now` proves nothing.
    """
    said = [_instant(document.get("last_seen")), newest_event, *(_decided(one) for one in decisions)]
    known = [one for one in said if one is not None and one <= now]
    known += [one for one in (_contract_until(document),) if one is not None]
    return max(known, default=taken_in)


def oldest_kept(purpose: Purpose, now: datetime) -> dict[Category, datetime]:
    """For each category the instant up to which the purpose keeps nothing any more; none where it reads all held."""
    if purpose.all_held:
        return {}
    start = {duration: before(now, duration) for duration in {purpose.retention, *purpose.retention_of.values()}}
    return {category: start[purpose.kept_for(category)] for category in Category}


def ended(since: datetime | None, oldest: Mapping[Category, datetime]) -> frozenset[Category]:
    """The categories of a person's data that are kept no longer; `oldest` as from `oldest_kept`.

    Where it is not known since when the person was not in contact, nothing is kept.
    """
    return frozenset(category for category, instant in oldest.items() if since is None or since <= instant)


def ends(purpose: Purpose, since: datetime) -> dict[Category, datetime]:
    """When the purpose stops keeping each category that it covers, of somebody whose last interaction is `since`."""
    return {category: after(since, purpose.kept_for(category)) for category in sorted(purpose.categories)}


def kept_until(purposes: Iterable[Purpose], since: datetime) -> dict[Category, datetime]:
    """When the last purpose stops keeping each category: then it has to go."""
    found: dict[Category, datetime] = {}
    for purpose in purposes:
        for category, instant in ends(purpose, since).items():
            found[category] = max(found.get(category, instant), instant)
    return found


def nothing_kept_until(purposes: Iterable[Purpose], now: datetime) -> dict[Category, datetime]:
    """For each category the instant up to which no purpose at all keeps anything; its data of then has to go."""
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
