"""The values of the people to erase in rows, and which of them are distinctive."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import phonenumbers

from contracts.channel import Channel
from contracts.identifiers import Identifier, is_nothing
from contracts.reading import RefusedRow, Row
from contracts.standard import person_record
from erasure.people.folding import spellings

SHORTEST_WORD = 5
SHORTEST_VALUE = 6
SHORTEST_PHRASE = 8
NAMES = ("given_name", "middle_name", "family_name", "full_name")


@dataclass
class Candidates:
    """Candidates for the search: values in any bytes, words only in texts; `plain` are ids that are ordinary words.

    `whole` maps a given and family name, written as one, to its possible full names.
    """

    values: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    whole: dict[str, set[str]] = field(default_factory=dict)


class PersonalValues:
    """The values of a person in rows: identifiers, their spellings, names, and all other texts."""

    def __init__(self) -> None:
        self.identifiers: set[Identifier] = set()
        self.spellings: dict[str, Identifier] = {}
        self.names: set[str] = set()
        self.whole: dict[str, set[str]] = {}
        self.full_names: set[str] = set()
        self.values: set[str] = set()

    def record(self, row: Mapping[str, Any]) -> None:
        """A record in canonical form: of silver, or of PostgreSQL."""
        self.identifiers |= {Identifier(one["kind"], one["value"]) for one in row.get("identifiers") or []}
        self.names |= {row[name] for name in NAMES if row.get(name)}
        self._whole(row.get("given_name"), row.get("family_name"))
        self.values |= {row[name] for name in ("street", "unit") if row.get(name)}
        self.values |= {str(one) for one in (row.get("attributes") or {}).values()}
        self.values |= {one["value"] for one in row.get("claims") or []}  # their claims about themselves or others

    def payload(self, contract: Channel | None, payload: Mapping[str, Any], now: datetime) -> None:
        """A raw row of a person, by its contract."""
        self.texts(payload)
        if contract is None:
            return
        try:
            read_as = person_record(contract, payload, now)
            row = Row(contract, payload)
        except RefusedRow:
            return
        self.identifiers |= set(read_as.identifiers)
        self.names |= {text for name in NAMES if name != "full_name" and (text := getattr(read_as, name))}
        self.names |= {text for name in NAMES if (text := row.text(name))}
        self._whole(read_as.given_name, read_as.family_name)
        if whole := row.text("full_name"):
            self._whole(read_as.given_name, read_as.family_name, whole)
        for name, text in payload.items():
            for identifier in Row(contract, {name: text}, leniently=True).identifiers():
                for spelt in leaves(text):
                    self.spellings[spelt] = identifier

    def texts(self, value: Any) -> None:
        """Every text in a value, however deep."""
        self.values |= {text for text in leaves(value) if not is_nothing(text)}

    def _whole(self, given: str | None, family: str | None, *written: str) -> None:
        if given and family:
            names = set(full_names(given, family))
            self.full_names |= names
            for text in (f"{given} {family}", f"{family} {given}", *written):
                for folded in spellings(text):
                    self.whole.setdefault(folded, set()).update(names)

    def candidates(self, alone: set[Identifier], records: set[str], events: set[str]) -> Candidates:
        """The candidates, before others' data is known; `alone` are identifiers that nobody else has."""
        found = Candidates()
        ids = {one.value for one in alone} | {text for text, one in self.spellings.items() if one in alone}
        ids |= {spelt for one in alone if one.kind == "phone" for spelt in phone_spellings(one.value)}
        ids |= {one.partition(":")[2] for one in records} | {one.partition(":")[2] for one in events}
        found.values = {one for one in ids if tells(one)}
        found.plain = {one for one in ids if not tells(one)}
        found.values |= {one for one in records if len(one) >= SHORTEST_VALUE}
        found.values |= {one for one in events if len(one) > SHORTEST_VALUE and tells(one.partition(":")[2])}
        # Other texts, unless they are a single word, number or date.
        long = {one for one in self.values if len(one) >= SHORTEST_VALUE + 2 and (" " in one or not one.isalnum())}
        found.values |= {one for one in long if not _is_date(one)} - found.plain
        parts = {word for name in self.names for folded in spellings(name) for word in folded.split()}
        found.words = {word for word in parts if len(word) >= SHORTEST_WORD}
        whole = {folded for name in self.names for folded in spellings(name)} | set(self.whole)
        found.words |= {one for one in whole if " " in one and len(one) >= SHORTEST_PHRASE}
        found.whole = self.whole
        return found


def tells(identifier: str) -> bool:
    """Whether an id differs from an ordinary word or number: `messageId` and `42` do not."""
    digits = sum(c.isdigit() for c in identifier)
    if len(identifier) < SHORTEST_VALUE:
        return False
    if "@" in identifier or len(identifier) >= 24:
        return True
    return digits >= 9 or (digits >= 1 and digits < len(identifier) and len(identifier) - digits >= 1)


def phone_spellings(value: str) -> set[str]:
    """A number in E.164 as people write it: international and national, with blanks and without."""
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return set()
    forms = phonenumbers.PhoneNumberFormat
    written = {phonenumbers.format_number(number, one) for one in (forms.INTERNATIONAL, forms.NATIONAL)}
    return written | {one.replace(" ", "") for one in written}


def full_names(given: str, family: str) -> Iterator[str]:
    """Given and family name in the form in which two of them are compared: the first given name, the whole family's."""
    for first in spellings(given):
        for last in spellings(family):
            yield f"{first.partition(' ')[0]}|{last}"


def leaves(value: Any) -> Iterator[str]:
    """The texts in a JSON value."""
    nested: Iterable[Any] = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for one in nested:
        yield from leaves(one)
    if isinstance(value, str) and value.strip():
        yield value


def _is_date(text: str) -> bool:
    return len(text) <= 30 and not any(c.isalpha() for c in text.replace("T", "").replace("Z", ""))
