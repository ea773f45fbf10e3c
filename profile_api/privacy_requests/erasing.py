"""Starts an erasure from the API, as the command that an operator types, and tells how far it has come."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from consent.requests import PrivacyRequest
from contracts.settings import Settings
from erasure import attempts
from profile_api.access.gate import Reading
from profile_api.privacy_requests.queries.erasures import UNDER_WAY, erasure_of
from profile_api.privacy_requests.views import ErasureState, ErasureStepView, ErasureView, FoundView, KeptView

Starter = Callable[[str], None]


def starter(settings: Settings) -> Starter | None:
    """What starts an erasure as the owner of the tables; None where this service does not know the owner.

    It is a process of its own: it needs a JVM, takes a while, and goes on when the service is restarted.
    """
    if settings.owner_url is None:
        return None
    environment = os.environ | {"OCV_DATABASE_URL": settings.owner_url.get_secret_value()}

    def start(request_id: str) -> None:
        command = [sys.executable, "-m", "erasure.run", "--request", request_id]
        nowhere = subprocess.DEVNULL
        subprocess.Popen(command, env=environment, stdin=nowhere, stdout=nowhere, start_new_session=True)

    return start


def progress_of(reading: Reading, request: PrivacyRequest) -> ErasureView:
    """How far the erasure of a request has come, what is still found of the person, and what it waits for."""
    found = reading.run(erasure_of, request.request_id)
    attempt, certificate, done = found.attempt, found.certificate, found.done
    state, why = _state(request, attempt, certificate, found.runs)
    steps = []
    for step, what in attempts.STEPS.items():
        at, removed = done.get(step, (None, None))
        at = at or (attempt.ended_at if step == "certificate" and certificate and attempt else None)
        counts = removed if isinstance(removed, dict) and step != "subject" else {}
        under_way = state == ErasureState.RUNNING and attempt is not None and attempt.step == step
        stands = "done" if at else "running" if under_way else "waiting"
        steps.append(ErasureStepView(step=step, what=what, state=stands, done_at=at, removed=counts))
    places = [FoundView(**line) for line in (attempt.found or [] if attempt else [])]
    kept = [KeptView(**line) for line in (certificate or {}).get("kept", [])]
    return ErasureView(request_id=request.request_id, state=state, why=why, steps=steps, found=places, kept=kept)


def _state(request: PrivacyRequest, attempt: Any, certificate: Any, runs: bool) -> tuple[ErasureState, str]:
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
