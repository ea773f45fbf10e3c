"""Where a person stands on a purpose: what was decided under each identifier, and what that permits for which data.

A person is a set of source records, each with its identifiers. Decisions belong to identifiers and are never copied to
a profile. A yes reaches no further than the records that carry its identifier, or the address that it is about; a no of
any identifier reaches everywhere. So records that are joined never gain a permission by it, and an unmerge restores
everything exactly. Decision 0005 says why, and what that costs.

Of the decisions under one identifier, both clocks count: the decider's and ours. A yes holds only if it was decided
after, and received no earlier than, everything that does not permit. So no clock that a sender sets lets a yes outlive
a no that we received later. Decision 0024 has the table.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time

from consent.durations import end_of_consent
from consent.model import ConsentEvent, ConsentState, LegalBasis, Part, Purpose, Standing
from contracts.identifiers import Identifier


def standing(
    events: Iterable[ConsentEvent], purpose: Purpose, now: datetime, parts: Collection[Part] | None = None
) -> Standing:
    """Where the person of these records stands at `now`; the order of the events does not matter.

    `events` are those of all their identifiers. Without `parts` all these identifiers are taken as one record's.
    """
    known = [event for event in events if event.purpose == purpose.id and _begins(event) <= now]
    if not known and parts is not None:  # as most people stand on most purposes
        if purpose.legal_basis is LegalBasis.CONSENT:
            return Standing(ConsentState.UNKNOWN, None, undecided=frozenset(parts))
        return Standing(ConsentState.UNKNOWN, None, frozenset(parts))
    whole = frozenset(parts) if parts is not None else frozenset({frozenset(event.identifier for event in known)})
    if purpose.contact is None:
        known = [replace(event, contact_point=None) for event in known]  # nothing to reach anyone by
    general = _counting((event for event in known if event.contact_point is None), purpose, now)
    if purpose.legal_basis is not LegalBasis.CONSENT:
        worst = max(_counting(known, purpose, now).values(), key=_more_restrictive, default=None)
        return Standing(worst.state if worst else ConsentState.UNKNOWN, worst, whole)
    refused = any(not event.state.permits for event in general.values())
    own = frozenset(part for part in whole if not refused and any(_yes(general.get(one)) for one in part))
    points = {
        point: event
        for point in {one for part in whole for one in part if one.kind == purpose.contact}
        if (event := _permits_point(point, _about(point, known, purpose, now), general, whole, own))
    }
    usable = own | {part for part in whole if part & points.keys()}
    if usable and (purpose.contact is not None or usable == whole):
        yes = [*points.values(), *(event for one, event in general.items() if any(one in part for part in own))]
        newest = max((event for event in yes if event.state.permits), key=_later)
        return Standing(newest.state, newest, usable, frozenset(points), whole - usable)
    addressed = _counting((event for event in known if event.contact_point is not None), purpose, now)
    said = [*general.values(), *addressed.values()]
    worst = max(said, key=_more_restrictive, default=None)
    if worst is None or worst.state.permits:
        return Standing(ConsentState.UNKNOWN, None, undecided=whole - usable)
    return Standing(worst.state, worst)


def state_at(event: ConsentEvent, purpose: Purpose, now: datetime) -> ConsentState:
    """What an event says at `now`: a yes ends by time alone, or with a new notice where the purpose says so.

    A yes to a notice that the purpose never had is none.
    """
    if not event.state.permits:
        return event.state
    ends = ends_at(event, purpose)
    if ends is not None and ends <= now:
        return ConsentState.EXPIRED
    if not purpose.had_notice(event.notice_version):
        return ConsentState.INVALIDATED
    in_force = purpose.notice_since is None or now >= datetime.combine(purpose.notice_since, time(), UTC)
    if purpose.new_notice_voids and in_force and event.notice_version != purpose.notice_version:
        return ConsentState.INVALIDATED
    return event.state


def permits(purpose: Purpose, stands: Standing, addressed: Collection[Part] | None = None) -> bool:
    """Whether the purpose may go on: consented to, with somewhere to reach the person, or not objected to."""
    if purpose.legal_basis is LegalBasis.CONSENT:
        return stands.state.permits and reachable(purpose, stands, addressed)
    return not stands.state.refuses


def reachable(purpose: Purpose, stands: Standing, addressed: Collection[Part] | None = None) -> bool:
    """Whether there is an address of the kind that the purpose uses, in a record that it may use.

    `addressed` are the records with a postal address; left out, they are taken to have one.
    """
    if purpose.contact == "post":
        return addressed is None or not stands.parts.isdisjoint(addressed)
    return purpose.contact is None or bool(stands.points)


def ends_at(event: ConsentEvent, purpose: Purpose) -> datetime | None:
    """When a yes ends, whoever wrote it: after the purpose's validity, or sooner where it says so itself."""
    if not event.state.permits:
        return event.expires_at
    return end_of_consent(purpose, min(event.decided_at, _received(event)), event.expires_at)


