"""The context that a bot needs before it starts to talk: the person, language, tone, dial, milestones, recent events.

Every fact is computed from masked fields and features, so withheld data gives no fact.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from consent.model import Actor, Decision
from contracts.assurance import Assurance
from engagement.next_step.words import published_words
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Find, Gate, Reading
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.engagement.dial import dial_shown
from profile_api.engagement.dial_views import DialData
from profile_api.engagement.milestone_views import MilestonesData
from profile_api.engagement.milestones import milestones_shown
from profile_api.responses.views import Answer, FeaturesData, FeatureView, ProfileData, View

# How people write and speak on a channel, by words in its name; the first that fits counts.
RELAXED = ("chat", "messag", "social", "sms", "app")
FORMAL = ("letter", "mail", "call", "phone", "branch", "shop", "store")


class Tone(View):
    """Facts to choose words by; each is null where the data does not say, or may not be used."""

    name_to_use: str | None
    formality: Literal["formal", "relaxed"] | None
    because: list[str] = Field(description="the features that the formality rests on")
    open_complaint: bool | None
    last_intent: str | None
    last_contact_channel: str | None


class Introduction(View):
    """What a bot says of itself before anything else."""

    fr: str
    en: str


class BotContext(View):
    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "fields": {"given_name": "Ana", "language": "fr"},
                    "features": {
                        "open_complaint": {
                            "value": True,
                            "category": "behaviour",
                            "event_timestamp": "2024-05-01T12:00:00Z",
                        }
                    },
                    "features_available": True,
                    "language": "fr",
                    "tone": {
                        "name_to_use": "Ana",
                        "formality": "formal",
                        "because": ["open_complaint"],
                        "open_complaint": True,
                        "last_intent": "complaint",
                        "last_contact_channel": "chat",
                    },
                    "dial": {
                        "overall": {
                            "position": 20,
                            "stated_at": "2024-05-01T11:00:00Z",
                            "channel": "chat",
                            "stated_through": "bot",
                        },
                        "topics": {},
                    },
                    "introduction": {
                        "fr": "Dites d’emblée que vous êtes un assistant.",
                        "en": "Say that you are a bot.",
                    },
                    "milestones": {"milestones": [], "unknown": []},
                }
            ]
        },
    )

    fields: dict[str, str] = Field(description="the profile's values; their sources are in the profile itself")
    features: dict[str, FeatureView]
    features_available: bool = Field(description="false while the online store does not answer: do not conclude")
    language: str | None = Field(description="the language that the person is known to speak")
    tone: Tone
    dial: DialData | None = Field(
        None, description="how the person wants to be served; null for other purposes than service, or where withheld"
    )
    introduction: Introduction = Field(description="what a bot has to say of itself before anything else")
    milestones: MilestonesData | None = Field(
        None, description="the days that count which an advisor has seen; null for other purposes than service"
    )


def read_context(gate: Gate, actor: Actor, purpose: str | None, find: Find) -> Answer[BotContext]:
    """What a bot needs to know in one answer; without the online store it says so and answers the rest."""

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> BotContext:
        features = gate.online(reading, profile, mask, may)
        milestones = milestones_shown(reading, profile, mask, may, actor.role, gate.clock())
        return context_of(mask.profile(), features, dial_shown(reading, profile, may), milestones)

    return gate.answer(AccessRequest(actor, purpose, "context"), find, show)


def context_of(
    profile: ProfileData,
    features: FeaturesData | None,
    dial: DialData | None = None,
    milestones: MilestonesData | None = None,
) -> BotContext:
    """The context from permitted data; `features` is None if the online store does not answer.

    Claims are left out, since a bot would take them as known.
    """
    known = {name: field for name, field in profile.fields.items() if field.assurance is not Assurance.CLAIMED}
    fields = {name: field.value for name, field in known.items()}
    shown = features.features if features else {}
    return BotContext(
        fields=fields,
        features=shown,
        features_available=features is not None,
        language=fields.get("language"),
        tone=_tone(fields, shown),
        dial=dial,
        introduction=Introduction(**published_words().says_it_is_a_bot.model_dump()),
        milestones=milestones,
    )


def _tone(fields: dict[str, str], features: dict[str, FeatureView]) -> Tone:
    def value(name: str) -> Any:
        return features[name].value if name in features else None

    formality, because = _formality(value)
    given, family = fields.get("given_name"), fields.get("family_name")
    full = f"{given} {family}" if given and family else given
    return Tone(
        name_to_use=full if formality == "formal" else given,
        formality=formality,
        because=because,
        open_complaint=value("open_complaint"),
        last_intent=value("last_intent"),
        last_contact_channel=value("last_contact_channel"),
    )


def _formality(value: Any) -> tuple[Literal["formal", "relaxed"] | None, list[str]]:
    if value("open_complaint") is True:
        return "formal", ["open_complaint"]
    for name in ("preferred_channel", "last_contact_channel"):
        channel = str(value(name) or "").casefold()
        if any(word in channel for word in RELAXED):
            return "relaxed", [name]
        if any(word in channel for word in FORMAL):
            return "formal", [name]
    return None, []
