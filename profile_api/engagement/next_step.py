"""The next step for a customer: the rules, and what goes before them, asked with what the gate lets out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from consent.model import Actor, Decision, Role
from consent.purposes import published_purposes
from contracts.keyed import keyed
from engagement.dial.precedence import A_PERSON, Acts
from engagement.next_step.emotion import Noticed, emotion_seen
from engagement.next_step.step import Asked, Known, Step, next_step
from engagement.next_step.suggesting import Suggestion, bans, suggestions
from engagement.next_step.words import published_words
from engagement.zones.deciding import Zones
from engagement.zones.situation import Emotion
from profile_api.access.asking import AccessRequest
from profile_api.access.gate import Gate, Reading
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredProfile
from profile_api.engagement import next_step_views as views
from profile_api.engagement.dial import SERVES, permitted_dial
from profile_api.engagement.feedback import staying_away
from profile_api.engagement.known import choices, consent_denies, expired, is_restricted, offers, usable_now
from profile_api.engagement.next_step_views import Language, NextStepData, NextStepForm, Texts
from profile_api.http.lookups import found_by
from profile_api.reach.reach import Reach, reach_of_people
from profile_api.responses.errors import Problem
from profile_api.responses.views import Answer, FeaturesData

NAMESPACE = UUID("d0a3d6f7-6a55-5f0e-8f2b-52d2f0c6a6b1")
"""Of the ids of suggestions."""


def read_next_step(
    gate: Gate, zones: Zones, actor: Actor, purpose: str | None, form: NextStepForm
) -> Answer[NextStepData]:
    """Who serves now, why, and with what in mind; nothing of the request is kept."""
    asked, now = _understood(zones, form), gate.clock()

    def show(reading: Reading, profile: StoredProfile, mask: Mask, may: Decision) -> NextStepData:
        known = Known(
            emotion=emotion_seen(_noticed(form, now), usable_now(may), now),
            dial=permitted_dial(reading, profile, may),
            restricted=is_restricted(may),
            consent_denies=consent_denies(may),
        )
        features = gate.online(reading, profile, mask, may)
        step, purposes = next_step(zones, asked, known), published_purposes().values()
        chosen = choices(reading, profile, may, purposes, now)
        facts = _facts(actor, asked, step, known, may, features)
        ended = expired(chosen)
        facts |= {"expired": tuple(ended), "expired_events": tuple(ended.values()), "day": now.date().isoformat()}
        facts |= {"offers": offers(chosen, form.channel, purposes)}
        cards = [_card(one, form.language) for one in suggestions(published_words(), facts)]
        away = staying_away(reading, profile, may, [one.uuid for one in cards])
        shown = [one for one in cards if one.uuid not in away]
        reach = reach_of_people(reading, step.skill, now)
        return _shown(zones, step, facts, shown, reach, known.emotion, features is not None)

    return gate.answer(AccessRequest(actor, purpose, "next-step", SERVES), found_by(form.who), show)


def _understood(zones: Zones, form: NextStepForm) -> Asked:
    """What is asked; a 422 where the rules do not know it, which says where: a name may be what somebody typed."""
    rules = zones.rules
    if strange := [f"intents.{at}" for at, intent in enumerate(form.intents) if intent not in rules.topic_of]:
        detail = f"Expected intents of the {rules.sector} rules, see `valid`; found others at {', '.join(strange)}."
        raise Problem(422, "intent-unknown", detail, valid=sorted(rules.topic_of))
    if form.product is not None and form.product not in rules.products:
        detail = f"Expected a product of the {rules.sector} rules, see `valid`, or null; found another."
        raise Problem(422, "product-unknown", detail, valid=sorted(rules.products))
    return Asked(
        intents=form.intents,
        text=form.text,
        product=form.product,
        risk=form.risk,
        value=form.value,
        attempts=form.attempts,
    )


def _noticed(form: NextStepForm, now: datetime) -> Noticed | None:
    if (sent := form.emotion) is None:
        return None
    return Noticed(sent.emotion, sent.noticed_by, sent.noticed_at or now)


def _facts(
    actor: Actor, asked: Asked, step: Step, known: Known, may: Decision, features: FeaturesData | None
) -> dict[str, Any]:
    """What suggestions may rest on: the features that may leave, and what the request itself says."""
    told = {name: one.value for name, one in features.features.items()} if features else {}
    return told | {
        "actor": actor.role.value,
        "acts": step.served.acts.value,
        "person": step.served.person.value,
        "level": step.served.level.value,
        "zone": step.outcome.zone.value,
        "topic": step.skill,
        "emotion": known.emotion,
        "attempts": asked.attempts,
        "failed": asked.attempts > 0,
        "withheld": tuple(one.category.value for one in may.withheld),
        "restricted": known.restricted,
    }


def _shown(
    zones: Zones,
    step: Step,
    facts: Mapping[str, Any],
    cards: list[views.Suggestion],
    reach: Reach,
    emotion: Emotion,
    features_available: bool,
) -> NextStepData:
    words, served = published_words(), step.served
    return NextStepData(
        zone=step.outcome.zone,
        rule=step.outcome.rule,
        matched=list(step.outcome.matched),
        because=Texts(**step.outcome.reason),
        acts=_who_acts(Role(facts["actor"]), served.acts),
        level=served.level,
        level_because=Texts(**words.levels[served.level].model_dump()),
        a_person=views.APerson(
            comes=served.person,
            skill=step.skill,
            how=Texts(**words.a_person.model_dump()),
            intents=sorted(intent for intent, topic in zones.rules.topic_of.items() if topic == A_PERSON),
            reachable=reach,
        ),
        suggestions=cards,
        bans=[
            views.BanView(id=one.id, what=Texts(**one.what.model_dump()), because=Texts(**one.because.model_dump()))
            for one in bans(words, facts)
        ],
        emotion=emotion,
        features_available=features_available,
    )


def _who_acts(role: Role, acts: Acts) -> Literal["nobody", "self_service", "bot", "advisor"]:
    """Who acts, of those who are there: a person who serves already goes on, also where a machine would do."""
    if acts is Acts.NOBODY:
        return "nobody"
    if acts is Acts.PERSON or role is Role.ADVISOR:
        return "advisor"
    return "bot" if role is Role.BOT else "self_service"


def _card(one: Suggestion, language: Language) -> views.Suggestion:
    return views.Suggestion(
        uuid=uuid5(NAMESPACE, keyed("suggestion", *one.evidence)),
        summary=getattr(one.rule.summary, language),
        indicator=one.rule.indicator,
        source=views.Source(label="One customer view", rule=one.rule.id),
        detail=getattr(one.rule.detail, language),
        reasons=[views.Reason(fact=name, value=value) for name, value in one.reasons.items()],
    )
