"""The shapes of feedback: what became of a suggestion, and what was stored of it."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engagement.next_step.feedback import FeedbackOutcome, FeedbackReason
from engagement.next_step.words import Id
from profile_api.responses.views import View


class FeedbackForm(BaseModel):
    """What became of a suggestion, without free text: it would be about people."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "suggestion": "5a4cd1a4-5d8e-5c55-8a4b-3b8c5ad1c6c9",
                    "rule": "complaint_first",
                    "outcome": "rejected",
                    "reason": "done_already",
                }
            ]
        },
    )

    suggestion: UUID = Field(description="the card's `uuid`")
    rule: Id = Field(description="the card's `source.rule`")
    outcome: FeedbackOutcome
    reason: FeedbackReason | None = Field(None, description="why it was changed or rejected")

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.reason is None) != (self.outcome is FeedbackOutcome.ACCEPTED):
            raise ValueError("expected a `reason` with `changed` and `rejected`, and none with `accepted`")
        return self


class RecordedFeedback(View):
    """What was stored."""

    profile_id: str
    suggestion: UUID
    outcome: FeedbackOutcome
