"""A path means the same with a slash at its end and without: a redirect would cost the sender the body, and behind a
proxy that ends TLS lead to http."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Direct:
    """Names a path as its route does; `mounted` are the paths at which other applications stand."""

    def __init__(self, app: ASGIApp, mounted: frozenset[str]) -> None:
        self._app, self._mounted = app, mounted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            bare = scope["path"].rstrip("/")
            path = f"{bare}/" if bare in self._mounted else bare
            if path and path != scope["path"]:
                scope["path"], scope["raw_path"] = path, path.encode()  # of the same scope: its route is logged by it
        await self._app(scope, receive, send)
