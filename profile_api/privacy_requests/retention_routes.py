"""What is kept of a person, for what and until when; and what officers hold back from being deleted."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from consent.purposes import published_purposes
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.privacy_requests.holding import HoldDesk, HoldForm, HoldList, HoldView, LiftHoldForm
from profile_api.privacy_requests.keeping import KeepingData, keeping_of
from profile_api.responses.views import Answer

BEGUN: dict[int | str, dict[str, Any]] = {
    409: {"model": ProblemDocument, "description": "An erasure of these records has begun"}
}

router = APIRouter(prefix="/v1", tags=["retention"], responses=PROBLEMS)


@router.get("/profiles/{profile_id}/retention", summary="What ends when, by purpose and category")
def read_retention(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[KeepingData]:
    """Customers see their own; it says nothing of whether a purpose is permitted."""
    return keeping_of(gate, reader, purpose, profile_id, published_purposes())


@router.post("/holds", status_code=201, summary="Hold a person's records back from being deleted", responses=BEGUN)
def place_hold(gate: AskedGate, reader: Reader, form: HoldForm, purpose: PurposeHeader = None) -> HoldView:
    """Neither retention nor an erasure takes them, until the hold is lifted."""
    return HoldDesk(gate).place(reader, purpose, form)


@router.get("/holds", summary="List legal holds")
def list_holds(
    gate: AskedGate,
    reader: Reader,
    purpose: PurposeHeader = None,
    lifted: Annotated[bool, Query(description="also those that were lifted")] = False,
) -> HoldList:
    """For the privacy officer."""
    return HoldDesk(gate).all(reader, purpose, lifted)


@router.post("/holds/{hold_id}/lift", summary="Lift a legal hold")
def lift_hold(
    gate: AskedGate,
    reader: Reader,
    hold_id: Annotated[str, Path(max_length=100, description="id of a hold")],
    form: LiftHoldForm,
    purpose: PurposeHeader = None,
) -> HoldView:
    """The next run of retention, and erasures, take the records again."""
    return HoldDesk(gate).lift(reader, purpose, hold_id, form)
