"""Evidence in words and numbers, for people, of the data categories that may be shown."""

from collections.abc import Collection, Mapping
from typing import Any

from contracts.categories import Category
from contracts.identifiers import kind_of
from identity.matching.levels import Vector
from identity.matching.model import FieldEvidence, PersonModel, explain, probability, weight
from profile_api.stewardship.views import EvidenceView, FieldEvidenceView

# What a comparison is about, in words, and the data category that its outcome tells of.
_ABOUT: dict[str, tuple[str, Category]] = {
    "given_name": ("given name", Category.IDENTITY),
    "middle_name": ("middle name", Category.IDENTITY),
    "family_name": ("family name", Category.IDENTITY),
    "birth": ("birth date", Category.IDENTITY),
    "gender": ("gender", Category.IDENTITY),
    "email": ("e-mail address", Category.CONTACT),
    "mailbox_and_name": ("name in the mailbox", Category.CONTACT),
    "phone": ("phone number", Category.CONTACT),
    "address": ("address", Category.CONTACT),
    "external_id": ("customer number or card", Category.IDENTITY),
    "device": ("device", Category.BEHAVIOUR),
    "national_id": ("national id", Category.SENSITIVE),
}


def shown(model: PersonModel, vector: Mapping[str, Any], allowed: Collection[Category]) -> list[FieldEvidence]:
    """The evidence of the fields that may be shown, strongest first."""
    return [one for one in explain(model, vector) if _ABOUT[one.field][1] in allowed]


def modelled(model: PersonModel, vector: Vector, allowed: Collection[Category]) -> EvidenceView:
    """What the model says of a pair."""
    seen = shown(model, vector, allowed)
    bits = weight(model, seen)
    percent = probability(bits)
    return EvidenceView(
        tier="probabilistic",
        rule="person_model",
        words=f"{len(seen)} fields compared: together {_signed(bits)} bits, {_percent(percent)} that it is one person",
        weight=round(bits, 2),
        probability=round(percent, 6),
        fields=[_field(one) for one in seen],
    )


def ruled(
    rule: str,
    weight: float,
    evidence: Mapping[str, Any] | None,
    categories: Mapping[str, str],
    allowed: Collection[Category],
) -> EvidenceView:
    """What a rule says of a pair; `categories` are those of the records."""
    kind = rule.removeprefix("same_")
    category = categories.get(f"identifier.{kind}", kind_of(kind).category)
    if category not in allowed or kind_of(kind).category not in allowed:
        return EvidenceView(
            tier="deterministic", rule=None, words="a shared identifier", weight=None, probability=None, fields=[]
        )
    people = (evidence or {}).get("people")
    shared = "" if people is None else ", which one person has" if people == 1 else f", which {people} people share"
    words = f"same {kind.replace('_', ' ')}{shared}"
    return EvidenceView(
        tier="deterministic", rule=rule, words=words, weight=round(weight, 2), probability=None, fields=[]
    )


def decided(by: str, reason: str) -> EvidenceView:
    """What a person said of a pair."""
    return EvidenceView(
        tier="decided", rule="same", words=f"decided by {by}: {reason}", weight=None, probability=None, fields=[]
    )


def _field(one: FieldEvidence) -> FieldEvidenceView:
    strangers, housemates = _signed(one.against_strangers), _signed(one.against_housemates)
    return FieldEvidenceView(
        field=one.field,
        level=one.level,
        words=f"{level_in_words(one.field, one.level)}: {strangers} bits against strangers,"
        f" {housemates} against housemates",
        against_strangers=round(one.against_strangers, 2),
        against_housemates=round(one.against_housemates, 2),
    )


def level_in_words(field: str, level: str) -> str:
    """`same birth date`, `family name: one of two surnames`."""
    about = _ABOUT[field][0]
    plain = {"exact": "same {}", "same": "same {}", "different": "another {}", "close": "{} spelt alike"}
    return plain.get(level, "{}: " + level).format(about)


def _signed(bits: float) -> str:
    return f"{bits:+.1f}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if 0.001 < share < 0.999 else ("more than 99.9%" if share > 0.5 else "less than 0.1%")
