"""What is kept of a person, for what and until when."""

from fastapi import APIRouter

from consent.purposes import published_purposes
from profile_api.auth import Reader
from profile_api.dependencies import PROBLEMS, AskedGate, PurposeHeader
from profile_api.rights.keeping import KeepingData, keeping_of
from profile_api.routers.profiles import ProfileId
from profile_api.views import Answer

router = APIRouter(prefix="/v1", tags=["retention"], responses=PROBLEMS)


@router.get("/profiles/{profile_id}/retention", summary="What ends when, by purpose and category")
def read_retention(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[KeepingData]:
    """Customers see their own; it says nothing of whether a purpose is permitted."""
    return keeping_of(gate, reader, purpose, profile_id, published_purposes())
