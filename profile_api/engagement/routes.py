"""The dial: how a customer wants to be served."""

from fastapi import APIRouter

from profile_api.engagement import dial
from profile_api.engagement.views import DialData, DialForm, RecordedDial
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.responses.views import Answer

router = APIRouter(prefix="/v1", tags=["engagement"], responses=PROBLEMS)


@router.get("/profiles/{profile_id}/dial", summary="How a customer wants to be served")
def read_dial(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[DialData]:
    """From people alone to self-service, overall and by topic. Customers see their own."""
    return dial.read_dial(gate, reader, purpose, profile_id)


@router.post("/profiles/{profile_id}/dial", status_code=201, summary="State how a customer wants to be served")
def state_dial(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: DialForm, purpose: PurposeHeader = None
) -> RecordedDial:
    """Customers for themselves; bots and advisors take down what they are told."""
    return dial.take_down(gate, reader, purpose, profile_id, form)
