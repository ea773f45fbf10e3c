"""The person's features, as the online store has them now."""

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool

from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.responses.views import Answer, FeaturesData

router = APIRouter(prefix="/v1/profiles", tags=["features"], responses=PROBLEMS)


@router.get("/{profile_id}/features", summary="Read a person's features for a purpose")
async def read_features(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[FeaturesData]:
    """The features that serve this purpose, each with the time it holds for."""
    return await run_in_threadpool(gate.features, reader, purpose, profile_id)
