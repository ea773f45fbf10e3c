"""What was heard of a caller, as weighted comparison columns: the records that the caller may be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

from contracts.identifiers import KINDS, NEVER_ALONE, InvalidIdentifier, normalise
from contracts.names import fold, split_full_name
from contracts.spoken.dates import spoken_dates
from contracts.spoken.numbers import in_digits
from contracts.spoken.spelling import spelt, spoken_digits, spoken_email, spoken_number
from identity.matching.caller_keys import index_keys
from identity.matching.comparison_columns import comparison_columns
from identity.matching.name_parts import NameFrequencies

NUMBER_KINDS = sorted(KINDS.keys() - NEVER_ALONE - {"email", "phone"})
MOST_VARIANTS = 12
"""Combinations of hypotheses of one group that are looked at, the likeliest first."""

MOST_COMBINED = 4
_EMPTY: dict[str, Any] = {
    **dict.fromkeys("record_id given_name middle_name family_name gender birth_typed birth_year".split()),
    **dict.fromkeys("street unit city postcode".split()),
    "identifiers": [],
}


@dataclass(frozen=True)
class Hypothesis:
    """One reading of a field, and how likely the recogniser thinks it; `kind` is a number's, where it was said."""

    text: str
    confidence: float | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Variant:
    """One reading of a group of fields: its share, what it says as a record, and that as comparison columns."""

    weight: float
    said: Mapping[str, Any]
    columns: Mapping[str, Any]


@dataclass(frozen=True)
class CallerHypotheses:
    """All readings by group: name, birth_date, address, email, phone, number.

    `fields` are those that could be read, `unread` those that could not, `whole_birth` whether day, month and year
    were said.
    """

    groups: Mapping[str, Sequence[Variant]]
    fields: frozenset[str]
    unread: tuple[str, ...]
    whole_birth: bool
    keys: Sequence[str] = field(default=())


Readings = list[tuple[float, dict[str, Any]]]


def hear(
    said: Mapping[str, Sequence[Hypothesis]], names: NameFrequencies, this_year: int, region: str | None
) -> CallerHypotheses:
    """Reads every hypothesis of every field as the channels' values are read."""
    readings: dict[str, Readings] = {name: _read(name, given, this_year, region) for name, given in said.items()}
    read = {name: found for name, found in readings.items() if found}
    birth = read.get("birth_date", [])
    grouped: dict[str, Readings] = {
        "name": _combined([read[one] for one in ("given_name", "family_name") if one in read])
        + [
            (weight, parts)
            for weight, parts in read.get("full_name", [])
            if not {"given_name", "family_name"} & set(read)
        ],
        "birth_date": [one for weight, parts in birth for one in _days(weight, parts, this_year)],
        "address": _combined([read[one] for one in ("street", "postcode", "city") if one in read]),
        **{one: read.get(one, []) for one in ("email", "phone", "number")},
    }
    groups = {
        name: [Variant(weight, parts, comparison_columns(_EMPTY | parts, names)) for weight, parts in found]
        for name, found in grouped.items()
        if found
    }
    whole = bool(birth) and sum(weight for weight, parts in birth if parts["date"].whole) > 0.5
    unread = tuple(sorted(set(said) - set(read)))
    return CallerHypotheses(groups, frozenset(read), unread, whole, _keys(groups, names))


def _read(name: str, given: Sequence[Hypothesis], this_year: int, region: str | None) -> Readings:
    found: Readings = []
    for one, share in zip(given, _shares(given), strict=True):
        readings = _READERS[name](one, this_year, region)
        found += [(share / len(readings), parts) for parts in readings]
    return found


def _shares(given: Sequence[Hypothesis]) -> list[float]:
    """Probabilities of the hypotheses; what is left of 1 is that none of them was said, which says nothing."""
    stated = sum(one.confidence or 0.0 for one in given)
    silent = sum(one.confidence is None for one in given)
    rest = max(0.0, 1 - stated) / silent if silent else 0.0
    shares = [rest if one.confidence is None else one.confidence for one in given]
    return [share / max(1.0, sum(shares)) for share in shares]


