"""Starts an erasure from the API, as the command that an operator types, and hands out its certificate."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import ARRAY, Connection, Row, Text, cast, func, select

from consent.erasure import attempts
from consent.erasure.four_eyes import confirmed, proposers, steps_of
from consent.erasure.journal import LOCK, timed_steps
from consent.erasure.operational import records_of
from consent.model import Actor
from consent.requests import PrivacyRequest, RequestKind, RequestState
from consent.retaining.holds import standing
from contracts.settings import Settings
from profile_api.errors import Problem
from profile_api.rights.requests import details_of
from profile_api.rights.views import ErasureState, ErasureStepView, ErasureView, FoundView, KeptView
from stores.schema import erasures

Starter = Callable[[str], None]
UNDER_WAY = (RequestState.IN_PROGRESS, RequestState.EXTENDED)


def starter(settings: Settings) -> Starter | None:
    """What starts an erasure as the owner of the tables; None where this service does not know the owner.

    It is a process of its own: it needs a JVM, takes a while, and goes on when the service is restarted.
    """
    if settings.owner_url is None:
        return None
    environment = os.environ | {"OCV_DATABASE_URL": settings.owner_url.get_secret_value()}

    def start(request_id: str) -> None:
        command = [sys.executable, "-m", "consent.erasure.run", "--request", request_id]
        nowhere = subprocess.DEVNULL
        subprocess.Popen(command, env=environment, stdin=nowhere, stdout=nowhere, start_new_session=True)

    return start


def check_erasable(connection: Connection, request: PrivacyRequest) -> None:
    """A 409 unless the request is an erasure that was started, and no other erasure runs."""
    if request.kind is not RequestKind.ERASURE or request.state not in UNDER_WAY:
        detail = "Expected a request for erasure that was started, found another."
        raise Problem(409, "step-not-possible", detail)
    chosen = details_of(connection, request.request_id).get("records")
    held = standing(connection, chosen or records_of(connection, [request.profile_id]))
    if held:
        detail = f"Expected nobody under a legal hold, found {len(held)}: lift `holds`, or refuse the request."
        raise Problem(409, "legal-hold", detail, holds=sorted(held))
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        raise Problem(409, "erasure-running", "Expected no erasure to run, found one; try again when it has ended.")


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


def progress_of(connection: Connection, request: PrivacyRequest) -> ErasureView:
    """How far the erasure of a request has come, what is still found of the person, and what it waits for."""
    attempt = attempts.last_of(connection, request.request_id)
    asked = erasures.c.requests.has_any(cast([request.request_id], ARRAY(Text)))
    row = connection.execute(select(erasures).where(asked).order_by(erasures.c.started_at.desc()).limit(1)).first()
    done = timed_steps(connection, row.erasure_id) if row else {}
    if "versions" in done:
        done["subject"] = done.pop("versions")
    certificate = (row.certificate or {}).get("certificate") if row else None
    busy = not connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK)))
    state, why = _state(
        request,
        attempt,
        certificate,
        busy and attempt is not None and attempts.running(connection) == attempt.attempt_id,
    )
    steps = []
    for step, what in attempts.STEPS.items():
        at, found = done.get(step, (None, None))
        at = at or (attempt.ended_at if step == "certificate" and certificate and attempt else None)
        counts = found if isinstance(found, dict) and step != "subject" else {}
        under_way = state == ErasureState.RUNNING and attempt is not None and attempt.step == step
        stands = "done" if at else "running" if under_way else "waiting"
        steps.append(ErasureStepView(step=step, what=what, state=stands, done_at=at, removed=counts))
    found = [FoundView(**line) for line in (attempt.found or [] if attempt else [])]
    kept = [KeptView(**line) for line in (certificate or {}).get("kept", [])]
    return ErasureView(request_id=request.request_id, state=state, why=why, steps=steps, found=found, kept=kept)


def _state(request: PrivacyRequest, attempt: Row[Any] | None, certificate: Any, runs: bool) -> tuple[ErasureState, str]:
    if certificate:
        return ErasureState.DONE, "Nothing of the person is found any more; see the certificate."
    if runs and attempt is not None:
        return ErasureState.RUNNING, f"It is at the step `{attempt.step}` since {attempt.step_at:%Y-%m-%d %H:%M} UTC."
    if attempt is None:
        if request.state not in UNDER_WAY:
            return ErasureState.NOT_STARTED, f"The request is {request.state}: it has to be started first."
        return ErasureState.NOT_STARTED, "Nobody has begun to erase: call POST /v1/requests/{request_id}/erasure."
    if attempt.outcome == attempts.FOUND:
        places = sum(len(line["where"]) for line in attempt.found)
        return ErasureState.WAITS, (
            f"Something of the person still stands in {places} places, see `found`: mend these, then start it again."
        )
    if attempt.outcome == attempts.FAILED:
        return ErasureState.STOPPED, f"It failed at the step `{attempt.step}`: {attempt.problem}. Start it again."
    return ErasureState.STOPPED, f"It was ended from outside at the step `{attempt.step}`: start it again, it goes on."


def certificate_of(connection: Connection, request_id: str) -> dict[str, Any]:
    """The certificate of the erasure that a request brought about."""
    asked = erasures.c.requests.has_any(cast([request_id], ARRAY(Text)))
    query = select(erasures.c.certificate).where(asked, erasures.c.certificate.is_not(None))
    found = connection.scalar(query.order_by(erasures.c.started_at.desc()).limit(1))
    if found is None:
        detail = "Expected an erasure that has ended, found none; see the request's state."
        raise Problem(404, "certificate-not-found", detail)
    return dict(found)
