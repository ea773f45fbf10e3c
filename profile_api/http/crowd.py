"""Limits the concurrent requests of one client, so that none takes all capacity."""

import hashlib
from collections import Counter

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from profile_api.http.connections import network_of
from profile_api.responses.errors import Problem, problem_response

HEALTH = "/v1/health"


class Crowd:
    """Refuses more than `most` concurrent requests of one address, or of one bearer token; each worker counts
    separately.

    Write keys are not counted: one is shared by everybody's browsers.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == HEALTH:
            return await self._app(scope, receive, send)
        clients = _clients(Request(scope))
        if any(self._under_way[one] >= self._most for one in clients):
            detail = f"Expected at most {self._most} requests of one client at a time, found more; wait for answers."
            problem = Problem(429, "too-many-at-once", detail, headers={"Retry-After": "1", "Connection": "close"})
            return await problem_response(problem)(scope, receive, send)
        self._under_way.update(clients)
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way.subtract(clients)
            for one in clients:
                if not self._under_way[one]:
                    del self._under_way[one]


def _clients(request: Request) -> set[str]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = {network_of(request.client.host)} if request.client else set()
    if scheme.lower() == "bearer":
        found.add(hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()[:16])
    return found
