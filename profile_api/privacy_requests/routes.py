"""Privacy requests: filed by the person or for them, handled by the privacy officer."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from consent.purposes import published_purposes
from consent.requests import RequestState
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.privacy_requests.answering import due, letter
from profile_api.privacy_requests.dependencies import AskedDesk
from profile_api.privacy_requests.views import (
    DueList,
    ErasureView,
    LiftForm,
    PrivacyRequestDetails,
    RequestForm,
    RequestList,
    StepForm,
)

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ProblemDocument, "description": "An open request of this kind, or a step out of turn"}
}

router = APIRouter(prefix="/v1/requests", tags=["privacy requests"], responses=PROBLEMS)

RequestId = Annotated[str, Path(max_length=100, description="id of a privacy request")]


@router.post("", status_code=201, summary="File a privacy request", responses=CONFLICT)
def file_request(
    desk: AskedDesk, reader: Reader, form: RequestForm, purpose: PurposeHeader = None
) -> PrivacyRequestDetails:
    """A customer files for themselves, a privacy officer for whoever wrote or called."""
    return desk.file(reader, purpose, form)


@router.get("", summary="List privacy requests")
def list_requests(
    desk: AskedDesk,
    reader: Reader,
    purpose: PurposeHeader = None,
    state: RequestState | None = None,
    overdue: Annotated[bool, Query(description="only those whose last day has passed")] = False,
) -> RequestList:
    """A customer sees their own."""
    return desk.all(reader, purpose, state, overdue)


@router.get("/due", summary="What is due, with what to do next")
def list_due(gate: AskedGate, reader: Reader, purpose: PurposeHeader = None) -> DueList:
    """For the privacy officer; the soonest due first."""
    return due(gate, reader, purpose)


@router.get(
    "/{request_id}/letter",
    summary="The letter that answers a request as it stands",
    responses=CONFLICT | {200: {"content": {"text/html": {}, "text/plain": {}}, "description": "The letter"}},
    response_class=Response,
)
def read_letter(
    gate: AskedGate,
    reader: Reader,
    request_id: RequestId,
    purpose: PurposeHeader = None,
    language: Annotated[Literal["fr", "en"] | None, Query(description="the person's own, if left out")] = None,
    format: Annotated[Literal["html", "text"], Query()] = "html",
    announces_end: Annotated[
        bool, Query(description="the letter that tells of a restriction's end before it is lifted (Art. 18(3))")
    ] = False,
) -> Response:
    """By kind and outcome: received, checked, extended, done, lifted or refused."""
    found, spoken = letter(
        gate, published_purposes(), reader, purpose, request_id, language, announces_end=announces_end
    )
    if format == "text":
        return PlainTextResponse(found.as_text(), headers={"Content-Language": spoken})
    return HTMLResponse(found.as_page(spoken), headers={"Content-Language": spoken})


@router.get("/{request_id}", summary="Read a privacy request with its timeline")
def read_request(
    desk: AskedDesk, reader: Reader, request_id: RequestId, purpose: PurposeHeader = None
) -> PrivacyRequestDetails:
    """What was asked, where it stands, until when, and every step."""
    return desk.one(reader, purpose, request_id)


@router.post("/{request_id}/steps", summary="Take a step with a privacy request", responses=CONFLICT)
def take_step(
    desk: AskedDesk, reader: Reader, request_id: RequestId, form: StepForm, purpose: PurposeHeader = None
) -> PrivacyRequestDetails:
    """`possible_steps` of the request says which; a step out of turn is a 409."""
    return desk.step(reader, purpose, request_id, form)


@router.post("/{request_id}/lift", summary="End a restriction", responses=CONFLICT)
def lift_restriction(
    desk: AskedDesk, reader: Reader, request_id: RequestId, form: LiftForm, purpose: PurposeHeader = None
) -> PrivacyRequestDetails:
    """The person's data may be used again; tell them before, by the letter with `announces_end`."""
    return desk.lift(reader, purpose, request_id, form.note)


@router.get(
    "/{request_id}/bundle",
    summary="All data of the person, as a ZIP of JSON, CSV and a page to read",
    responses=CONFLICT | {200: {"content": {"application/zip": {}}, "description": "The bundle"}},
    response_class=Response,
)
def read_bundle(desk: AskedDesk, reader: Reader, request_id: RequestId, purpose: PurposeHeader = None) -> Response:
    """For a request of access or portability that was started."""
    headers = {"Content-Disposition": 'attachment; filename="your-data.zip"'}
    return Response(desk.bundle(reader, purpose, request_id), media_type="application/zip", headers=headers)


@router.post("/{request_id}/erasure", status_code=202, summary="Erase the person from every store", responses=CONFLICT)
def erase_person(
    desk: AskedDesk, reader: Reader, request_id: RequestId, purpose: PurposeHeader = None
) -> PrivacyRequestDetails:
    """Starts it; the request is `done` once nothing of the person is found anywhere. Call it again if it failed.

    Where the service is so configured, the first call proposes it, and that of a second officer starts it.
    """
    return desk.erase(reader, purpose, request_id)


@router.get("/{request_id}/erasure", summary="How far an erasure has come, and what it waits for")
def read_erasure(desk: AskedDesk, reader: Reader, request_id: RequestId, purpose: PurposeHeader = None) -> ErasureView:
    """Which steps are done, what of the person is still found and where, and why it has not ended."""
    return desk.erasure(reader, purpose, request_id)


@router.get("/{request_id}/certificate", summary="The signed certificate of an erasure")
def read_certificate(
    desk: AskedDesk, reader: Reader, request_id: RequestId, purpose: PurposeHeader = None
) -> dict[str, Any]:
    """Check it with `python -m erasure.verify`; it holds no personal data."""
    return desk.certificate(reader, purpose, request_id)
