"""The shapes of privacy requests, as the OpenAPI document shows them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from consent.requests import RequestKind, RequestStep
from contracts.categories import Category
from profile_api.http.lookups import Lookup
from profile_api.responses.views import Short, View

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class RequestForm(BaseModel):
    """What a person asks for. `profile_id` is left out by a customer, who speaks for themselves."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "access", "profile_id": "p_5d3f0c4e9a1b2c3d4e5f"},
                {"kind": "rectification", "fields": {"street": "14 rue des Lilas"}},
                {"kind": "objection", "purposes": ["advice"]},
            ]
        },
    )

    kind: RequestKind
    profile_id: Short | None = None
    fields: dict[Name, Short] = Field({}, max_length=50, description="for rectification: field -> right value")
    purposes: list[Name] = Field([], max_length=50, description="for objection")
    records: list[Short] = Field(
        [], max_length=500, description="for erasure: these source records alone, where two people were merged wrongly"
    )

    @model_validator(mode="after")
    def _says_what_is_asked(self) -> Self:
        belongs = {
            "fields": RequestKind.RECTIFICATION,
            "purposes": RequestKind.OBJECTION,
            "records": RequestKind.ERASURE,
        }
        for name, kind in belongs.items():
            if getattr(self, name) and self.kind is not kind:
                raise ValueError(f"expected `{name}` only with kind {kind}, found it with another")
        for name in ("fields", "purposes"):
            if self.kind is belongs[name] and not getattr(self, name):
                raise ValueError(f"expected `{name}` with kind {self.kind}, found none")
        return self


class StepForm(BaseModel):
    """A step that the privacy officer takes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"step": "check_identity", "note": "passport, shown in person"}]},
    )

    step: RequestStep
    note: Text | None = Field(None, description="how the identity was checked, or the reason told to the person")


class DueView(View):
    """Something that waits for somebody."""

    what: Literal["request", "intake"]
    id: str
    kind: str
    next_action: str = Field(description="what to do next")
    due_on: date = Field(description="the last day on which an answer is in time")
    days_left: int = Field(description="until then; less than none where it is overdue")
    overdue: bool


class DueList(View):
    due: list[DueView] = Field(description="the soonest due first, 200 at most")


class LiftForm(BaseModel):
    """Why a restriction ends."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "accuracy confirmed, told"}]})

    note: Text


class StepView(View):
    at: datetime
    actor: str = Field(description="who took the step; `customer` is the person")
    step: str
    state: str
    note: str | None


class PrivacyRequestView(View):
    """A request and where it stands."""

    request_id: str
    kind: str
    profile_id: str
    state: str
    received_at: datetime
    due_on: date = Field(description="the last day on which an answer is in time")
    overdue: bool
    possible_steps: list[str]


class PrivacyRequestDetails(PrivacyRequestView):
    """A request with what was asked and every step so far."""

    fields: dict[str, str]
    purposes: list[str]
    records: list[str]
    identifiers: list[Lookup] = Field([], description="of an erasure of whom no profile is left")
    steps: list[StepView]


class Collected(View):
    """All parts of a bundle, and what its page says beside them."""

    parts: dict[str, list[dict[str, Any]]]
    language: str
    ends: dict[str, dict[Category, datetime]]
    systems: list[tuple[str, str]]


class RequestList(View):
    requests: list[PrivacyRequestView] = Field(description="the soonest due first, 200 at most")


class ErasureState(StrEnum):
    NOT_STARTED = "not_started"
    RUNNING = "running"
    STOPPED = "stopped"
    WAITS = "waits"
    DONE = "done"


class ErasureStepView(View):
    step: str
    what: str
    state: str = Field(description="done, running or waiting")
    done_at: datetime | None
    removed: dict[str, Any] = Field(description="how many rows, by table")


class FoundView(View):
    """A part of a store in which something of the person still stands; no value is named."""

    store: str
    content: str
    read: bool
    parts: int
    bytes: int
    hits: int
    where: list[str] = Field(description="tables or files")


class KeptView(View):
    """What stays although the person's data says the same, and why."""

    what: str
    why: str
    looked_for: int
    found: int
    where: list[str]


class ErasureView(View):
    """How far an erasure has come, and what it waits for."""

    request_id: str
    state: ErasureState
    why: str
    steps: list[ErasureStepView]
    found: list[FoundView]
    kept: list[KeptView]
