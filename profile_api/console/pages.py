"""The routes of the advisor's page; forms carry identifiers in their bodies, never in addresses."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError

from consent.model import Actor, Role
from consent.purposes import published_purposes
from contracts.identifiers import KINDS, InvalidIdentifier, normalise
from profile_api.access.asking import referring
from profile_api.access.cursors import position_of
from profile_api.access.gate import Gate
from profile_api.console import words
from profile_api.console.session import COOKIE, Advisor, advisor_of, forget, keep, same_origin
from profile_api.engagement.milestone_views import MilestoneForm, MilestoneView
from profile_api.engagement.milestones import SERVES, read_milestones, see_milestone
from profile_api.http.dependencies import AskedGate
from profile_api.http.lookups import Lookup
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer, ProfileData

PAGE = 20
Result = TypeVar("Result")
Text = Annotated[str, Form()]

router = APIRouter(prefix="/advisor", include_in_schema=False)
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
_templates.filters.update(
    label=words.label, milestone=words.milestone, dated=words.dated, day=words.day, clock=words.clock
)
_templates.globals.update(
    by_reason=words.by_reason,
    display_name=words.display_name,
    by_category=words.by_category,
    for_readers=words.for_readers,
)


@router.get("")
def open_page(request: Request) -> HTMLResponse:
    """The search, or the sign-in where nobody is signed in."""
    try:
        actor = advisor_of(request, request.cookies.get(COOKIE, ""))
    except Problem:
        return _page("sign_in.html", actor=None, problem=None)
    return _page("search.html", actor=actor, **_search())


@router.post("/session", dependencies=[same_origin])
def sign_in(request: Request, token: Text = "") -> Response:
    """Keeps a valid advisor's token for this browser session."""
    try:
        advisor_of(request, token)
    except Problem as problem:
        return _page("sign_in.html", problem.status, actor=None, problem=problem)
    response = RedirectResponse("/advisor", status_code=303)
    keep(response, request, token)
    return response


@router.post("/session/end", dependencies=[same_origin])
def sign_out() -> Response:
    """Forgets the token."""
    response = RedirectResponse("/advisor", status_code=303)
    forget(response)
    return response


@router.post("", dependencies=[same_origin])
def search(
    request: Request,
    actor: Advisor,
    gate: AskedGate,
    kind: Text = "",
    value: Text = "",
    region: Text = "",
    purpose: Text = "",
    reference: Text = "",
) -> HTMLResponse:
    """The person who carries an identifier."""

    asking = _for_case(actor, reference)

    def find() -> Answer[ProfileData]:
        try:
            lookup = Lookup(kind=kind, value=value.strip(), region=region.strip().upper() or None)
            return gate.lookup(asking, purpose, normalise(lookup.kind, lookup.value, lookup.region))
        except (ValidationError, InvalidIdentifier) as error:
            detail = str(error) if isinstance(error, InvalidIdentifier) else "Expected an identifier, found none."
            raise Problem(422, "invalid-identifier", detail) from error

    chosen = {"kind": kind, "region": region, "purpose": purpose, "reference": reference}
    return _person(request, gate, asking, find, chosen)


@router.post("/profile", dependencies=[same_origin])
def change_purpose(
    request: Request,
    actor: Advisor,
    gate: AskedGate,
    profile_id: Text = "",
    purpose: Text = "",
    reference: Text = "",
    seen: Text = "",
    years: Text = "",
) -> HTMLResponse:
    """The same person for another purpose, or once more after the advisor has `seen` a milestone of theirs."""
    asking = _for_case(actor, reference)

    def find() -> Answer[ProfileData]:
        if seen:
            see_milestone(gate, asking, purpose, profile_id, _milestone(seen, years))
        return gate.profile(asking, purpose, profile_id)

    chosen = {"kind": "email", "region": "", "purpose": purpose, "reference": reference}
    return _person(request, gate, asking, find, chosen)


@router.post("/timeline", dependencies=[same_origin])
def earlier_events(
    actor: Advisor,
    gate: AskedGate,
    profile_id: Text = "",
    purpose: Text = "",
    cursor: Text = "",
    reference: Text = "",
) -> HTMLResponse:
    """The next page of the person's interactions."""
    asking = _for_case(actor, reference)
    try:
        timeline = gate.timeline(asking, purpose, profile_id, position_of(cursor), PAGE)
    except Problem as problem:
        return _page("problem.html", problem.status, problem=problem)
    return _page("events.html", timeline=timeline, reference=reference)


def _milestone(milestone: str, years: str) -> MilestoneForm:
    try:
        return MilestoneForm.model_validate({"milestone": milestone} | ({"years": int(years)} if years else {}))
    except ValueError as error:
        raise Problem(422, "invalid-request", "Expected a milestone of this page, found none.") from error


def _for_case(actor: Actor, reference: str) -> Actor:
    return referring(actor, {"case-reference": reference.strip()}, {})


def _person(
    request: Request, gate: Gate, actor: Actor, find: Callable[[], Answer[ProfileData]], chosen: dict[str, str]
) -> HTMLResponse:
    whole = request.headers.get("hx-request") != "true"
    try:
        profile = find()
        shown = {
            "profile": profile,
            "features": _or_problem(lambda: gate.features(actor, profile.purpose, profile.profile_id)),
            "timeline": _or_problem(lambda: gate.timeline(actor, profile.purpose, profile.profile_id, None, PAGE)),
            "milestones": _milestones(gate, actor, profile),
            "problem": None,
            "reference": actor.reference or "",
        }
        status = 200
    except Problem as problem:
        shown, status = {"problem": problem}, problem.status
    found = _templates.get_template("problem.html" if shown["problem"] else "person.html").render(**shown, **_search())
    if not whole:
        return HTMLResponse(found, status)
    return _page("search.html", status, actor=actor, **{**_search(), "chosen": chosen, "found": found})


def _milestones(gate: Gate, actor: Actor, profile: Answer[ProfileData]) -> list[MilestoneView]:
    if profile.purpose not in SERVES:
        return []
    found = _or_problem(lambda: read_milestones(gate, actor, profile.purpose, profile.profile_id))
    return [] if isinstance(found, Problem) else found.data.milestones


def _or_problem(read: Callable[[], Result]) -> "Result | Problem":
    try:
        return read()
    except Problem as problem:
        return problem


def _search() -> dict[str, Any]:
    purposes = [one for one in published_purposes().values() if Role.ADVISOR in one.roles]
    chosen = {"kind": "email", "region": "", "purpose": "service", "reference": ""}
    return {"kinds": list(KINDS), "purposes": purposes, "chosen": chosen, "found": None}


def _page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(_templates.get_template(template).render(**values), status)
