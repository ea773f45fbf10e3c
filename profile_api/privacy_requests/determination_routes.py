"""Determinations of the privacy officer: compelling grounds after an objection, parental authorisation."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from consent.purposes import published_purposes
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.privacy_requests.determining import (
    DeterminationForm,
    Determinations,
    DeterminationView,
    determine,
    listed,
    revoke,
)
from profile_api.responses.views import Answer

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ProblemDocument, "description": "Nothing of the kind is to be determined about this person"}
}

router = APIRouter(prefix="/v1", tags=["privacy requests"], responses=PROBLEMS)


@router.post(
    "/profiles/{profile_id}/determinations", status_code=201, summary="Record a determination", responses=CONFLICT
)
def record_determination(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: DeterminationForm, purpose: PurposeHeader = None
) -> DeterminationView:
    """Compelling grounds after an objection (Art. 21(1)), or that a parent authorised a child's consent (Art. 8)."""
    return determine(gate, published_purposes(), reader, purpose, profile_id, form)


@router.get("/profiles/{profile_id}/determinations", summary="What was determined about a person")
def read_determinations(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[Determinations]:
    """Customers see their own."""
    return listed(gate, reader, purpose, profile_id)


@router.post("/determinations/{determination_id}/revoke", status_code=204, summary="End a determination")
def revoke_determination(
    gate: AskedGate,
    reader: Reader,
    determination_id: Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$", description="id of a determination")],
    purpose: PurposeHeader = None,
) -> None:
    """The person's own word stands again from then on."""
    revoke(gate, reader, purpose, determination_id)
