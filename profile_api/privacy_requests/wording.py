"""Formats codes, dates, amounts and durations in words, in each supported language.

The words are YAML, one file a language, with the same keys and placeholders; a test holds them equal. Sources and their
attributes are called as controller.yml says; what has no name there either is shown as it is.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from consent.controller import Controller, published_controller
from consent.notices import LANGUAGES

FOLDER = Path(__file__).parent / "words"
DAY = re.compile(r"\d{4}-\d\d-\d\d$")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
UNITS = {"Y": "year", "M": "month", "D": "day"}


class Words:
    """One language."""

    def __init__(self, language: str, said: Mapping[str, Any], controller: Controller) -> None:
        self.language, self._said, self.controller = language, said, controller

    def say(self, key: str, **facts: Any) -> str:
        """A sentence, by its dotted key; KeyError where the language lacks it."""
        return str(self._found(key)).format(**facts)

    def paragraphs(self, key: str) -> list[str]:
        """Sentences that stand together."""
        return [str(one) for one in self._found(key)]

    def name(self, section: str, code: str) -> str:
        """What a code means; a source's own word stays what it is, in letters that people read."""
        found = self._said[section].get(code)
        return str(found) if found is not None else code.replace("_", " ").strip()

    def field(self, name: str) -> str:
        """What a field of a person or an event is called; of a contract's own attributes, as the controller says."""
        own = self.controller.attributes.get(name)
        return own.in_(self.language) if own else self.name("field", name)

    def source(self, channel: str) -> str:
        """What a channel is called."""
        known = self.controller.sources.get(channel)
        return known.in_(self.language) if known else self.name("source", channel)

    def record(self, record_id: str) -> str:
        """A source record: `Customer file, record 42`."""
        channel, _, number = record_id.partition(":")
        return self.say(
            "record.heading" if number else "record.heading_plain", source=self.source(channel), number=number
        )

    def day(self, when: str | date | datetime) -> str:
        """A date: `3 May 2024`; what is no date stays as it is."""
        known = _read(when)
        if known is None:
            return str(when)
        day, month = known.day if known.day > 1 else self._said["first_day"], self._said["months"][known.month - 1]
        return self.say("day", day=day, month=month, year=known.year)

    def moment(self, when: str | datetime) -> str:
        """A date and a time of day in UTC."""
        known = _read(when)
        return self.say("moment", day=self.day(known), clock=f"{known:%H:%M}") if known else str(when)

    def number(self, value: float) -> str:
        """A number as it is written in this language: two decimals at most, none where they say nothing."""
        text = f"{value:,.2f}".removesuffix(".00") if isinstance(value, float) else f"{value:,}"
        return text.translate({ord(","): self._said["thousands"], ord("."): self._said["decimal"]})

    def amount(self, value: float) -> str:
        """An amount of money."""
        return f"{self.number(round(float(value), 2))}\u00a0{self.controller.currency}"

    def duration(self, text: str) -> str:
        """An ISO 8601 duration: `3 years`."""
        number, unit = int(text[1:-1]), UNITS[text[-1]]
        return self.say(f"kept.one_{unit}" if number == 1 else f"kept.{unit}", n=number)

    def value(self, value: Any) -> str:
        """Any value of a field: dates as dates, codes in words, the rest as it is."""
        if isinstance(value, bool):
            return self.say("is_true" if value else "is_false")
        if isinstance(value, int | float):
            return self.number(value)
        text = str(value)
        if MOMENT.match(text) and _read(text):
            return self.moment(text)
        return self.day(text) if DAY.match(text) else str(self._said["value"].get(text, text))

    def _found(self, key: str) -> Any:
        found: Any = self._said
        for part in key.split("."):
            found = found[part]
        return found


def language_of(document: Mapping[str, Any], controller: Controller) -> str:
    """The language to speak to somebody in: their own where we speak it, another's readers are told in English."""
    for one in document.get("fields") or []:
        if one["field"] == "language" and one.get("value"):
            spoken = str(one["value"]).lower()[:2]
            return spoken if spoken in LANGUAGES else "en"
    return controller.language


@lru_cache
def words(language: str) -> Words:
    """The words of a language, read once."""
    text = (FOLDER / f"{language}.yml").read_text(encoding="utf-8")
    return Words(language, yaml.safe_load(text), published_controller())


def _read(when: str | date | datetime) -> datetime | None:
    if isinstance(when, datetime):
        return when.astimezone(UTC) if when.tzinfo else when
    try:
        found = datetime.fromisoformat(str(when))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found
