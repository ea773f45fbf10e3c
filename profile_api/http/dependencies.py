"""What the routes need from a request, as types."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from contracts.settings import Settings
from profile_api.access.gate import Gate
from profile_api.responses.views import View


# Coroutines, since FastAPI would send plain functions to a thread of their own.
async def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


AskedGate = Annotated[Gate, Depends(_gate)]


async def _now(request: Request) -> datetime:
    clock: Callable[[], datetime] = request.app.state.clock
    return clock()


Now = Annotated[datetime, Depends(_now)]


async def _configured(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Configured = Annotated[Settings, Depends(_configured)]

PurposeHeader = Annotated[
    str | None,
    Header(
        alias="Purpose",
        description="What the data is for: an id of `consent/purposes.yml`. Without one the answer is a 400.",
        examples=["service"],
    ),
]


class ProblemDocument(View):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


def _problem(meaning: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {"description": meaning, "content": {"application/problem+json": {"schema": schema}}}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _problem("No `Purpose` header with a known purpose; `valid` lists them"),
    401: _problem("No token that this service accepts"),
    403: _problem("This role may not read for this purpose, or nobody may"),
    404: _problem("No such profile, or none that you may read"),
    422: _problem("Not a request as described here"),
    429: _problem("Too many requests, or too many different people; `Retry-After` says how long to wait"),
    503: _problem("The store, the ledger, the policies or the audit trail do not answer: no data"),
}
