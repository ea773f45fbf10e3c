"""The same over the Model Context Protocol: tools for an agent, with a bearer token, through the same gate.

Stateless: every request carries its token and any worker may answer it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import FastAPI
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from consent.model import Actor, Role
from profile_api.access.gate import Gate, by_id, by_identifier
from profile_api.bots.context import BotContext, read_context
from profile_api.bots.mcp_guard import QuietServer, TokenGuard
from profile_api.events.intake import weight_of
from profile_api.handoffs.asking import ask_for_a_person
from profile_api.handoffs.views import HandoffForm, HandoffStatus
from profile_api.http.lookups import Lookup, normalised
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer, ProfileData, View
from read_model.live.inbox import Busy, Unkeepable
from read_model.live.messages import Arrival, sort_messages

PATH = "/mcp"
Told = TypeVar("Told")
INSTRUCTIONS = """Look a customer up by an identifier, or get what you need to talk to them. State the purpose that the
data is for; what the purpose, your role or the person's own decisions do not permit is withheld, and `withheld` says
why. Do not guess what is withheld. Ask for a person when the customer wants one or is in distress, or when you cannot
go on."""

Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", description="email, phone, loyalty_card, ...")]
Value = Annotated[str, Field(min_length=1, max_length=320, pattern=r"^[^\x00]+$")]
Region = Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", description="country of a phone without prefix")]
Purpose = Annotated[str, Field(max_length=100, description="what the data is for, e.g. service")]


class RecordedEvents(View):
    """`accepted` events are committed; a `duplicate` was recorded before and is not applied again."""

    accepted: int
    duplicates: int


def mount_mcp(app: FastAPI) -> None:
    """Adds the endpoint; `serving_mcp` must run while the application serves."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it quotes what callers send; requests are logged by route
    server = QuietServer(
        "one-customer-view",
        title="One customer view",
        instructions=INSTRUCTIONS,
        log_level="WARNING",
        subscriptions=False,  # the other kind of stream that would stay open for nothing
    )
    _add_tools(server, app)
    # A token guards every request, so a page that guesses this address by another host name gains nothing by it.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    protocol = server.streamable_http_app(
        streamable_http_path="/", stateless_http=True, json_response=True, transport_security=security
    )
    app.state.mcp = server
    app.mount(PATH, TokenGuard(protocol, app))


@asynccontextmanager
async def serving_mcp(app: FastAPI) -> AsyncIterator[None]:
    """The endpoint's own tasks."""
    async with app.state.mcp.session_manager.run():
        yield


def _add_tools(server: MCPServer[Any], app: FastAPI) -> None:
    @server.tool(title="Find a customer by an identifier")
    async def lookup_customer(
        kind: Kind, value: Value, purpose: Purpose, ctx: Context[Any, Any], region: Region = None
    ) -> Answer[ProfileData]:
        """The profile of the customer who carries this identifier, within what the purpose permits."""

        def ask() -> Answer[ProfileData]:
            identifier = normalised(Lookup(kind=kind, value=value, region=region))
            return _gate(app).lookup(_actor(ctx), purpose, identifier)

        return await _answered(ask)

    @server.tool(title="What to know before talking to a customer")
    async def get_context(
        purpose: Purpose,
        ctx: Context[Any, Any],
        profile_id: Annotated[str | None, Field(max_length=200)] = None,
        kind: Kind | None = None,
        value: Value | None = None,
        region: Region = None,
    ) -> Answer[BotContext]:
        """Fields, features, consents, language, tone, dial, milestones; by `profile_id`, or by `kind` and `value`."""

        def ask() -> Answer[BotContext]:
            if (profile_id is None) == (kind is None or value is None):
                raise Problem(422, "invalid-request", "Expected either `profile_id`, or `kind` and `value`.")
            if profile_id is not None:
                find = by_id(profile_id)
            else:
                find = by_identifier(normalised(Lookup(kind=kind or "", value=value or "", region=region)))
            return read_context(_gate(app), _actor(ctx), purpose, find)

        return await _answered(ask)

    @server.tool(title="Ask for a person")
    async def request_handoff(
        profile_id: Annotated[str, Field(max_length=200)],
        request: HandoffForm,
        purpose: Purpose,
        ctx: Context[Any, Any],
    ) -> HandoffStatus:
        """Hands the conversation to an advisor, with everything that they need to know; `told` is for the customer."""
        return await _answered(lambda: ask_for_a_person(_gate(app), _actor(ctx), purpose, profile_id, request))

    @server.tool(title="Record what happened")
    async def record_event(
        message: Annotated[
            dict[str, Any], Field(description="a message in the Segment spec: type, userId, event, ...")
        ],
        ctx: Context[Any, Any],
    ) -> RecordedEvents:
        """Keeps an event for the source whose write key the header `Write-Key` holds; answers once it is committed."""
        return await _recorded(app, message, ctx)


def _gate(app: FastAPI) -> Gate:
    found: Gate = app.state.gate
    return found


async def _answered(ask: Callable[[], Told]) -> Told:
    try:
        return await asyncio.to_thread(ask)
    except Problem as problem:
        raise ToolError(f"{problem.kind}: {problem.detail}") from None


async def _recorded(app: FastAPI, message: dict[str, Any], ctx: Context[Any, Any]) -> RecordedEvents:
    sender = app.state.sources.of_key((ctx.headers or {}).get("write-key", ""))
    if _actor(ctx).role is not Role.BOT or sender is None:
        raise ToolError("unauthorised: expected a bot's token and a header `Write-Key` of a source; found others.")
    now: datetime = app.state.clock()
    try:
        raw = msgspec.json.encode(message)
    except (UnicodeError, ValueError, RecursionError):
        raise ToolError("invalid-event: expected text without lone surrogates, found one.") from None
    request = ctx.request_context.request
    address = request.client.host if isinstance(request, Request) and request.client else ""
    found = sort_messages([raw], Arrival(sender, now, False, None, None, None))
    try:
        weight = weight_of([raw]) if app.state.inbox.has_to_look else 1
        app.state.intake.check_rate(sender.key, address, weight)
        if not sender.is_server:
            app.state.intake.count_distinct(sender.key, address, found.records)
        if app.state.inbox.has_to_look:
            await asyncio.to_thread(app.state.inbox.look, found)
        new = await asyncio.wrap_future(app.state.inbox.keep(found))
    except Problem as problem:
        raise ToolError(f"{problem.kind}: {problem.detail}") from None
    except Unkeepable:
        raise ToolError("invalid-event: expected what a database can keep, found something else.") from None
    except (SQLAlchemyError, Busy):
        raise ToolError("unavailable: nothing was kept; send it again.") from None
    if found.refused:
        raise ToolError(f"invalid-event: {found.refused[0].reason}")
    return RecordedEvents(accepted=len(new), duplicates=len(found.accepted) - len(new))


def _actor(ctx: Context[Any, Any]) -> Actor:
    request = ctx.request_context.request
    actor = request.scope.get("actor") if isinstance(request, Request) else None
    if not isinstance(actor, Actor):
        raise ToolError("unauthorised: expected a bearer token.")
    return actor
