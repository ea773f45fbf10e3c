"""Errors as RFC 9457 problem documents, which never repeat what the caller sent."""

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
UNKNOWN = "?"
QUOTING = frozenset({"union_tag_invalid", "uuid_parsing", "url_parsing"})
"""Kinds of pydantic's errors whose text may hold a part of what was sent."""
PREFIX = "urn:one-customer-view:problem:"

log = structlog.get_logger()


class Problem(Exception):
    """An answer that is an error: `kind` names it for programs, `detail` says what to do; `more` adds members."""

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers, self.more = status, kind, detail, headers, more


def not_found() -> Problem:
    """The one answer for a profile that is not there and for one that this caller may not see."""
    return Problem(
        404, "profile-not-found", "Expected the id or identifier of a profile that you may read, found none."
    )


def unavailable(what: str) -> Problem:
    """The answer where a part without which nothing may leave does not work."""
    return Problem(503, "unavailable", f"No data leaves without {what}, which does not answer; try again later.")


def problem_response(problem: Problem) -> JSONResponse:
    """The problem document of an error."""
    body = {
        "type": PREFIX + problem.kind,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.more,
    }
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def expectations(errors: Iterable[Mapping[str, Any]], known: Iterable[str]) -> list[dict[str, str]]:
    """What pydantic found wrong: where, and what was expected. `known` are the names that may be told: a place may be
    named by a key that the caller made up."""
    names = frozenset(known)
    return [
        {
            "at": ".".join(str(part) if isinstance(part, int) or part in names else UNKNOWN for part in one["loc"]),
            "expected": one["msg"] if one["type"] not in QUOTING else "a value as the API document describes it",
        }
        for one in errors
    ]


def _names(document: dict[str, Any]) -> frozenset[str]:
    """Every name that the API document gives to a part of a request."""
    found: set[str] = {"body", "query", "path", "header"}
    waiting: list[Any] = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            found |= {one["name"]} if isinstance(one.get("name"), str) else set()
            found |= set(one["properties"]) if isinstance(one.get("properties"), dict) else set()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return frozenset(found)


def handle_errors(app: FastAPI) -> None:
    """Makes every error of this app a problem document."""
    names = cache(lambda: _names(app.openapi()))

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = expectations(error.errors(), names())
        detail = "Expected a request as the API document describes it, found one that is not; see `errors`."
        return problem_response(Problem(422, "invalid-request", detail, errors=errors))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        headers = dict(error.headers) if error.headers else None
        return problem_response(Problem(error.status_code, kind, f"{kind.replace('-', ' ')}.", headers=headers))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        # The type alone: messages of drivers and parsers may repeat personal data.
        log.error("unexpected error", error=type(error).__name__)
        return problem_response(Problem(500, "internal", "Something failed on our side; the operators have a trace."))
