"""The shapes of identity answers and decisions, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from profile_api.responses.views import View

Reference = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[^\x00]+$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
RECORD = "a record: its id (`crm:42`), or the name under which answers show it (`rec_17`)"


def _form(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [*examples]})


def _view(**example: Any) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [example]})


class PairReviewForm(BaseModel):
    """The decision about a pair that waits."""

    model_config = _form({"left": "rec_17", "right": "rec_23", "decision": "different", "reason": "two sisters"})

    left: Reference = Field(description=RECORD)
    right: Reference = Field(description=RECORD)
    decision: Literal["same", "different"]
    reason: Reason


class OverrideForm(BaseModel):
    """A word that wins over every rule: two records are one person's, or two people's."""

    model_config = _form({"left": "crm:42", "right": "web:7", "kind": "same", "reason": "called and confirmed"})

    left: Reference = Field(description=RECORD)
    right: Reference = Field(description=RECORD)
    kind: Literal["same", "different"]
    reason: Reason


class UnmergeForm(BaseModel):
    """What leaves a profile: records by name, or what a merge brought in (`history_id` of the profile's history)."""

    model_config = _form(
        {"profile_id": "p_5d3f0c4e9a1b2c3d4e5f", "records": ["rec_17"], "reason": "the father's card"},
        {"profile_id": "p_5d3f0c4e9a1b2c3d4e5f", "history_id": "h_91c2", "reason": "two people of one name"},
    )

    profile_id: Reference
    records: list[Reference] = Field([], max_length=200, description=RECORD)
    history_id: Reference | None = None
    reason: Reason

    @model_validator(mode="after")
    def _names_what_leaves(self) -> Self:
        if bool(self.records) == bool(self.history_id):
            raise ValueError("expected either `records` or `history_id`, found both or none")
        return self


class ReasonForm(BaseModel):
    """Why a decision is taken back."""

    model_config = _form({"reason": "the customer showed both cards"})

    reason: Reason


class RecordView(View):
    """A source record; its id only where that gives nothing away."""

    model_config = _view(record="rec_17", record_id="crm:42", channel="crm", profile_id="p_5d3f0c4e9a1b2c3d4e5f")

    record: str = Field(description="a name that may always be shown, and that decisions take")
    record_id: str | None
    channel: str
    profile_id: str


class Change(View):
    """What became of a profile; `records` went from `other_id` to `profile_id`."""

    model_config = _view(kind="merged", profile_id="p_5d3f", other_id="p_77aa", records=["rec_17"])

    kind: str = Field(description="`merged`: the other is gone; `split`: this one is new; `moved`: both stay")
    profile_id: str
    other_id: str
    records: list[str]


class Decided(View):
    """A decision and what it changed at once; `decision_id` is what an undo asks for."""

    decision_id: str
    changes: list[Change]
    joined: int = Field(description="pairs that are held to be one person's by it")
    barred: int = Field(description="pairs that are held to be two people's by it")


class OverrideView(View):
    """Somebody's word about two records."""

    override_id: int
    left: RecordView
    right: RecordView
    kind: str
    decided_by: str
    decided_at: datetime
    reason: str
    decision_id: str


class OverrideList(View):
    overrides: list[OverrideView]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")


class FieldEvidenceView(View):
    """What one field says about two records."""

    model_config = _view(
        field="birth",
        level="exact",
        words="same birth date: +9.3 bits against strangers, +8.1 against housemates",
        against_strangers=9.3,
        against_housemates=8.1,
    )

    field: str
    level: str
    words: str
    against_strangers: float = Field(description="bits: each one doubles the odds that it is one person")
    against_housemates: float


class EvidenceView(View):
    """Why two records are held to be one person's; what is withheld is left out, also of the weight."""

    tier: str = Field(description="`decided` by a person, `deterministic` by a rule, `probabilistic` by the model")
    rule: str | None
    words: str
    weight: float | None = Field(description="bits of all fields shown, with the odds that two records start with")
    probability: float | None
    fields: list[FieldEvidenceView] = Field(description="strongest first")


class ReviewView(View):
    left: RecordView
    right: RecordView
    reason: str
    evidence: EvidenceView


class ReviewList(View):
    reviews: list[ReviewView]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")


class EdgeView(View):
    """A step of the way on which records are joined."""

    left: str
    right: str
    evidence: EvidenceView


class HistoryView(View):
    """A change of the profile; `history_id` of a merge is what an unmerge asks for."""

    history_id: str
    at: datetime
    kind: str
    profile_id: str
    other_id: str | None
    records: list[str]
    reason: str
    actor: str


class IdentityData(View):
    records: list[RecordView]
    joined_by: list[EdgeView] = Field(
        description="the strongest evidence that joins them all, one step fewer than records"
    )
    alone: list[str] = Field(description="records that no published evidence joins: they came by a live event")
    history: list[HistoryView] = Field(description="newest first")


class CompareForm(BaseModel):
    """Two records, or two profiles."""

    model_config = _form({"left": "rec_17", "right": "rec_23"}, {"left": "p_5d3f0c4e9a1b2c3d4e5f", "right": "p_77aa"})

    left: Reference = Field(description=RECORD + ", or the id of a profile")
    right: Reference = Field(description="the same of the other")


class ComparedField(View):
    """What both records say."""

    field: str
    left: str | None
    right: str | None


class RecordComparison(View):
    left: RecordView
    right: RecordView
    one_person: bool = Field(description="whether both belong to one profile now")
    because: list[str] = Field(description="why, most decisive first")
    compared_by_batch: bool = Field(description="whether a blocking rule brings the two together at all")
    evidence: EvidenceView
    values: list[ComparedField]
