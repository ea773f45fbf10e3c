"""The advisor's sign-in: the token in a cookie that no script reads and no other site can send."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from consent.model import Actor, Role
from profile_api.http.auth import Verifier
from profile_api.responses.errors import Problem

COOKIE = "ocv_advisor"
FOLDER = "/advisor"


class NotSignedIn(Exception):
    """No advisor is signed in, or not any more."""


def lead_to_sign_in(app: FastAPI) -> None:
    """Makes every form of this app lead to the sign-in once the token is missing or over."""

    @app.exception_handler(NotSignedIn)
    async def _sign_in(request: Request, error: NotSignedIn) -> Response:
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": FOLDER})
        return RedirectResponse(FOLDER, status_code=303)


def advisor_of(request: Request, token: str) -> Actor:
    """The advisor whose token this is; 401 for a bad token, 403 for another role."""
    verifier: Verifier = request.app.state.verifier
    actor = verifier.actor(token.strip())
    if actor.role is not Role.ADVISOR:
        raise Problem(403, "role-not-permitted", "Expected the token of an advisor, found that of another role.")
    return actor


def keep(response: Response, request: Request, token: str) -> None:
    """Puts the token in the cookie, for this browser session."""
    response.set_cookie(
        COOKIE, token.strip(), path=FOLDER, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )


def forget(response: Response) -> None:
    """Signs out."""
    response.delete_cookie(COOKIE, path=FOLDER, httponly=True, samesite="strict")


def _signed_in(request: Request) -> Actor:
    try:
        return advisor_of(request, request.cookies.get(COOKIE, ""))
    except Problem as problem:
        raise NotSignedIn from problem


def _same_origin(request: Request) -> None:
    # SameSite=Strict keeps other sites out; this keeps out other origins of the same site, and older browsers.
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    same_host = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if site != "same-origin" or not same_host:
        raise Problem(403, "cross-origin", "Expected a form of this page, found one of another origin.")


Advisor = Annotated[Actor, Depends(_signed_in)]
same_origin = Depends(_same_origin)
