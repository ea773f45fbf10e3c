"""The profile: found by any of the person's identifiers, or by its id."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.concurrency import run_in_threadpool

from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import Lookup, ProfileId, normalised
from profile_api.responses.views import Answer, ProfileData

# Coroutines that change threads once: FastAPI would send a plain function's answer to a thread of its own once more.
router = APIRouter(prefix="/v1/profiles", tags=["profiles"], responses=PROBLEMS)


EXAMPLES = {
    "by e-mail address": {"value": {"kind": "email", "value": "Ana.Durand@inbox.example"}},
    "by phone, as dialled in France": {"value": {"kind": "phone", "value": "01 70 00 00 00", "region": "FR"}},
    "by loyalty card": {"value": {"kind": "loyalty_card", "value": "L-204816"}},
}


@router.post(
    "/lookup",
    summary="Find a profile by one of the person's identifiers",
    responses={
        409: {
            "model": ProblemDocument,
            "description": "Several people share this identifier; `shared_by` says how many",
        }
    },
)
async def look_up(
    gate: AskedGate,
    reader: Reader,
    lookup: Annotated[Lookup, Body(openapi_examples=EXAMPLES)],
    purpose: PurposeHeader = None,
) -> Answer[ProfileData]:
    """The identifier travels in the body: addresses and logs never hold it."""
    return await run_in_threadpool(gate.lookup, reader, purpose, normalised(lookup))


@router.get("/{profile_id}", summary="Read a profile")
async def read_profile(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[ProfileData]:
    """Every field with its source; `requested_id` appears where the id was merged into another."""
    return await run_in_threadpool(gate.profile, reader, purpose, profile_id)
