"""How a customer wants to be served, the next step for them, what became of what was suggested, and the days that
count in the relation with them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from engagement.zones.deciding import Zones
from profile_api.engagement import dial, feedback, milestones, next_step
from profile_api.engagement.dial_views import DialData, DialForm, RecordedDial
from profile_api.engagement.feedback_views import FeedbackForm, RecordedFeedback
from profile_api.engagement.milestone_views import MilestoneForm, MilestonesData, MilestoneView
from profile_api.engagement.next_step_views import NextStepData, NextStepForm
from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.responses.views import Answer

router = APIRouter(prefix="/v1", tags=["engagement"], responses=PROBLEMS)


async def _zones(request: Request) -> Zones:
    zones: Zones = request.app.state.zones
    return zones


AskedZones = Annotated[Zones, Depends(_zones)]


@router.get("/profiles/{profile_id}/dial", summary="How a customer wants to be served")
def read_dial(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[DialData]:
    """From people alone to self-service, overall and by topic. Customers see their own."""
    return dial.read_dial(gate, reader, purpose, profile_id)


@router.post("/profiles/{profile_id}/dial", status_code=201, summary="State how a customer wants to be served")
def state_dial(
    gate: AskedGate,
    zones: AskedZones,
    reader: Reader,
    profile_id: ProfileId,
    form: DialForm,
    purpose: PurposeHeader = None,
) -> RecordedDial:
    """Customers for themselves; bots and advisors take down what they are told."""
    return dial.take_down(gate, zones, reader, purpose, profile_id, form)


@router.post(
    "/engagement/next-step",
    summary="Who serves a customer now, and with what in mind",
    responses={409: {"model": ProblemDocument, "description": "Several people share this identifier"}},
)
def read_next_step(
    gate: AskedGate,
    zones: AskedZones,
    reader: Reader,
    form: NextStepForm,
    purpose: PurposeHeader = None,
) -> Answer[NextStepData]:
    """Zone, who acts and why, suggestions, what must not be said, and how to reach a person. Nothing of it is kept."""
    return next_step.read_next_step(gate, zones, reader, purpose, form)


@router.post("/profiles/{profile_id}/feedback", status_code=201, summary="Say what became of a suggestion")
def give_feedback(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: FeedbackForm, purpose: PurposeHeader = None
) -> RecordedFeedback:
    """By bots and advisors; a rejected suggestion stays away until its evidence changes. It rates nobody."""
    return feedback.take_down(gate, reader, purpose, profile_id, form)


@router.get("/profiles/{profile_id}/milestones", summary="The days that count in the relation with a customer")
def read_milestones(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None
) -> Answer[MilestonesData]:
    """Anniversaries, first and hundredth order, returns. The advisor is told first; customers see their own."""
    return milestones.read_milestones(gate, reader, purpose, profile_id)


@router.post(
    "/profiles/{profile_id}/milestones/seen",
    status_code=201,
    summary="Say that an advisor has seen a milestone",
    responses={409: {"model": ProblemDocument, "description": "No such milestone is told of this person now"}},
)
def see_milestone(
    gate: AskedGate, reader: Reader, profile_id: ProfileId, form: MilestoneForm, purpose: PurposeHeader = None
) -> MilestoneView:
    """Advisors alone: from then on bots and the customer's own view are told of it, too."""
    return milestones.see_milestone(gate, reader, purpose, profile_id, form)
