"""Requests of people whom no profile is known of yet: taken in, matched, closed, answered."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from consent.purposes import published_purposes
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.privacy_requests.dependencies import AskedDesk
from profile_api.privacy_requests.intakes import IntakeForm, IntakeList, Intakes, IntakeView, MatchForm
from profile_api.privacy_requests.views import PrivacyRequestDetails

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ProblemDocument, "description": "It is matched or closed, or the person has an open request"}
}

router = APIRouter(prefix="/v1/intakes", tags=["privacy requests"], responses=PROBLEMS)

IntakeId = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$", description="id of an intake")]


def _intakes(gate: AskedGate, desk: AskedDesk) -> Intakes:
    return Intakes(gate, desk, published_purposes())


AskedIntakes = Annotated[Intakes, Depends(_intakes)]


@router.post("", status_code=201, summary="Take in a request of somebody without a profile id")
def take_in(taken: AskedIntakes, reader: Reader, form: IntakeForm, purpose: PurposeHeader = None) -> IntakeView:
    """As they said it: unverified, kept apart from profiles, due one month after it reached us."""
    return taken.take(reader, purpose, form)


@router.get("", summary="List intakes")
def list_intakes(
    taken: AskedIntakes,
    reader: Reader,
    purpose: PurposeHeader = None,
    state: Annotated[Literal["open", "matched", "closed"] | None, Query()] = None,
) -> IntakeList:
    """For the privacy officer; the soonest due first."""
    return taken.all(reader, purpose, state)


@router.post("/{intake_id}/match", status_code=201, summary="Match an intake to a person", responses=CONFLICT)
def match_intake(
    taken: AskedIntakes, reader: Reader, intake_id: IntakeId, form: MatchForm, purpose: PurposeHeader = None
) -> PrivacyRequestDetails:
    """Files their request, received when the intake was; check the identity next."""
    return taken.match(reader, purpose, intake_id, form)


@router.post("/{intake_id}/close", summary="Close an intake that is nobody's", responses=CONFLICT)
def close_intake(taken: AskedIntakes, reader: Reader, intake_id: IntakeId, purpose: PurposeHeader = None) -> IntakeView:
    """Its letter then says that nothing was found."""
    return taken.close(reader, purpose, intake_id)


@router.get(
    "/{intake_id}/letter",
    summary="The letter that answers an intake as it stands",
    responses={200: {"content": {"text/html": {}, "text/plain": {}}, "description": "The letter"}},
    response_class=Response,
)
def read_letter(
    taken: AskedIntakes,
    reader: Reader,
    intake_id: IntakeId,
    purpose: PurposeHeader = None,
    format: Annotated[Literal["html", "text"], Query()] = "html",
) -> Response:
    """Received, or nothing found; in the language that was noted."""
    found, language = taken.letter(reader, purpose, intake_id)
    if format == "text":
        return PlainTextResponse(found.as_text(), headers={"Content-Language": language})
    return HTMLResponse(found.as_page(language), headers={"Content-Language": language})