def _text(column: str) -> Callable[[Hypothesis, int, str | None], list[dict[str, Any]]]:
    return lambda one, year, region: [{column: text}] if fold(text := spelt(one.text) or one.text) else []


def _full_name(one: Hypothesis, year: int, region: str | None) -> list[dict[str, Any]]:
    name = split_full_name(one.text)
    return [{"given_name": name.given, "middle_name": name.middle, "family_name": name.family}] if name.given else []


def _street(one: Hypothesis, year: int, region: str | None) -> list[dict[str, Any]]:
    return [{"street": text}] if fold(text := in_digits(spelt(one.text) or one.text)) else []


def _postcode(one: Hypothesis, year: int, region: str | None) -> list[dict[str, Any]]:
    return [{"postcode": text}] if fold(text := spoken_digits(one.text)) else []


def _birth(one: Hypothesis, year: int, region: str | None) -> list[dict[str, Any]]:
    return [{"date": date} for date in spoken_dates(one.text, year, day_first=region != "US")]


def _days(weight: float, parts: dict[str, Any], this_year: int) -> Readings:
    """Every day that a partial date may be, sharing its weight; a year alone stays a year."""
    date = parts["date"]
    days = date.days(this_year)
    if not days:
        return [(weight, {"birth_year": date.year})]
    return [(weight / len(days), {"birth_typed": day, "birth_year": int(day[:4])}) for day in days]


def _email(one: Hypothesis, year: int, region: str | None) -> list[dict[str, Any]]:
    return _identifiers("email", [spoken_email(one.text)], None)


def _phone(one: Hypothesis, year: int, region: str | None) -> list[dict[str, Any]]:
    return _identifiers("phone", [spoken_digits(one.text)], region)


def _number(one: Hypothesis, year: int, region: str | None) -> list[dict[str, Any]]:
    held = [
        found["identifiers"][0]
        for kind in ([one.kind] if one.kind else NUMBER_KINDS)
        for found in _identifiers(kind, spoken_number(one.text), region)
    ]
    return [{"identifiers": held}] if held else []


def _identifiers(kind: str, texts: Iterable[str], region: str | None) -> list[dict[str, Any]]:
    found = []
    for text in texts:
        try:
            found.append({"identifiers": [vars(normalise(kind, text, region))]})
        except InvalidIdentifier:
            continue
    return found


_READERS: dict[str, Callable[[Hypothesis, int, str | None], list[dict[str, Any]]]] = {
    "given_name": _text("given_name"),
    "family_name": _text("family_name"),
    "full_name": _full_name,
    "birth_date": _birth,
    "street": _street,
    "postcode": _postcode,
    "city": _text("city"),
    "email": _email,
    "phone": _phone,
    "number": _number,
}
FIELDS = tuple(_READERS)


def _combined(fields: Sequence[Readings]) -> Readings:
    """One reading of each field together, the likeliest first; their shares are those of the whole."""
    found = [
        (prod(weight for weight, _ in chosen), {k: v for _, parts in chosen for k, v in parts.items()})
        for chosen in product(*fields)
        if chosen
    ]
    return sorted(found, key=lambda one: -one[0])[:MOST_VARIANTS]


def _keys(groups: Mapping[str, Sequence[Variant]], names: NameFrequencies) -> list[str]:
    """The index keys of the likeliest readings, alone and together: some keys need a name and a date or a place."""
    likeliest = {name: sorted(found, key=lambda one: -one.weight)[:MOST_COMBINED] for name, found in groups.items()}
    keys = {key for found in likeliest.values() for one in found for key in index_keys(one.columns)}
    together = [likeliest[name] for name in ("name", "birth_date", "address") if name in likeliest]
    for chosen in product(*together) if len(together) > 1 else ():
        merged = _EMPTY | {k: v for one in chosen for k, v in one.said.items()}
        keys.update(index_keys(comparison_columns(merged, names)))
    return sorted(keys)
