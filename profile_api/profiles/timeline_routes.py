"""The person's interactions, across channels."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool

from profile_api.access.cursors import position_of
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.responses.views import Answer, TimelineData

router = APIRouter(prefix="/v1/profiles", tags=["timeline"], responses=PROBLEMS)


@router.get("/{profile_id}/timeline", summary="Read a person's interactions, newest first")
async def read_timeline(
    gate: AskedGate,
    reader: Reader,
    profile_id: ProfileId,
    purpose: PurposeHeader = None,
    cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Answer[TimelineData]:
    """Events whose type is withheld are absent, also from the pages' sizes."""
    start = position_of(cursor) if cursor else None
    return await run_in_threadpool(gate.timeline, reader, purpose, profile_id, start, limit)
