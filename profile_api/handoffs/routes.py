"""Hand-offs: asking for a person, holding a conversation, and what its holder has in front of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from engagement.handoffs.states import State
from profile_api.handoffs import asking, holding, opening
from profile_api.handoffs.views import (
    HandoffForm,
    HandoffList,
    HandoffStatus,
    Kept,
    MessageForm,
    OpenedPacket,
    Presence,
    PresenceForm,
    Queue,
    StepForm,
)
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.responses.views import Answer

CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"description": "It does not stand as this expects; `detail` says how", "model": ProblemDocument}
}
router = APIRouter(prefix="/v1", tags=["handoffs"], responses=PROBLEMS | CONFLICT)

HandoffId = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]+$", description="id of a hand-off")]


@router.post(
    "/profiles/{profile_id}/handoffs",
    status_code=201,
    summary="Ask for a person",
    responses={
        202: {"description": "Noted while nobody is there: the customer is called back", "model": HandoffStatus}
    },
)
def ask_for_a_person(
    gate: AskedGate,
    reader: Reader,
    profile_id: ProfileId,
    form: HandoffForm,
    response: Response,
    purpose: PurposeHeader = None,
) -> HandoffStatus:
    """Bots and advisors for a customer, customers for themselves; once for each `request_key` of a conversation."""
    asked = asking.ask_for_a_person(gate, reader, purpose, profile_id, form)
    response.status_code = 202 if asked.state is State.REQUESTED else 201
    return asked


@router.get("/profiles/{profile_id}/handoffs", summary="A customer's hand-offs, and what they are told")
def read_handoffs(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[HandoffList]:
    """Newest first. Customers see their own."""
    return opening.read_handoffs(gate, reader, purpose, profile_id)


@router.get("/handoffs", summary="The hand-offs that are open")
def read_queue(gate: AskedGate, reader: Reader, purpose: PurposeHeader = None) -> Queue:
    """Oldest first, without whom they are about; for advisors."""
    return holding.read_queue(gate, reader, purpose)


@router.get("/handoffs/{handoff_id}", summary="The packet of a hand-off")
def open_packet(
    gate: AskedGate, reader: Reader, handoff_id: HandoffId, purpose: PurposeHeader = None
) -> Answer[OpenedPacket]:
    """All that whoever takes over needs, as they may see it now; for the advisor who holds it or has it reserved."""
    return opening.open_packet(gate, reader, purpose, handoff_id)


@router.post("/handoffs/{handoff_id}/steps", summary="Take a step of a hand-off")
def take_step(
    gate: AskedGate, reader: Reader, handoff_id: HandoffId, form: StepForm, purpose: PurposeHeader = None
) -> HandoffStatus:
    """Of several at once exactly one succeeds; the others get a 409 that names the holder to advisors."""
    return holding.take_step(gate, reader, purpose, handoff_id, form)


@router.post("/handoffs/{handoff_id}/heartbeat", summary="Go on holding a hand-off")
def hear(gate: AskedGate, reader: Reader, handoff_id: HandoffId, purpose: PurposeHeader = None) -> HandoffStatus:
    """A holder who is not heard for 90 seconds loses it to the queue."""
    return holding.hear(gate, reader, purpose, handoff_id)


@router.post("/handoffs/{handoff_id}/messages", status_code=201, summary="Say something in a conversation")
def say(
    gate: AskedGate, reader: Reader, handoff_id: HandoffId, form: MessageForm, purpose: PurposeHeader = None
) -> Kept:
    """While an advisor holds the conversation only they answer in it; what the customer says is always kept."""
    return holding.say(gate, reader, purpose, handoff_id, form)


@router.post("/presence", summary="Be at work as an advisor")
def be_present(gate: AskedGate, reader: Reader, form: PresenceForm, purpose: PurposeHeader = None) -> Presence:
    """For so many minutes, with these languages and skills; send it again while it lasts."""
    return holding.be_present(gate, reader, purpose, form)
