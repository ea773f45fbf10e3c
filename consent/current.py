"""A person's effective consent for a purpose: the decision under each identifier, and what it permits for which data.

A person is a set of source records, each with its identifiers. Decisions belong to identifiers and are never copied to
a profile. A yes covers only the records that carry its identifier, or the address that it is about; a no of any
identifier applies everywhere. So joining records never adds a permission, and an unmerge restores everything exactly.
Decision 0005 says why, and what that costs.

Of the decisions under one identifier, both clocks count: the decider's and ours. A yes holds only if it was decided
after, and received no earlier than, everything that does not permit. So whatever a sender's clock says, a yes never
outlives a no that we received later. Decision 0028 has the table.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, time

from consent.durations import end_of_consent
from consent.model import ConsentEvent, ConsentState, EffectiveConsent, LegalBasis, Method, Purpose, RecordIdentifiers
from contracts.identifiers import Identifier

TAKEN_BACK = "-looked-at"
"""The suffix of the id of a decision that revokes an assumed refusal; the rest of the id is the refusal's."""


def effective_consent(
    events: Iterable[ConsentEvent], purpose: Purpose, now: datetime, parts: Collection[RecordIdentifiers] | None = None
) -> EffectiveConsent:
    """The effective consent of the person of these records at `now`; the order of the events does not matter.

    `events` are those of all their identifiers. Without `parts` all identifiers count as one record's.
    """
    known = [event for event in undoubted(events) if event.purpose == purpose.id and _begins(event) <= now]
    if not known and parts is not None:  # the most frequent case
        if purpose.legal_basis is LegalBasis.CONSENT:
            return EffectiveConsent(ConsentState.UNKNOWN, None, undecided=frozenset(parts))
        return EffectiveConsent(ConsentState.UNKNOWN, None, frozenset(parts))
    whole = frozenset(parts) if parts is not None else frozenset({frozenset(event.identifier for event in known)})
    if purpose.contact is None:
        known = [replace(event, contact_point=None) for event in known]  # nothing to reach anyone by
    general = _counting((event for event in known if event.contact_point is None), purpose, now)
    if purpose.legal_basis is not LegalBasis.CONSENT:
        worst = max(_counting(known, purpose, now).values(), key=_more_restrictive, default=None)
        return EffectiveConsent(worst.state if worst else ConsentState.UNKNOWN, worst, whole)
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
        return EffectiveConsent(newest.state, newest, usable, frozenset(points), whole - usable)
    addressed = _counting((event for event in known if event.contact_point is not None), purpose, now)
    verdicts = [*general.values(), *addressed.values()]
    worst = max(verdicts, key=_more_restrictive, default=None)
    if worst is None or worst.state.permits:
        return EffectiveConsent(ConsentState.UNKNOWN, None, undecided=whole - usable)
    return EffectiveConsent(worst.state, worst)


def state_at(event: ConsentEvent, purpose: Purpose, now: datetime) -> ConsentState:
    """The state of an event at `now`: a yes expires, or ends with a new notice if the purpose says so.

    A yes to a notice that the purpose never had does not count.
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


def permits(purpose: Purpose, stands: EffectiveConsent, addressed: Collection[RecordIdentifiers] | None = None) -> bool:
    """Whether the purpose may go on: consented to, with somewhere to reach the person, or not objected to."""
    if purpose.legal_basis is LegalBasis.CONSENT:
        return stands.state.permits and reachable(purpose, stands, addressed)
    return not stands.state.refuses


def reachable(
    purpose: Purpose, stands: EffectiveConsent, addressed: Collection[RecordIdentifiers] | None = None
) -> bool:
    """Whether there is an address of the kind that the purpose uses, in a record that it may use.

    `addressed` are the records with a postal address; left out, they are taken to have one.
    """
    if purpose.contact == "post":
        return addressed is None or not stands.parts.isdisjoint(addressed)
    return purpose.contact is None or bool(stands.points)


def ends_at(event: ConsentEvent, purpose: Purpose) -> datetime | None:
    """When a yes ends, whoever wrote it: after the purpose's validity, or earlier if it says so itself."""
    if not event.state.permits:
        return event.expires_at
    return end_of_consent(purpose, min(event.decided_at, _received(event)), event.expires_at)


