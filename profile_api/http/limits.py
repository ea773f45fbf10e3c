"""Guards before any route: how large a body may be, what headers every answer carries, what the log may say."""

import asyncio
import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.events import LARGEST_BATCH
from profile_api.http.collection import BATCHES
from profile_api.responses.errors import Problem, problem_response

LARGEST_BODY = 64 * 1024
LARGEST_OF = dict.fromkeys(BATCHES, LARGEST_BATCH)
"""Paths that may be sent more."""
BODY_WITHIN = 15.0
"""Seconds for a whole body: even a batch then needs 33 KB a second."""
HEADERS = {
    b"cache-control": b"no-store",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}

log = structlog.get_logger()


class BodyLimit:
    """Refuses bodies that are beyond 64 KiB, or the cap of their path, whatever length they state, and such as come
    too slowly."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        # Read whole before the route runs: it is small, and so no answer has begun when it proves too large.
        largest = LARGEST_OF.get(scope["path"], LARGEST_BODY)
        try:
            _check(_stated(scope), largest)
            async with asyncio.timeout(BODY_WITHIN):
                body = await _whole(receive, largest)
        except TimeoutError:
            detail = f"Expected a whole body within {BODY_WITHIN:.0f} seconds, found a part of one; send it again."
            problem = Problem(408, "body-too-slow", detail, headers={"Connection": "close"})
            return await problem_response(problem)(scope, receive, send)
        except Problem as problem:
            return await problem_response(problem)(scope, receive, send)
        if body is None:
            return None
        given = False

        async def once() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        return await self._app(scope, once, send)


async def _whole(receive: Receive, largest: int) -> bytes | None:
    """The body; None where its sender went away."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
        _check(len(body), largest)
    return bytes(body)


def _stated(scope: Scope) -> int:
    """The length that a request states; 0 where it states none."""
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(stated) if stated.isdigit() else 0


def _check(size: int, largest: int) -> None:
    if size > largest:
        detail = f"Expected a body of at most {largest} bytes, found a larger one."
        raise Problem(413, "body-too-large", detail, headers={"Connection": "close"})


class ProtectiveHeaders:
    """Adds the protective headers, and logs each request by its route's template: never a path, query or body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        started, status = time.perf_counter(), 500

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers: list[Any] = message.setdefault("headers", [])
                present = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in HEADERS.items() if name not in present]
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            elapsed = round((time.perf_counter() - started) * 1000, 1)
            log.info("request", method=scope["method"], route=route, status=status, milliseconds=elapsed)
