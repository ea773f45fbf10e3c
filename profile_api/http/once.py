"""Refuses requests that state twice what is decided on: somebody before this service may have read the other one."""

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from profile_api.responses.errors import Problem, problem_response

ONCE = {b"authorization", b"purpose", b"case-reference", b"write-key"}


class StatedOnce:
    """Lets a request through if each of these headers comes once at most."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        stated = Counter(name for name, _ in scope["headers"] if name in ONCE)
        if twice := sorted(name.decode() for name, times in stated.items() if times > 1):
            detail = f"Expected each of these headers once, found more of {', '.join(twice)}."
            problem = Problem(400, "header-stated-twice", detail)
            return await problem_response(problem)(scope, receive, send)
        return await self._app(scope, receive, send)