def _about(
    point: Identifier, known: Iterable[ConsentEvent], purpose: Purpose, now: datetime
) -> dict[Identifier, ConsentEvent]:
    return _counting((event for event in known if event.contact_point in (None, point)), purpose, now)


def _permits_point(
    point: Identifier,
    said: dict[Identifier, ConsentEvent],
    general: dict[Identifier, ConsentEvent],
    whole: Collection[Part],
    own: Collection[Part],
) -> ConsentEvent | None:
    """The yes for an address: its own, or that of every record that carries it; and no other word against it."""
    if any(not event.state.permits for event in said.values()):
        return None
    if point in said:
        return said[point]
    if any(point in part and part not in own for part in whole):
        return None
    yes = [general[one] for part in own if point in part for one in part if one in general]
    return max(yes, key=_later, default=None)


def _counting(events: Iterable[ConsentEvent], purpose: Purpose, now: datetime) -> dict[Identifier, ConsentEvent]:
    """The word that counts under each identifier, with what it says at `now`."""
    of: dict[Identifier, list[ConsentEvent]] = {}
    for event in events:
        of.setdefault(event.identifier, []).append(event)
    return {identifier: _word(said, purpose, now) for identifier, said in of.items()}


def _word(events: list[ConsentEvent], purpose: Purpose, now: datetime) -> ConsentEvent:
    """The one of these decisions that counts; of two that are equally late, the more restrictive."""
    if len(events) > 1:
        events = [one for one in events if not one.state.permits or purpose.had_notice(one.notice_version)] or events
    against = [one for one in events if not one.state.permits]
    yes = [one for one in events if one.state.permits]
    holding = [one for one in yes if all(_holds(one, word) for word in against)]
    if not holding:
        # A yes alone takes a no back: to be asked again, or to put an answer off, does not.
        refusals = [one for one in against if one.state.refuses and not any(_holds(other, one) for other in yes)]
        return max(refusals or against, key=_later)
    return max((replace(one, state=state_at(one, purpose, now)) for one in holding), key=_later)


def _holds(yes: ConsentEvent, word: ConsentEvent) -> bool:
    """Whether a yes holds against a word that does not permit: decided after it, and received no earlier."""
    return yes.decided_at > _begins(word) and _received(yes) >= _received(word)


def _received(event: ConsentEvent) -> datetime:
    return event.received_at or event.decided_at


def _begins(event: ConsentEvent) -> datetime:
    """From when a word counts: a yes not before it says, any other at once, however far ahead it is dated."""
    return event.decided_at if event.state.permits else min(event.decided_at, _received(event))


def _yes(event: ConsentEvent | None) -> bool:
    return event is not None and event.state.permits


def _later(event: ConsentEvent) -> tuple[datetime, int, str]:
    return event.decided_at, event.state.restrictiveness, event.consent_id


def _more_restrictive(event: ConsentEvent) -> tuple[int, datetime, str]:
    return event.state.restrictiveness, event.decided_at, event.consent_id
