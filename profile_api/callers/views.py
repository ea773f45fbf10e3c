"""What is asked and answered when a caller is identified."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from identity.callers.hypotheses import FIELDS, Hypothesis
from profile_api.responses.views import View

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class RecognisedText(BaseModel):
    """One reading of what was said: as recognised, or spelt out (`D as in David, U, R, A, N, D`)."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    confidence: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="the recogniser's probability; readings without one share what is left"
    )
    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")] | None = Field(
        default=None, description="of a `number`: which, for example `loyalty_card`; without it any is tried"
    )


Readings = Annotated[list[RecognisedText | Text], Field(min_length=1, max_length=5)] | None


class HeardFields(BaseModel):
    """Up to five readings of each field that the caller has told."""

    model_config = ConfigDict(extra="forbid")

    given_name: Readings = None
    family_name: Readings = None
    full_name: Readings = None
    birth_date: Readings = Field(
        default=None, description="`12 March 1984`, `mars 84`, `12/03`, `1984`; whole or in part"
    )
    street: Readings = None
    postcode: Readings = None
    city: Readings = None
    email: Readings = None
    phone: Readings = None
    number: Readings = Field(default=None, description="a customer, account or loyalty card number")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("expected at least one field that was heard, found none")
        return self

    def hypotheses(self) -> dict[str, list[Hypothesis]]:
        """What may have been said, by field."""
        return {
            name: [
                Hypothesis(one) if isinstance(one, str) else Hypothesis(one.text, one.confidence, one.kind)
                for one in given
            ]
            for name in self.model_fields_set
            if (given := getattr(self, name))
        }


class IdentifyRequest(BaseModel):
    """Everything that this call has told so far: nothing of it is kept between requests."""

    model_config = ConfigDict(extra="forbid")

    call: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{8,64}$")] = Field(
        description="your id of the call, made at random; tries are counted by it"
    )
    heard: HeardFields
    cannot_tell: list[Literal[FIELDS]] = Field(  # type: ignore[valid-type]  # the one list of the fields
        default=[], max_length=len(FIELDS), description="fields that the caller does not know: not asked for again"
    )
    region: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = Field(
        default=None, description="where the caller is: reads phone numbers, and the order of day and month"
    )


class CandidateView(View):
    handle: str = Field(description="names this candidate within this call, and says nothing of them")
    probability: float


class IdentifyAnswer(View):
    """Who may be calling; nothing of anybody's profile."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "verified": False,
                    "profile_id": None,
                    "candidates": [
                        {"handle": "c_5f0f6a1c09e2d7b3", "probability": 0.58},
                        {"handle": "c_b06c1d7a4e83f219", "probability": 0.4},
                    ],
                    "none_of_them": 0.02,
                    "ask": "birth_date",
                    "unread": [],
                    "wrong_tries_left": 6,
                }
            ]
        },
    )

    verified: bool
    profile_id: str | None = Field(description="only once verified; read it through `/v1/profiles`")
    candidates: list[CandidateView] = Field(description="likeliest first; empty while too little speaks for anybody")
    none_of_them: float | None = Field(description="how likely the caller is none of the candidates; null without any")
    ask: str | None = Field(description=f"the field to ask for next, one of {', '.join(FIELDS)}")
    unread: list[str] = Field(description="fields of which no reading could be understood")
    wrong_tries_left: int
