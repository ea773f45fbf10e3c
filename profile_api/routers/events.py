"""Events as they happen, in the Segment spec: this API's own paths, and those of Segment's client libraries."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from consent.signals import has_gpc
from contracts.batches import split_batch
from contracts.events import CALLS, LARGEST_BATCH, LARGEST_ITEM, MOST_ITEMS, RefusedItem
from contracts.sources import Sender, Sources
from profile_api.dependencies import PROBLEMS, ProblemDocument
from profile_api.errors import Problem, unavailable
from profile_api.intake import Intake
from profile_api.live.inbox import Busy, Inbox, Unkeepable
from profile_api.live.messages import Arrival, sort_messages
from profile_api.views import View

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


class Receipt(View):
    """What became of the messages; `accepted` ones are committed."""

    success: bool = Field(description="none was refused")
    accepted: int
    duplicates: int = Field(description="messages whose messageId this source sent before; not applied again")
    refused: list[RefusedView] = Field(description="kept in quarantine")


class _WriteKey(HTTPBasic):
    """Basic authentication whose user name is the write key, as Segment's clients send it."""


_basic = _WriteKey(auto_error=False, description="The write key of a source as user name, with an empty password.")


# A coroutine, since FastAPI would send a plain function to a thread of its own.
async def _sender(request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_basic)]) -> Sender:
    sources: Sources = request.app.state.sources
    sender = sources.of_key(given.username) if given else None
    if sender is None:
        detail = "Expected basic authentication with the key of a source as user name, found none that is known."
        raise Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": 'Basic realm="write key"'})
    return sender


SentBy = Annotated[Sender, Depends(_sender)]
router = APIRouter(
    prefix="/v1",
    tags=["events"],
    responses={
        400: {"model": ProblemDocument, "description": "Not gzip, not JSON, or no batch"},
        401: PROBLEMS[401],
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


@router.post("/events", status_code=202, summary="Record an event", openapi_extra=_SINGLE)
async def record_event(request: Request, sender: SentBy) -> Receipt:
    """202 means that it is committed, and that this messageId counts once whatever is sent again."""
    return await _keep_one(request, sender)


@router.post(
    "/events/batch",
    status_code=202,
    summary="Record events",
    openapi_extra=_MANY,
    responses={207: {"model": Receipt, "description": "Some were refused; the others are committed"}},
)
async def record_events(request: Request, response: Response, sender: SentBy) -> Receipt:
    """Every message by itself: a bad one costs the others nothing."""
    receipt = await _keep_many(request, sender)
    if not receipt.success:
        response.status_code = 207
    return receipt


@router.post("/batch", summary="Record events, as Segment's client libraries send them", openapi_extra=_MANY)
@router.post("/import", summary="The same, as older client libraries send them", openapi_extra=_MANY)
async def client_batch(request: Request, sender: SentBy) -> Receipt:
    """200 also where some were refused, since a client library would send the whole batch again."""
    return await _keep_many(request, sender)


def _client_path(call: str) -> Callable[..., Any]:
    async def record(request: Request, sender: SentBy) -> Receipt:
        return await _keep_one(request, sender, call)

    record.__name__ = f"client_{call}"
    record.__doc__ = f"The path is the message's `type`: {call}."
    return record


for _call in CALLS:
    router.post(f"/{_call}", summary=f"Record {_call}, as Segment's client libraries send it", openapi_extra=_SINGLE)(
        _client_path(_call)
    )


async def _keep_one(request: Request, sender: Sender, call: str | None = None) -> Receipt:
    body = await _read(request, LARGEST_ITEM)
    return await _keep(request, [body], _arrival(request, sender, call=call))


async def _keep_many(request: Request, sender: Sender) -> Receipt:
    body = await _read(request, LARGEST_BATCH)
    try:
        batch = split_batch(body)
    except RefusedItem as refusal:
        told = str(refusal)
        raise Problem(400, "invalid-batch", f"{told[0].upper()}{told[1:]}.") from None
    if len(batch.batch) > MOST_ITEMS:
        detail = f"Expected at most {MOST_ITEMS} messages a batch, found {len(batch.batch)}; send several batches."
        raise Problem(413, "batch-too-long", detail)
    if not batch.batch:
        raise Problem(422, "invalid-batch", "Expected at least one message in `batch`, found none.")
    return await _keep(request, list(batch.batch), _arrival(request, sender, batch.sent_at, batch.context))


def _arrival(
    request: Request,
    sender: Sender,
    sent_at: str | None = None,
    context: dict[str, Any] | None = None,
    call: str | None = None,
) -> Arrival:
    now: datetime = request.app.state.clock()
    return Arrival(sender, now, has_gpc(request.headers), call, sent_at, context)


async def _keep(request: Request, raws: list[bytes | msgspec.Raw], arrival: Arrival) -> Receipt:
    inbox: Inbox = request.app.state.inbox
    intake: Intake = request.app.state.intake
    key, address = arrival.sender.key, request.client.host if request.client else ""
    intake.admit(key, address, len(raws))
    # Many take long enough to hold up everybody else's requests on the event loop.
    found = await asyncio.to_thread(sort_messages, raws, arrival) if len(raws) > FEW else sort_messages(raws, arrival)
    if not arrival.sender.is_server:
        intake.meet(key, address, {one.record_id for one in found.accepted})
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
    return Receipt(success=not refused, accepted=len(new), duplicates=len(found.accepted) - len(new), refused=refused)


async def _read(request: Request, largest: int) -> bytes:
    body = await request.body()
    if request.headers.get("content-encoding", "identity") == "gzip":
        body = _unpacked(body, largest)
    if len(body) > largest:
        raise Problem(413, "body-too-large", f"Expected a body of at most {largest} bytes, found a larger one.")
    return body


def _unpacked(body: bytes, largest: int) -> bytes:
    # Only as far as the cap: a few bytes may unpack to gigabytes.
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        return unpacking.decompress(body, largest + 1)
    except zlib.error:
        raise Problem(400, "invalid-encoding", "Expected a gzip body as Content-Encoding says, found none.") from None
