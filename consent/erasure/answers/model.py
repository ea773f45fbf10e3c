"""The words in which an answer is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Whose(StrEnum):
    """A set of the subject by which rows are found: its exact keys, never a text that holds them."""

    RECORDS = "records"
    PROFILES = "profiles"
    EVENTS = "events"
    CONSENTS = "consents"
    RECORD_KEYS = "record_keys"
    EVENT_KEYS = "event_keys"


@dataclass(frozen=True)
class Answer:
    """What becomes of a table.

    `gone_by`: rows whose columns (several with a blank between) are one of these keys are deleted. `gone`: columns that
    go with such a row. `handled`: columns that code of their own takes the person out of, and how. `free`: what people
    write, out of which names and identifiers are taken in other people's rows too. `kept`: columns that stay, and why.
    """

    gone_by: Mapping[str, Whose] = field(default_factory=dict)
    gone: str = ""
    handled: Mapping[str, str] = field(default_factory=dict)
    free: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> set[str]:
        """Every column that this answers for."""
        texts = [*self.gone_by, self.gone, *self.handled, self.free, *self.kept]
        return {name for text in texts for name in text.split()}

    @property
    def free_columns(self) -> list[str]:
        return self.free.split()
