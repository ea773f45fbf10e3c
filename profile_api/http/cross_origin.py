"""Pages of other origins may send events, and nothing else: CORS for the paths of collection, without credentials.

A preflight carries no key, so it is answered for an origin that any source names; whether the origin is one of the
source whose key then comes, the route asks.
"""

from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.sources import Sources
from profile_api.http.collection import COLLECTION
from profile_api.responses.errors import Problem, problem_response

ALLOWED = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "authorization, content-encoding, content-type",
    "Access-Control-Max-Age": "600",
}


class CrossOrigin:
    """Answers preflights, and lets pages of known origins read what became of their events."""

    def __init__(self, app: ASGIApp, sources: Sources) -> None:
        self._app, self._sources = app, sources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in COLLECTION:
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            return await self._app(scope, receive, send)
        welcome = self._sources.welcome(origin)
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = Response(status_code=204, headers=ALLOWED) if welcome else problem_response(forbidden())
            return await answer(scope, receive, _adding(send, origin if welcome else None))
        return await self._app(scope, receive, _adding(send, origin if welcome else None))


def forbidden() -> Problem:
    """The answer to a page of an origin that is not one of the source's."""
    detail = "Expected a page of an origin that the source's `origins` name, found another; nothing was kept."
    return Problem(403, "origin-not-allowed", detail)


def _adding(send: Send, origin: str | None) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: list[Any] = message.setdefault("headers", [])
            headers.append((b"vary", b"Origin"))
            if origin is not None:
                headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        await send(message)

    return sending
