"""Where a person stands on a purpose: what was decided under each identifier, and what that permits for which data.

A person is a set of source records, each with its identifiers. Decisions belong to identifiers and are never copied to
a profile. A yes reaches no further than the records that carry its identifier, or the address that it is about; a no of
any identifier reaches everywhere. So records that are joined never gain a permission by it, and an unmerge restores
everything exactly. Decision 0005 says why, and what that costs.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time

from consent.model import ConsentEvent, ConsentState, LegalBasis, Part, Purpose, Standing
from contracts.identifiers import Identifier


def standing(
    events: Iterable[ConsentEvent], purpose: Purpose, now: datetime, parts: Collection[Part] | None = None
) -> Standing:
    """Where the person of these records stands at `now`; the order of the events does not matter.

    `events` are those of all their identifiers. Without `parts` all these identifiers are taken as one record's.
    """
    known = [
        replace(event, state=state_at(event, purpose, now))
        for event in events
        if event.purpose == purpose.id and event.decided_at <= now
    ]
    if not known and parts is not None:  # as most people stand on most purposes
        if purpose.legal_basis is LegalBasis.CONSENT:
            return Standing(ConsentState.UNKNOWN, None, undecided=frozenset(parts))
        return Standing(ConsentState.UNKNOWN, None, frozenset(parts))
    whole = frozenset(parts) if parts is not None else frozenset({frozenset(event.identifier for event in known)})
    if purpose.contact is None:
        known = [replace(event, contact_point=None) for event in known]  # nothing to reach anyone by
    general = _latest(event for event in known if event.contact_point is None)
    if purpose.legal_basis is not LegalBasis.CONSENT:
        worst = max(_latest(known).values(), key=_more_restrictive, default=None)
        return Standing(worst.state if worst else ConsentState.UNKNOWN, worst, whole)
    refused = any(not event.state.permits for event in general.values())
    own = frozenset(part for part in whole if not refused and any(_yes(general.get(one)) for one in part))
    points = {
        point: event
        for point in {one for part in whole for one in part if one.kind == purpose.contact}
        if (event := _permits_point(point, known, general, whole, own))
    }
    usable = own | {part for part in whole if part & points.keys()}
    if usable and (purpose.contact is not None or usable == whole):
        yes = [*points.values(), *(event for one, event in general.items() if any(one in part for part in own))]
        newest = max((event for event in yes if event.state.permits), key=_later)
        return Standing(newest.state, newest, usable, frozenset(points), whole - usable)
    said = [*general.values(), *_latest(event for event in known if event.contact_point is not None).values()]
    worst = max(said, key=_more_restrictive, default=None)
    if worst is None or worst.state.permits:
        return Standing(ConsentState.UNKNOWN, None, undecided=whole - usable)
    return Standing(worst.state, worst)


def state_at(event: ConsentEvent, purpose: Purpose, now: datetime) -> ConsentState:
    """What an event says at `now`: a yes ends by time alone, or with a new notice where the purpose says so."""
    if not event.state.permits:
        return event.state
    if event.expires_at is not None and event.expires_at <= now:
        return ConsentState.EXPIRED
    in_force = purpose.notice_since is None or now >= datetime.combine(purpose.notice_since, time(), UTC)
    if purpose.new_notice_voids and in_force and event.notice_version != purpose.notice_version:
        return ConsentState.INVALIDATED
    return event.state


def _permits_point(
    point: Identifier,
    known: Collection[ConsentEvent],
    general: dict[Identifier, ConsentEvent],
    whole: Collection[Part],
    own: Collection[Part],
) -> ConsentEvent | None:
    """The yes for an address: its own, or that of every record that carries it; and no other word against it."""
    said = _latest(event for event in known if event.contact_point in (None, point))
    if any(not event.state.permits for event in said.values()):
        return None
    if point in said:
        return said[point]
    if any(point in part and part not in own for part in whole):
        return None
    yes = [general[one] for part in own if point in part for one in part if one in general]
    return max(yes, key=_later, default=None)


def _latest(events: Iterable[ConsentEvent]) -> dict[Identifier, ConsentEvent]:
    """The last word under each identifier; of two at the same time, the more restrictive."""
    latest: dict[Identifier, ConsentEvent] = {}
    for event in events:
        known = latest.get(event.identifier)
        if known is None or _later(event) > _later(known):
            latest[event.identifier] = event
    return latest


def _yes(event: ConsentEvent | None) -> bool:
    return event is not None and event.state.permits


def _later(event: ConsentEvent) -> tuple[datetime, int, str]:
    return event.decided_at, event.state.restrictiveness, event.consent_id


def _more_restrictive(event: ConsentEvent) -> tuple[int, datetime, str]:
    return event.state.restrictiveness, event.decided_at, event.consent_id
