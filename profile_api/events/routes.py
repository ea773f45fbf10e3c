"""Events as they happen, in the Segment spec: this API's own paths, and those of Segment's client libraries."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from consent.signals import has_gpc
from contracts.batches import split_batch
from contracts.events import LARGEST_BATCH, LARGEST_ITEM, MOST_ITEMS, RefusedItem
from profile_api.events.intake import Intake, weight_of
from profile_api.events.sending import Sending, SentBy
from profile_api.http.collection import BATCHES, METRICS, OWN_BATCH, SINGLE
from profile_api.http.dependencies import PROBLEMS, ProblemDocument
from profile_api.responses.errors import Problem, unavailable
from profile_api.responses.views import View
from read_model.live.inbox import Busy, Inbox, Unkeepable
from read_model.live.messages import Arrival, sort_messages

FEW = 20
EXAMPLE = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-2048",
    "messageId": "3f2c9a",
    "timestamp": "2026-03-01T10:00:00Z",
    "properties": {"order_id": "o-17", "total": 49.9, "currency": "EUR"},
    "context": {"consent": {"categoryPreferences": {"advertising": False}}},
}


class RefusedView(View):
    index: int = Field(description="place in the batch, from 0")
    status: Literal[422] = 422
    reason: str


class WarningView(View):
    index: int = Field(description="place in the batch, from 0")
    told: str


class CollectionAnswer(View):
    """What became of the messages; `accepted` ones are committed."""

    success: bool = Field(description="none was refused")
    accepted: int
    duplicates: int = Field(description="messages whose messageId this source sent before; not applied again")
    refused: list[RefusedView] = Field(description="kept in quarantine")
    warnings: list[WarningView] | None = Field(
        None, description="what of accepted messages could not be understood, and what that counts as"
    )


class Taken(View):
    """Nothing was kept."""

    success: bool = True


router = APIRouter(
    tags=["events"],
    responses={
        400: {"model": ProblemDocument, "description": "Not gzip, not JSON, or no batch"},
        401: PROBLEMS[401],
        403: {"model": ProblemDocument, "description": "A page of another origin than the source's `origins`"},
        413: {"model": ProblemDocument, "description": "Larger than 32 KB an event or 500 KB a batch"},
        422: {"model": ProblemDocument, "description": "No message is an event; `refused` says why, item by item"},
        429: {
            "model": ProblemDocument,
            "description": "Too many messages or people; wait as `Retry-After` says",
        },
        503: {"model": ProblemDocument, "description": "Nothing can be kept now: send it again"},
    },
)


def _body(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


_ITEM = {"type": "object", "description": "a message in the Segment spec"}
_SINGLE = _body(_ITEM, EXAMPLE)
_MANY = _body(
    {"type": "object", "required": ["batch"], "properties": {"batch": {"type": "array", "items": _ITEM}}},
    {"batch": [EXAMPLE], "sentAt": "2026-03-01T10:00:01Z"},
)


@router.post(
    "/v1/events",
    status_code=202,
    summary="Record an event",
    openapi_extra=_SINGLE,
    response_model_exclude_none=True,
)
async def record_event(request: Request, sent: SentBy) -> CollectionAnswer:
    """202 means that it is committed, and that this messageId counts once whatever is sent again."""
    return await _keep_one(request, sent)


@router.post(
    OWN_BATCH,
    status_code=202,
    summary="Record events",
    openapi_extra=_MANY,
    response_model_exclude_none=True,
    responses={207: {"model": CollectionAnswer, "description": "Some were refused; the others are committed"}},
)
async def record_events(request: Request, response: Response, sent: SentBy) -> CollectionAnswer:
    """Every message by itself: a bad one costs the others nothing."""
    receipt = await _keep_many(request, sent)
    if not receipt.success:
        response.status_code = 207
    return receipt


async def client_batch(request: Request, sent: SentBy) -> CollectionAnswer:
    """200 also where some were refused, since a client library would send the whole batch again."""
    return await _keep_many(request, sent)


def _client_path(call: str) -> Callable[..., Any]:
    async def record(request: Request, sent: SentBy) -> CollectionAnswer:
        return await _keep_one(request, sent, call)

    record.__doc__ = f"The path says the message's `type`: {call}."
    return record


def _operation(path: str) -> str:
    return f"client_{path.rpartition('/')[2]}"


for _path in BATCHES:
    if _path != OWN_BATCH:
        router.post(
            _path,
            name=_operation(_path),
            summary="Record events, as client libraries send them",
            openapi_extra=_MANY,
            response_model_exclude_none=True,
        )(client_batch)
for _path, _call in SINGLE.items():
    router.post(
        _path,
        name=_operation(_path),
        summary=f"Record {_call}, as client libraries send it",
        openapi_extra=_SINGLE,
        response_model_exclude_none=True,
    )(_client_path(_call))


@router.post(METRICS, summary="Where client libraries in pages tell how they fare themselves; it is kept nowhere")
async def client_metrics() -> Taken:
    """It says nothing of any person, and needs no key."""
    return Taken()


async def _keep_one(request: Request, sent: Sending, call: str | None = None) -> CollectionAnswer:
    return await _keep(request, [sent.within(LARGEST_ITEM)], _arrival(request, sent, call=call))


async def _keep_many(request: Request, sent: Sending) -> CollectionAnswer:
    try:
        batch = split_batch(sent.within(LARGEST_BATCH))
    except RefusedItem as refusal:
        problem = str(refusal)
        raise Problem(400, "invalid-batch", f"{problem[0].upper()}{problem[1:]}.") from None
    if len(batch.batch) > MOST_ITEMS:
        detail = f"Expected at most {MOST_ITEMS} messages a batch, found {len(batch.batch)}; send several batches."
        raise Problem(413, "batch-too-long", detail)
    if not batch.batch:
        return CollectionAnswer(success=True, accepted=0, duplicates=0, refused=[])
    return await _keep(request, list(batch.batch), _arrival(request, sent, batch.sent_at, batch.context))


def _arrival(
    request: Request,
    sent: Sending,
    sent_at: str | None = None,
    context: dict[str, Any] | None = None,
    call: str | None = None,
) -> Arrival:
    now: datetime = request.app.state.clock()
    return Arrival(sent.sender, now, has_gpc(request.headers), call, sent_at, context)


async def _keep(request: Request, raws: list[bytes | msgspec.Raw], arrival: Arrival) -> CollectionAnswer:
    inbox: Inbox = request.app.state.inbox
    intake: Intake = request.app.state.intake
    key, address = arrival.sender.key, request.client.host if request.client else ""
    # Nobody is looked for before somebody was erased. Long messages would hold up everybody else on the event loop.
    weight = await asyncio.to_thread(weight_of, raws) if inbox.has_to_look else len(raws)
    if not intake.is_in_advance(key, address, weight):  # a store counts, which may be slow to answer
        await asyncio.to_thread(intake.check_rate, key, address, weight)
    found = await asyncio.to_thread(sort_messages, raws, arrival) if len(raws) > FEW else sort_messages(raws, arrival)
    if inbox.has_to_look:
        await asyncio.to_thread(inbox.look, found)
    if not arrival.sender.is_server:
        await asyncio.to_thread(intake.count_distinct, key, address, found.records)
    try:
        new = await asyncio.wrap_future(inbox.keep(found))
    except Unkeepable:
        detail = "Expected messages that a database can keep, found something that it refuses; nothing was kept."
        raise Problem(400, "unkeepable", detail) from None
    except SQLAlchemyError as error:
        raise unavailable("the operational store") from error
    except Busy as error:
        detail = "Nothing of this request was kept: more events wait than can be kept soon; send it again."
        raise Problem(503, "busy", detail, headers={"Retry-After": "1"}) from error
    refused = [RefusedView(index=one.index, reason=one.reason) for one in found.refused]
    if not found.accepted:
        detail = "Expected messages in the Segment spec, found none that is one; see `refused`."
        raise Problem(422, "invalid-event", detail, refused=[one.model_dump() for one in refused])
    warnings = [WarningView(index=one.index, told=told) for one in found.accepted for told in one.warnings]
    return CollectionAnswer(
        success=not refused,
        accepted=len(new),
        duplicates=len(found.accepted) - len(new),
        refused=refused,
        warnings=warnings or None,
    )
