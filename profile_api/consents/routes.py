"""Decisions about purposes: taken, shown as they stand, and their receipts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from consent.notices import LANGUAGES, published_notices
from consent.purposes import published_purposes
from profile_api.consents.desk import ConsentDesk
from profile_api.consents.status import receipt, status_of
from profile_api.consents.views import (
    Choice,
    ConsentsData,
    No,
    NoticeText,
    NoticeView,
    PurposeView,
    RecordedChoice,
    Yes,
)
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.instants import Instant
from profile_api.http.lookups import ProfileId
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer

router = APIRouter(prefix="/v1", tags=["consents"], responses=PROBLEMS)


@router.get("/purposes", summary="What data may be used for", responses={})
def list_purposes() -> list[PurposeView]:
    """In the words that people are shown, French and English; needs no token."""
    return [
        PurposeView(
            id=one.id,
            name=one.name,
            text=one.text,
            dpv=one.dpv,
            legal_basis=one.legal_basis.value,
            categories=sorted(one.categories),
            roles=sorted(one.roles),
            channels=sorted(one.channels),
            retention=one.retention,
            retention_of={category.value: kept for category, kept in one.retention_of.items()},
            all_held=one.all_held,
            validity=one.validity,
            notice_version=one.notice_version,
            new_notice_voids=one.new_notice_voids,
            refused=one.refused,
        )
        for one in published_purposes().values()
    ]


@router.get("/notices/{version}", summary="What a version of the notice said, word for word", responses={})
def read_notice(
    version: Annotated[str, Path(max_length=63, description="`notice_version` of a decision")],
) -> NoticeView:
    """With the SHA-256 of each text as UTF-8, which receipts repeat; needs no token."""
    notice = published_notices().versions.get(version)
    if notice is None:
        raise Problem(404, "notice-not-found", "Expected a version of the notice that was published, found another.")
    purposes = sorted({purpose for purpose, _ in notice.texts})
    return NoticeView(
        version=notice.version,
        since=notice.since,
        purposes={
            one: {
                language: NoticeText(text=notice.texts[one, language], sha256=str(notice.hash(one, language)))
                for language in LANGUAGES
            }
            for one in purposes
        },
    )


@router.get("/profiles/{profile_id}/consents", summary="Where a person stands on every purpose that is their choice")
def read_consents(
    gate: AskedGate,
    reader: Reader,
    profile_id: ProfileId,
    purpose: PurposeHeader = None,
    as_of: Annotated[Instant | None, Query(description="the instant to look at; now, if left out")] = None,
) -> Answer[ConsentsData]:
    """With every decision that this rests on."""
    return status_of(gate, reader, purpose, profile_id, published_purposes(), as_of)


@router.post("/profiles/{profile_id}/consents/give", status_code=201, summary="Give consent to a purpose")
def give_consent(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: Yes, purpose: PurposeHeader = None
) -> RecordedChoice:
    """To all of it, or for one address. Customers decide for themselves, advisors take down what they are told."""
    return ConsentDesk(gate, published_purposes()).take_down(reader, purpose, profile_id, Choice.GIVE, form)


@router.post(
    "/profiles/{profile_id}/consents/renew",
    status_code=201,
    summary="Give a consent again before or after it has expired",
    responses={409: {"model": ProblemDocument, "description": "There is no consent to renew"}},
)
def renew_consent(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: Yes, purpose: PurposeHeader = None
) -> RecordedChoice:
    """For the purpose's validity from now on."""
    return ConsentDesk(gate, published_purposes()).take_down(reader, purpose, profile_id, Choice.RENEW, form)


@router.post("/profiles/{profile_id}/consents/refuse", status_code=201, summary="Refuse a purpose, or object to it")
def refuse_consent(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: No, purpose: PurposeHeader = None
) -> RecordedChoice:
    """Where the purpose rests on a legitimate interest this is an objection, and it ends at once."""
    return ConsentDesk(gate, published_purposes()).take_down(reader, purpose, profile_id, Choice.REFUSE, form)


@router.post("/profiles/{profile_id}/consents/withdraw", status_code=201, summary="Withdraw a consent")
def withdraw_consent(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: No, purpose: PurposeHeader = None
) -> RecordedChoice:
    """One call, with no more fields than giving it; the next read is decided by it."""
    return ConsentDesk(gate, published_purposes()).take_down(reader, purpose, profile_id, Choice.WITHDRAW, form)


@router.get(
    "/consents/{consent_id}/receipt",
    summary="The receipt of a decision, as JSON-LD",
    response_class=JSONResponse,
    responses={200: {"content": {"application/ld+json": {}}, "description": "See consent/receipt.schema.json"}},
)
def read_receipt(
    gate: AskedGate,
    reader: Reader,
    consent_id: Annotated[str, Path(max_length=200, description="id of a consent event")],
    purpose: PurposeHeader = None,
) -> JSONResponse:
    """In terms of the W3C Data Privacy Vocabulary, with the fields of ISO/IEC TS 27560."""
    answer = receipt(gate, reader, purpose, consent_id, published_purposes())
    return JSONResponse(answer.data.document, media_type="application/ld+json")