def _about(
    point: Identifier, known: Iterable[ConsentEvent], purpose: Purpose, now: datetime
) -> dict[Identifier, ConsentEvent]:
    return _counting((event for event in known if event.contact_point in (None, point)), purpose, now)


def _permits_point(
    point: Identifier,
    events: dict[Identifier, ConsentEvent],
    general: dict[Identifier, ConsentEvent],
    whole: Collection[RecordIdentifiers],
    own: Collection[RecordIdentifiers],
) -> ConsentEvent | None:
    """The yes for an address: its own, or that of every record that carries it, with no decision against it."""
    if any(not event.state.permits for event in events.values()):
        return None
    if point in events:
        return events[point]
    if any(point in part and part not in own for part in whole):
        return None
    yes = [general[one] for part in own if point in part for one in part if one in general]
    return max(yes, key=_later, default=None)


def _counting(events: Iterable[ConsentEvent], purpose: Purpose, now: datetime) -> dict[Identifier, ConsentEvent]:
    """The decision that counts under each identifier, with its state at `now`."""
    of: dict[Identifier, list[ConsentEvent]] = {}
    for event in events:
        of.setdefault(event.identifier, []).append(event)
    return {identifier: _word(decided, purpose, now) for identifier, decided in of.items()}


def _word(events: list[ConsentEvent], purpose: Purpose, now: datetime) -> ConsentEvent:
    """The one of these decisions that counts; of two that are equally late, the more restrictive."""
    if len(events) > 1:
        events = [one for one in events if not one.state.permits or purpose.had_notice(one.notice_version)] or events
    against = [one for one in events if not one.state.permits]
    yes = [one for one in events if one.state.permits]
    began = max((_begins(one) for one in against), default=None)
    received = max((_received(one) for one in against), default=None)
    holding = [
        one
        for one in yes
        if (began is None or one.decided_at > began) and (received is None or _received(one) >= received)
    ]
    if not holding:
        # Only a yes takes a no back: being asked again, or deferring the answer, does not.
        others = [one for one in against if not one.state.refuses]
        return max(_not_taken_back(against, yes) or others or against, key=_later)
    return max((replace(one, state=state_at(one, purpose, now)) for one in holding), key=_later)


def _not_taken_back(against: list[ConsentEvent], yes: list[ConsentEvent]) -> list[ConsentEvent]:
    """The refusals that no yes was decided after and received no earlier than."""
    left, waiting = list[ConsentEvent](), sorted(yes, key=_received)
    decided: datetime | None = None
    for word in sorted((one for one in against if one.state.refuses), key=_received, reverse=True):
        while waiting and _received(waiting[-1]) >= _received(word):
            one = waiting.pop().decided_at
            decided = one if decided is None else max(decided, one)
        if decided is None or decided <= _begins(word):
            left.append(word)
    return left


def undoubted(events: Iterable[ConsentEvent]) -> list[ConsentEvent]:
    """These decisions without assumed refusals that were revoked, and without the revocations."""
    events = list(events)
    looked_at = {one.consent_id for one in events if one.method is Method.LOOKED_AT}
    return [one for one in events if one.consent_id not in looked_at and one.consent_id + TAKEN_BACK not in looked_at]


def _received(event: ConsentEvent) -> datetime:
    return event.received_at or event.decided_at


def _begins(event: ConsentEvent) -> datetime:
    """When a decision takes effect: a yes not before its own time, any other at once, even if dated in the future."""
    return event.decided_at if event.state.permits else min(event.decided_at, _received(event))


def _yes(event: ConsentEvent | None) -> bool:
    return event is not None and event.state.permits


def _later(event: ConsentEvent) -> tuple[datetime, int, str]:
    return event.decided_at, event.state.restrictiveness, event.consent_id


def _more_restrictive(event: ConsentEvent) -> tuple[int, datetime, str]:
    return event.state.restrictiveness, event.decided_at, event.consent_id
