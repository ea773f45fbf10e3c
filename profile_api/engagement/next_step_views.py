"""The shapes of the next step: what whoever serves asks, and what they are told."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engagement.dial.precedence import Level, Person
from engagement.next_step.emotion import NoticedBy
from engagement.next_step.words import Indicator
from engagement.zones.situation import Emotion, Risk, Zone
from profile_api.http.channels import MetIn
from profile_api.http.instants import Instant
from profile_api.http.lookups import Whom
from profile_api.reach.reach import Reach
from profile_api.responses.views import View

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_?-]{0,99}$")]
Language = Literal["fr", "en"]


class EmotionForm(BaseModel):
    """How the customer feels, and who noticed it. Emotions of staff are no input of anything."""

    model_config = ConfigDict(extra="forbid")

    emotion: Emotion
    noticed_by: NoticedBy
    noticed_at: Instant | None = Field(None, description="when; now, if left out")


class NextStepForm(BaseModel):
    """What the customer wants now, as whoever serves them understood it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "who": {"profile_id": "p_5d3f0c4e9a1b2c3d4e5f"},
                    "channel": "chat",
                    "intents": ["wrong_item"],
                    "attempts": 1,
                    "emotion": {"emotion": "frustrated", "noticed_by": "bot"},
                }
            ]
        },
    )

    who: Whom
    channel: MetIn = Field(description="where they are; offers need one that a purpose names: web, app, chat, ...")
    intents: list[Name] = Field(min_length=1, max_length=10, description="of the installation's rules")
    text: Annotated[str, StringConstraints(min_length=1, max_length=4_000)] | None = Field(
        None, description="what they said, to find a wish for a person in it; kept nowhere"
    )
    emotion: EmotionForm | None = Field(None, description="used for this answer, and kept nowhere")
    attempts: Annotated[int, Field(ge=0, le=1_000, strict=True, description="how many have failed")] = 0
    product: Name | None = None
    risk: Risk = "low"
    value: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None = Field(
        None, description="what is at stake, in the installation's currency"
    )
    language: Language = Field("en", description="of the suggestions")


class Texts(View):
    fr: str
    en: str


class Source(View):
    label: str
    rule: str


class Reason(View):
    fact: str
    value: Any


class Suggestion(View):
    """A card in the shape of HL7 CDS Hooks, and the facts that it rests on."""

    uuid: UUID = Field(description="the same for the same rule and evidence")
    summary: str = Field(max_length=140)
    indicator: Indicator
    source: Source
    detail: str
    reasons: list[Reason]


class BanView(View):
    id: str
    what: Texts
    because: Texts


class APerson(View):
    """How to reach a person: always there, whatever the rest says."""

    comes: Person = Field(description="whether one comes in; `unasked`: whatever anybody asked for")
    skill: str | None = Field(description="the topic that they have to know; null: anybody")
    how: Texts
    intents: list[str] = Field(description="sent as `intents`, each asks for a person")
    reachable: Reach


class NextStepData(View):
    """Who serves now, why, and with what in mind."""

    zone: Zone
    rule: str = Field(description="the rule that decided the zone")
    matched: list[str] = Field(description="all rules that matched, the deciding one first")
    because: Texts
    acts: Literal["nobody", "self_service", "bot", "advisor"]
    level: Level = Field(description="what decided who acts")
    level_because: Texts
    a_person: APerson
    suggestions: list[Suggestion] = Field(
        description="for whoever serves; none where a person has to act, and is not there"
    )
    bans: list[BanView] = Field(description="what must not be said or offered")
    emotion: Emotion = Field(description="as the rules saw it; `unknown` also where it may not be used")
    features_available: bool = Field(description="false while the online store does not answer: do not conclude")
    next_promise: None = Field(None, description="the next open promise; null until promises are followed up")
