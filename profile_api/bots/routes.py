"""One round trip for a bot: who it talks to, what it may know of them, and in what tone."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.concurrency import run_in_threadpool

from profile_api.bots import context
from profile_api.bots.context import BotContext
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import Whom, found_by
from profile_api.responses.views import Answer

router = APIRouter(prefix="/v1/bot", tags=["bots"], responses=PROBLEMS)


EXAMPLES = {
    "by identifier": {"value": {"identifier": {"kind": "email", "value": "ana.durand@inbox.example"}}},
    "by profile": {"value": {"profile_id": "p_5d3f0c4e9a1b2c3d4e5f"}},
}


@router.post(
    "/context",
    summary="What a bot needs to know of a person",
    responses={409: {"model": ProblemDocument, "description": "Several people share this identifier"}},
)
async def read_context(
    gate: AskedGate,
    reader: Reader,
    whom: Annotated[Whom, Body(openapi_examples=EXAMPLES)],
    purpose: PurposeHeader = None,
) -> Answer[BotContext]:
    """Fields, features, consents, language, tone, dial and milestones, under one decision and one audit row."""
    return await run_in_threadpool(context.read_context, gate, reader, purpose, found_by(whom))
