"""The model of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Whose(StrEnum):
    """A set of the subject's keys by which rows are found: exact keys, never text search."""

    RECORDS = "records"
    PROFILES = "profiles"
    IDENTIFIERS = "identifiers"
    """Kind and value, of identifiers that nobody else has; a record is one of its own."""
    EVENTS = "events"
    CONSENTS = "consents"
    RECORD_KEYS = "record_keys"
    EVENT_KEYS = "event_keys"


@dataclass(frozen=True)
class TableAnswer:
    """What happens to a table.

    `gone_by`: rows are deleted if these columns (several joined by a blank) match a key. `gone`: columns that are
    deleted with such a row. `handled`: columns with their own erasure code, and how. `free`: free text, in which names
    and identifiers are redacted in other people's rows too. `kept`: columns that stay, and why.
    """

    gone_by: Mapping[str, Whose] = field(default_factory=dict)
    gone: str = ""
    handled: Mapping[str, str] = field(default_factory=dict)
    free: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> set[str]:
        """Every column with an answer."""
        texts = [*self.gone_by, self.gone, *self.handled, self.free, *self.kept]
        return {name for text in texts for name in text.split()}

    @property
    def free_columns(self) -> list[str]:
        return self.free.split()
