"""Rules of a sector, as people write them: topics with their intents, and rules with an explicit priority.

Every rule that matches is reported; the one of the highest priority decides. A sector's file is read together with
`common.yml`, whose rules hold in every sector.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.yaml_files import Lines, UnreadableFile, described, read_yaml
from engagement.zones.situation import Emotion, Milestone, Risk, Vulnerability, Zone

SECTORS = Path(__file__).parent / "sectors"
COMMON = SECTORS / "common.yml"

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_?-]{0,99}$")]


class BadRules(UnreadableFile):
    """A rule file that can't be used; the message names file, line and rule."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Between(_Strict):
    """A range of numbers, with its ends; a number that nobody knows is in none."""

    at_least: float | None = Field(None, ge=0)
    at_most: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("expected at_least or at_most, found neither")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("expected at_least to be at most at_most, found more")
        return self


class When(_Strict):
    """What a rule asks of a situation: of each input that is named, one of these values, or a number in this range."""

    topic: list[Name] | None = Field(None, min_length=1)
    intent: list[Name] | None = Field(None, min_length=1)
    product: list[Name | None] | None = Field(None, min_length=1)
    risk: list[Risk] | None = Field(None, min_length=1)
    value: Between | None = None
    emotion: list[Emotion] | None = Field(None, min_length=1)
    attempts: Between | None = None
    vulnerability: list[Vulnerability] | None = Field(None, min_length=1)
    milestone: list[Milestone | None] | None = Field(None, min_length=1)
    dial: Between | None = None


class Words(_Strict):
    """A reason as people read it."""

    fr: str = Field(min_length=1, max_length=300)
    en: str = Field(min_length=1, max_length=300)


class Rule(_Strict):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    priority: int = Field(ge=0, le=100, description="the highest of those that match decides")
    zone: Zone
    when: When
    because: Words


class CommonRules(_Strict):
    """Rules that hold in every sector."""

    rules: list[Rule] = Field(min_length=1)


class SectorRules(_Strict):
    """A sector's file."""

    sector: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,62}$")]
    products: list[Name] = []
    topics: dict[Name, list[Name]] = Field(min_length=1, description="topic -> its intents; an intent has one topic")
    rules: list[Rule] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        intents = Counter(intent for those in self.topics.values() for intent in those)
        if twice := sorted(intent for intent, many in intents.items() if many > 1):
            raise ValueError(f"topics: expected each intent once, found twice: {', '.join(twice)}")
        return self

    @property
    def topic_of(self) -> dict[str, str]:
        return {intent: topic for topic, intents in self.topics.items() for intent in intents}


class Rules(_Strict):
    """What decides in a sector: its own rules and the common ones."""

    sector: str
    products: tuple[str, ...]
    topic_of: dict[str, str]
    rules: tuple[Rule, ...]


def load_rules(path: Path, common: Path = COMMON) -> Rules:
    """The rules of a sector's file; BadRules says all that is wrong with it, but for what `checking.problems` finds."""
    own, lines = _read(path, "sector", SectorRules)
    shared, _ = _read(common, "rules", CommonRules)
    taken = {rule.id for rule in shared.rules}
    problems = []
    for at, rule in enumerate(own.rules):
        line = lines["rules", str(at)]
        if rule.id in taken:
            problems.append(f"{path}:{line}: {rule.id}: expected an id of its own, found another rule's")
        taken.add(rule.id)
        problems += [f"{path}:{line}: {rule.id}: {said}" for said in _unknown(rule, own)]
    if problems:
        raise BadRules("\n".join(problems))
    everything = (*shared.rules, *own.rules)
    return Rules(sector=own.sector, products=tuple(own.products), topic_of=own.topic_of, rules=everything)


def shipped(sector: str) -> Rules:
    """The rules that come with the product."""
    return load_rules(SECTORS / f"{sector}.yml")


def sectors() -> list[str]:
    """The sectors that rules come with."""
    return sorted(path.stem for path in SECTORS.glob("*.yml") if path != COMMON)


def _read(path: Path, first_key: str, model: type[Any]) -> tuple[Any, Lines]:
    try:
        content, lines = read_yaml(path, first_key)
        return model.model_validate(content), lines
    except ValidationError as error:
        raise BadRules("\n".join(described("rule", path, dict(one), lines) for one in error.errors())) from None
    except UnreadableFile as error:
        raise BadRules(str(error)) from None
    except FileNotFoundError:
        raise BadRules(f"{path}: expected a rule file, found none") from None


def _unknown(rule: Rule, own: SectorRules) -> Iterator[str]:
    there = {"topic": own.topics.keys(), "intent": own.topic_of.keys(), "product": own.products}
    for name, known in there.items():
        if strange := sorted({one for one in getattr(rule.when, name) or () if one is not None} - set(known)):
            yield f"expected {name}s of this file, found {', '.join(strange)}"
