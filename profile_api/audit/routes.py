"""Who read what: by person, for the person and the privacy officer; by reader, for the officer."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query

from profile_api.audit.log import (
    AlertReviewForm,
    Alerts,
    AlertView,
    LeftOut,
    TrailData,
    alerts,
    left_out,
    of_person,
    of_reader,
    review,
)
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.responses.views import Answer

router = APIRouter(prefix="/v1", tags=["audit"], responses=PROBLEMS)

Before = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next_before` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/profiles/{profile_id}/audit", summary="Who read what of a person, for what, under which decision")
def read_audit_of_person(
    gate: AskedGate,
    reader: Reader,
    profile_id: ProfileId,
    purpose: PurposeHeader = None,
    before: Before = None,
    limit: Limit = 50,
) -> Answer[TrailData]:
    """Customers see their own. This read is recorded like any other."""
    return of_person(gate, reader, purpose, profile_id, before, limit)


@router.get("/audit/alerts", summary="Reading of staff that looked odd")
def read_alerts(gate: AskedGate, reader: Reader, purpose: PurposeHeader = None) -> Alerts:
    """Many people, at night, neighbours, namesakes of the reader, one case for many; for the privacy officer."""
    return alerts(gate, reader, purpose)


@router.post(
    "/audit/alerts/review",
    summary="Note what came of an alert",
    responses={409: {"model": ProblemDocument, "description": "The alert is about the officer's own reading"}},
)
def review_alert(gate: AskedGate, reader: Reader, form: AlertReviewForm, purpose: PurposeHeader = None) -> AlertView:
    """Who looked into it, when, with which outcome. An alert that grows afterwards waits again."""
    return review(gate, reader, purpose, form)


@router.get("/audit/readers/{actor}", summary="What one reader asked for")
def read_audit_of_reader(
    gate: AskedGate,
    reader: Reader,
    actor: Annotated[str, Path(max_length=200, pattern=r"^[^\x00]+$", description="`sub` of the reader's token")],
    purpose: PurposeHeader = None,
    before: Before = None,
    limit: Limit = 50,
) -> TrailData:
    """Answered and refused, newest first."""
    return of_reader(gate, reader, purpose, actor, before, limit)


@router.get("/audit/left-out", summary="How much was left out because it was of somebody erased")
def read_left_out(
    gate: AskedGate,
    reader: Reader,
    since: Annotated[date, Query(description="the first day")],
    purpose: PurposeHeader = None,
) -> LeftOut:
    """Rows of files and live messages, by channel and day: many of a day may be somebody else's."""
    return left_out(gate, reader, purpose, since)
