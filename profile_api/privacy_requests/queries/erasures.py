"""Whether a person may be erased now, how far it has come, and the certificate, as the store keeps them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Connection, Row, Text, cast, select

from consent.model import Actor
from consent.requests import PrivacyRequest, RequestKind, RequestState
from erasure import attempts
from erasure.four_eyes import confirmed, proposers, steps_of
from erasure.journal import Asked, timed_steps
from erasure.operational.holds import in_force
from erasure.operational.owners import former_ids, records_of
from profile_api.access.stored import StoredProfile
from profile_api.privacy_requests.queries.requests import details_of
from profile_api.responses.errors import Problem
from stores.schema import erasures, privacy_requests

UNDER_WAY = (RequestState.IN_PROGRESS, RequestState.EXTENDED)


@dataclass(frozen=True)
class ErasureProgress:
    """The last attempt of a request, whether it runs, the steps that are done, and the certificate of the end."""

    attempt: Row[Any] | None
    runs: bool
    done: Mapping[str, Any]
    certificate: dict[str, Any] | None


def check_erasable(connection: Connection, request: PrivacyRequest) -> None:
    """A 409 unless the request is an erasure that was started, and no other erasure runs."""
    if request.kind is not RequestKind.ERASURE or request.state not in UNDER_WAY:
        detail = "Expected a request for erasure that was started, found another."
        raise Problem(409, "step-not-possible", detail)
    chosen = details_of(connection, request.request_id).get("records")
    on_hold = in_force(connection, chosen or records_of(connection, [request.profile_id]))
    if on_hold:
        detail = f"Expected nobody under a legal hold, found {len(on_hold)}: lift `holds`, or refuse the request."
        raise Problem(409, "legal-hold", detail, holds=sorted(on_hold))
    if attempts.busy(connection):
        raise Problem(409, "erasure-running", "Expected no erasure to run, found one; try again when it has ended.")


def check_not_begun(connection: Connection, profile: StoredProfile, records: Collection[str]) -> None:
    """A 409 if an erasure of any of these records of a profile has begun, as far as its request names them.

    Whom an erasure found is sealed, so records that it found by itself cannot be compared here; it asks for holds again
    before it deletes.
    """
    of = privacy_requests.c
    under_way = select(of.request_id, of.profile_id, of.details).where(
        of.kind == RequestKind.ERASURE, of.state.in_(UNDER_WAY)
    )
    ids = {profile.profile_id, *former_ids(connection, [profile.profile_id])}
    about = set[str]()
    for row in connection.execute(under_way):
        asked = Asked.of(row.details)
        whole = row.profile_id in ids and not asked.records
        if whole or asked.records.intersection(records) or asked.identifiers.intersection(profile.identifiers):
            about.add(row.request_id)
    if attempts.begun(connection, about):
        detail = "Expected records whose erasure has not begun, found that it has: a hold cannot keep them any more."
        raise Problem(409, "erasure-begun", detail)


def is_confirmed_by(connection: Connection, request: PrivacyRequest, officer: Actor) -> bool:
    """Whether this officer's word makes four eyes of it; a 409 where they are the one who proposed it."""
    steps = steps_of(connection, request.request_id)
    proposed = proposers(steps)
    if confirmed(steps) or proposed - {officer.on_record}:
        return True
    if proposed:
        detail = "Expected another officer to confirm the erasure, found the one who proposed it."
        raise Problem(409, "second-officer-needed", detail)
    return False


def erasure_of(connection: Connection, request_id: str) -> ErasureProgress:
    """How far the erasure of a request has come."""
    attempt = attempts.last_of(connection, request_id)
    of_request = erasures.c.requests.has_any(cast([request_id], ARRAY(Text)))
    row = connection.execute(select(erasures).where(of_request).order_by(erasures.c.started_at.desc()).limit(1)).first()
    done = timed_steps(connection, row.erasure_id) if row else {}
    if "versions" in done:
        done["subject"] = done.pop("versions")
    certificate = (row.certificate or {}).get("certificate") if row else None
    busy = attempts.busy(connection)
    runs = busy and attempt is not None and attempts.running(connection) == attempt.attempt_id
    return ErasureProgress(attempt, runs, done, certificate)


def certificate_of(connection: Connection, request_id: str) -> dict[str, Any]:
    """The certificate of the erasure that a request brought about."""
    of_request = erasures.c.requests.has_any(cast([request_id], ARRAY(Text)))
    query = select(erasures.c.certificate).where(of_request, erasures.c.certificate.is_not(None))
    found = connection.scalar(query.order_by(erasures.c.started_at.desc()).limit(1))
    if found is None:
        detail = "Expected an erasure that has ended, found none; see the request's state."
        raise Problem(404, "certificate-not-found", detail)
    return dict(found)
