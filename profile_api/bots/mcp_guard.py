"""Guards the Model Context Protocol: requires a token the API accepts, and errors that repeat nothing of the caller.

The protocol's library quotes arguments, methods and names in its errors. Errors here name fields and what was
expected, in our own words.
"""

import json
from collections.abc import Iterable
from typing import Any

import structlog
from fastapi import FastAPI
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from profile_api.access.asking import referring
from profile_api.http.auth import unauthorised
from profile_api.responses.errors import Problem, expectations, problem_response

UNSUPPORTED_VERSION = -32022
MEANINGS = {
    -32700: "Expected JSON, found something else.",
    -32601: "Expected a method that this server has, found another.",
    -32602: "Expected parameters as the protocol describes them, found others.",
    -32603: "Something failed on our side.",
    UNSUPPORTED_VERSION: "Expected one of the versions in `supported`, found another.",
}

log = structlog.get_logger()


class QuietServer(MCPServer[Any]):
    """Tools whose errors say what was expected, and never what was sent."""

    async def call_tool(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if name not in self.tools:
            raise ToolError("unknown-tool: expected a tool of `tools/list`, found another.")
        try:
            return await super().call_tool(name, *args, **kwargs)
        except MCPError:
            raise
        except ToolError as error:
            if isinstance(error.__cause__, ToolError) and not isinstance(error, UnexpectedToolError):
                raise ToolError(str(error)) from None
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(f"invalid-request: {_fields(error.__cause__, self.tools[name])}") from None
            # The type alone: messages of drivers and parsers may repeat personal data.
            log.error("a tool failed", tool=name, error=type(error.__cause__).__name__)
            raise ToolError("internal: something failed on our side; the operators have a trace.") from None

    @property
    def tools(self) -> dict[str, frozenset[str]]:
        """The names of the arguments of each tool."""
        return {one.name: frozenset(one.parameters["properties"]) for one in self._tool_manager.list_tools()}


def _fields(error: ValidationError, known: Iterable[str]) -> str:
    problems = expectations(error.errors(include_url=False), known)
    return "; ".join(f"{one['at']}: {one['expected']}" for one in problems) + "."


class TokenGuard:
    """Lets in whoever has a token that the API accepts; the actor goes with the request.

    Only POST: without sessions, a stream held open by GET would never deliver anything.
    """

    def __init__(self, protocol: ASGIApp, app: FastAPI) -> None:
        self._protocol, self._app = protocol, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise unauthorised()
            actor = await self._app.state.verifier.actor_soon(token)
            scope["actor"] = referring(actor, Request(scope).headers, {})
            if request.method != "POST":
                raise Problem(405, "method-not-allowed", "Expected a POST, found another.", headers={"Allow": "POST"})
        except Problem as problem:
            return await problem_response(problem)(scope, receive, send)
        return await _Restated(send).through(self._protocol, scope, receive)


class _Restated:
    """Buffers an answer until it is complete, and rewrites its error."""

    def __init__(self, send: Send) -> None:
        self._send, self._body = send, bytearray()
        self._start: Message | None = None

    async def through(self, protocol: ASGIApp, scope: Scope, receive: Receive) -> None:
        await protocol(scope, receive, self._hold)

    async def _hold(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body", False) or self._start is None:
            return
        body = restated(bytes(self._body))
        others = [one for one in self._start["headers"] if one[0].lower() != b"content-length"]
        self._start["headers"] = [*others, (b"content-length", str(len(body)).encode())]
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


def restated(body: bytes) -> bytes:
    """An answer of the protocol, its error in our own words where it is one."""
    try:
        answer = json.loads(body)
    except ValueError:
        return b""  # no answer of the protocol: an error of the library in plain text
    if not isinstance(answer, dict) or "error" not in answer:
        return body
    code, data = answer["error"].get("code"), answer["error"].get("data")
    answer["error"] = {
        "code": code,
        "message": MEANINGS.get(code, "Expected a request of the protocol, found something else."),
    }
    if code == UNSUPPORTED_VERSION and isinstance(data, dict):
        answer["error"]["data"] = {"supported": data.get("supported"), "requested": "another"}
    return json.dumps(answer).encode()
