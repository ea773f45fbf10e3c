"""Who is who: why records are one person's, and what people decide about it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request

from profile_api.http.auth import Reader
from profile_api.http.dependencies import PROBLEMS, AskedGate, ProblemDocument, PurposeHeader
from profile_api.http.lookups import ProfileId
from profile_api.responses.views import Answer
from profile_api.stewardship.deciding import Stewardship
from profile_api.stewardship.questions import Questions
from profile_api.stewardship.views import (
    CompareForm,
    Decided,
    IdentityData,
    OverrideForm,
    OverrideList,
    PairReviewForm,
    ReasonForm,
    RecordComparison,
    ReviewList,
    UnmergeForm,
)
from read_model.side_effects import FeatureKeeper

NOT_POSSIBLE: dict[int | str, dict[str, Any]] = {
    409: {"model": ProblemDocument, "description": "Other decisions, or the size of a profile, do not allow it"}
}

router = APIRouter(prefix="/v1", tags=["identity"], responses=PROBLEMS)

Cursor = Annotated[str | None, Query(max_length=40, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=50)]
DecisionId = Annotated[str, Path(max_length=100, pattern=r"^[^\x00]+$", description="`decision_id` of a decision")]
OverrideId = Annotated[
    str, Path(max_length=18, pattern=r"^[^\x00]+$", description="`override_id` of a decision about two records")
]


def _questions(gate: AskedGate) -> Questions:
    return Questions(gate)


def _stewardship(request: Request, gate: AskedGate) -> Stewardship:
    features = request.app.state.features
    return Stewardship(gate, features if isinstance(features, FeatureKeeper) else None)


Asked = Annotated[Questions, Depends(_questions)]
Deciding = Annotated[Stewardship, Depends(_stewardship)]


@router.get("/profiles/{profile_id}/identity", summary="Why these records are one person's")
def explain(asked: Asked, reader: Reader, profile_id: ProfileId, purpose: PurposeHeader = None) -> Answer[IdentityData]:
    """Every record, the strongest evidence that joins it to the others in words and numbers, and the history."""
    return asked.identity(reader, purpose, profile_id)


@router.post("/identity/compare", summary="Why two records are, or are not, one person's")
def compare(asked: Asked, reader: Reader, form: CompareForm, purpose: PurposeHeader = None) -> RecordComparison:
    """Scored now under the model in force; of two profiles, the two records that speak most for one person."""
    return asked.compare(reader, purpose, form)


@router.get("/identity/reviews", summary="List the pairs that wait for a decision")
def list_reviews(
    asked: Asked, reader: Reader, purpose: PurposeHeader = None, cursor: Cursor = None, limit: Limit = 20
) -> ReviewList:
    """In the order in which they came; a pair that was decided, or whose records share a profile, no longer waits."""
    return asked.reviews(reader, purpose, cursor, limit)


@router.post("/identity/reviews/decide", summary="Decide about a pair that waits", responses=NOT_POSSIBLE)
def decide_review(deciding: Deciding, reader: Reader, form: PairReviewForm, purpose: PurposeHeader = None) -> Decided:
    """In effect at once; stewards alone decide."""
    return deciding.review(reader, purpose, form)


@router.get("/identity/overrides", summary="List the decisions in force")
def list_overrides(
    asked: Asked, reader: Reader, purpose: PurposeHeader = None, cursor: Cursor = None, limit: Limit = 20
) -> OverrideList:
    """Every pair that somebody said something about, with who, when and why."""
    return asked.overrides(reader, purpose, cursor, limit)


@router.post(
    "/identity/overrides", summary="Say that two records are one person's, or two people's", responses=NOT_POSSIBLE
)
def override(deciding: Deciding, reader: Reader, form: OverrideForm, purpose: PurposeHeader = None) -> Decided:
    """Wins over every rule, at once and in every later run."""
    return deciding.override(reader, purpose, form)


@router.post("/identity/overrides/{override_id}/revoke", summary="Take one pair's word back", responses=NOT_POSSIBLE)
def revoke(
    deciding: Deciding, reader: Reader, override_id: OverrideId, form: ReasonForm, purpose: PurposeHeader = None
) -> Decided:
    """The evidence says where the records belong then; to take back a whole decision, undo it."""
    return deciding.revoke(reader, purpose, override_id, form)


@router.post("/identity/unmerge", summary="Take records, or a whole merge, out of a profile", responses=NOT_POSSIBLE)
def unmerge(deciding: Deciding, reader: Reader, form: UnmergeForm, purpose: PurposeHeader = None) -> Decided:
    """Profile, timeline, features and consents are as they were before; the pairs never match again by themselves."""
    return deciding.unmerge(reader, purpose, form)


@router.post("/identity/decisions/{decision_id}/undo", summary="Undo a decision", responses=NOT_POSSIBLE)
def undo(
    deciding: Deciding, reader: Reader, decision_id: DecisionId, form: ReasonForm, purpose: PurposeHeader = None
) -> Decided:
    """Whatever it was: a merge, an unmerge, a review, an undo."""
    return deciding.undo(reader, purpose, decision_id, form)
