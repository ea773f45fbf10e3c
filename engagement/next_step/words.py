"""What people wrote for the next step: reasons, suggestions, and what must not be said or offered, in two languages."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.yaml_files import UnreadableFile, described, read_yaml
from engagement.dial.precedence import Level
from engagement.zones.rule_file import Words

PUBLISHED = Path(__file__).with_name("next_step.yml")

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Value = str | bool | int
Indicator = Literal["info", "warning", "critical"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Rule(_Strict):
    """Holds where each fact that `when` names is one of these values; what nobody knows, or may say, is none."""

    id: Id
    when: dict[Id, list[Value]] = Field(min_length=1)

    def holds(self, facts: Mapping[str, Any]) -> bool:
        return all(_is_one_of(facts.get(fact), values) for fact, values in self.when.items())


class Summary(_Strict):
    """At most as long as HL7 CDS Hooks shows."""

    fr: str = Field(min_length=1, max_length=140)
    en: str = Field(min_length=1, max_length=140)


class SuggestionRule(_Rule):
    """A card for whoever serves. `evidence` are the facts that make it another card when they change."""

    evidence: list[Id] = Field(min_length=1)
    indicator: Indicator
    summary: Summary
    detail: Words


class Ban(_Rule):
    """What must not be said or offered."""

    what: Words
    because: Words


class NextStepWords(_Strict):
    """The file `next_step.yml`."""

    asks_for_a_person: dict[Literal["fr", "en"], list[Annotated[str, Field(min_length=3)]]]
    a_person: Words
    says_it_is_a_bot: Words
    levels: Annotated[dict[Level, Words], Field(min_length=len(Level))]
    bans: list[Ban]
    suggestions: list[SuggestionRule]


@lru_cache
def published_words() -> NextStepWords:
    """The words that come with the product."""
    return load_words(PUBLISHED)


def load_words(path: Path) -> NextStepWords:
    """The words of a file; raises UnreadableFile, which names the line."""
    content, lines = read_yaml(path, "asks_for_a_person")
    try:
        return NextStepWords.model_validate(content)
    except ValidationError as error:
        raise UnreadableFile("\n".join(described("words", path, dict(one), lines) for one in error.errors())) from None


def _is_one_of(found: Any, values: list[Value]) -> bool:
    """Whether a fact, or one of several, is among the values; true is not 1."""
    several = found if isinstance(found, tuple | frozenset) else (found,)
    return any(type(one) is type(value) and one == value for one in several for value in values)
