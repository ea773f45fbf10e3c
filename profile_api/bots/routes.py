"""One round trip for a bot: who it talks to, what it may know of them, and in what tone."""

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from profile_api.access.gate import by_id, by_identifier
from profile_api.bots import context
from profile_api.bots.context import BotContext
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import Lookup, normalised
from profile_api.responses.views import Answer

router = APIRouter(prefix="/v1/bot", tags=["bots"], responses=PROBLEMS)


class Whom(BaseModel):
    """A person, by an identifier or by the id of the profile: exactly one of the two."""

    model_config = ConfigDict(extra="forbid", strict=True)

    identifier: Lookup | None = None
    profile_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Whom":
        if (self.identifier is None) == (self.profile_id is None):
            raise ValueError("expected either `identifier` or `profile_id`, found both or neither")
        return self


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
    find = by_identifier(normalised(whom.identifier)) if whom.identifier else by_id(whom.profile_id or "")
    return await run_in_threadpool(context.read_context, gate, reader, purpose, find)
