"""Privacy requests as they are kept: filed, moved step by step, listed; every step leaves its line in the timeline."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from consent.model import Actor, Role
from consent.open_requests import OPEN
from consent.requests import PrivacyRequest, RequestKind, RequestState, RequestStep, StepNotPossible, advance, received
from erasure.attempts import begun
from erasure.four_eyes import ERASE, PROPOSED
from profile_api.responses.errors import Problem
from read_model.redirects import came_apart, current_id, may_be_anothers
from stores.schema import privacy_request_events, privacy_request_notes, privacy_requests, redirects

SIGNED_IN = "signed in"


def file(
    connection: Connection,
    actor: Actor,
    kind: RequestKind,
    profile_id: str,
    details: dict[str, Any],
    received_at: datetime,
    now: datetime,
) -> PrivacyRequest:
    """A new request; of a customer who is signed in the identity is checked with it."""
    request = received(f"r_{uuid4().hex}", kind, profile_id, received_at)
    try:
        with connection.begin_nested():
            connection.execute(insert(privacy_requests).values(**vars(request), details=details))
    except IntegrityError:
        detail = f"Expected no open {kind} request of this person, found one; go on with that one."
        raise Problem(409, "duplicate-request", detail) from None
    write_down(connection, request, actor, "receive", None, now)
    if actor.role is Role.CUSTOMER:
        request = move(connection, request, actor, RequestStep.CHECK_IDENTITY, SIGNED_IN, now)
    return request


def move(
    connection: Connection, request: PrivacyRequest, actor: Actor, step: RequestStep, note: str | None, now: datetime
) -> PrivacyRequest:
    """The request after a step, kept; a 409 where the step is not possible."""
    erasing = step is RequestStep.REFUSE and bool(begun(connection, [request.request_id]))
    if step in (RequestStep.START, RequestStep.COMPLETE):
        check_whose(connection, request, now)
    try:
        moved = advance(request, step, now.astimezone(UTC).date(), note, erasing=erasing)
    except StepNotPossible as error:
        raise Problem(409, "step-not-possible", str(error)) from error
    where = privacy_requests.c.request_id == request.request_id
    connection.execute(update(privacy_requests).where(where).values(state=moved.state, due_on=moved.due_on))
    write_down(connection, moved, actor, step, note, now)
    return moved


def find(connection: Connection, request_id: str, own: str | None = None, *, lock: bool = False) -> PrivacyRequest:
    """The request of this id; with `own`, only if it is that profile's. Otherwise the one 404."""
    query = select(privacy_requests).where(privacy_requests.c.request_id == request_id)
    row = connection.execute(query.with_for_update() if lock else query).first() if "\x00" not in request_id else None
    if row is None or (own is not None and not _is_theirs(connection, own, _request(row))):
        raise Problem(404, "request-not-found", "Expected the id of a request that you may see, found none.")
    return _request(row)


def details_of(connection: Connection, request_id: str) -> dict[str, Any]:
    """What the person asked for."""
    found = select(privacy_requests.c.details).where(privacy_requests.c.request_id == request_id)
    return dict(connection.execute(found).scalar_one())


def listed(
    connection: Connection,
    *,
    own: str | None,
    state: RequestState | None,
    overdue: bool,
    now: datetime,
    open_only: bool = False,
) -> list[PrivacyRequest]:
    """Requests, the soonest due first; `own` limits them to those of this profile."""
    query = select(privacy_requests).order_by(privacy_requests.c.due_on, privacy_requests.c.request_id).limit(200)
    if own is not None:
        merged = select(redirects.c.old_id).where(redirects.c.profile_id == own)
        query = query.where(or_(privacy_requests.c.profile_id == own, privacy_requests.c.profile_id.in_(merged)))
    if state is not None:
        query = query.where(privacy_requests.c.state == state)
    if open_only:
        query = query.where(OPEN)
    if overdue:
        query = query.where(OPEN, privacy_requests.c.due_on < now.astimezone(UTC).date())
    found = [_request(row) for row in connection.execute(query)]
    return [one for one in found if own is None or _is_theirs(connection, own, one)]


def proposed(connection: Connection) -> set[str]:
    """The requests whose erasure one officer has proposed, and none has begun."""
    of = privacy_request_events.c
    erased = select(of.request_id).where(of.step == ERASE)
    alone = select(of.request_id).where(of.step == PROPOSED, of.request_id.not_in(erased))
    return set(connection.scalars(alone))


def steps_of(connection: Connection, request_id: str) -> list[dict[str, Any]]:
    """The request's timeline, oldest first."""
    events, notes = privacy_request_events, privacy_request_notes
    query = (
        select(events.c.at, events.c.actor, events.c.step, events.c.state, notes.c.note)
        .join(notes, notes.c.event_id == events.c.event_id, isouter=True)
        .where(events.c.request_id == request_id)
        .order_by(events.c.event_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def check_whose(connection: Connection, request: PrivacyRequest, now: datetime) -> None:
    """A 409 where the request's profile may have become another person's."""
    if may_be_anothers(connection, request, now):
        detail = (
            "Expected the profile to be whose it was when this was filed, found that records went to another since; "
            "refuse this request with a word to the person, and file it anew for the profile that is theirs."
        )
        raise Problem(409, "identity-changed", detail)


def _is_theirs(connection: Connection, own: str, request: PrivacyRequest) -> bool:
    # It may be filed under an id that was merged away since. Where records went away from the id since, nobody can tell
    # which of the two people filed it: the officer can read it, neither of them can.
    under = request.profile_id
    same = under == own or current_id(connection, under) == current_id(connection, own)
    return same and not came_apart(connection, {under, own}, since=request.received_at)


def _request(row: Row[Any]) -> PrivacyRequest:
    return PrivacyRequest(
        row.request_id,
        RequestKind(row.kind),
        row.profile_id,
        row.received_at.astimezone(UTC),
        row.due_on,
        RequestState(row.state),
    )


def write_down(
    connection: Connection, request: PrivacyRequest, actor: Actor, step: str, note: str | None, now: datetime
) -> None:
    """Adds a line to the request's timeline; a customer is only called that."""
    event = insert(privacy_request_events).values(
        request_id=request.request_id, at=now, actor=actor.on_record, step=step, state=request.state
    )
    event_id = connection.execute(event.returning(privacy_request_events.c.event_id)).scalar_one()
    if note:
        connection.execute(insert(privacy_request_notes).values(event_id=event_id, note=note))
