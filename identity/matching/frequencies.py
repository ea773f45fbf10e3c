"""How common names are in a lake, and birth dates that too many have."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from identity.matching.name_parts import NameFrequencies, name_parts

SMOOTHING = 200
BORN_ON_ONE_DAY = 1e-4
"""The share of people who are born on one day is no more: most live through 27,000 of them."""
CLEARLY_MORE = 3
MANY_PEOPLE = 5


def counted_frequencies(
    names: Iterable[tuple[Any, ...]], births: Iterable[tuple[str, int, int]] = ()
) -> NameFrequencies:
    """From given, middle and family names with how many records hold them, and birth dates with how many records and
    how many different initials hold them; in a small set a name seen twice is not yet common."""
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    bearers: tuple[dict[str, set[str]], dict[str, set[str]]] = ({}, {})
    for given, middle, family, number in names:
        name = name_parts(given, middle, family)
        if name.given and not name.family:
            continue  # it may be either
        words = (name.given, name.family)
        for role, people, word, other in zip(counts, bearers, words, words[::-1], strict=True):
            if word:
                role[word] += number
                people.setdefault(word, set()).add(other or "")
    given, family = (
        smoothed_frequencies(role, {word: len(found) for word, found in people.items()})
        for role, people in zip(counts, bearers, strict=True)
    )
    return NameFrequencies(given, family, common_births(births))


def common_births(counted: Iterable[tuple[str, int, int]]) -> dict[str, float]:
    """How often dates equal each other by chance that more people have than can be born on one day: 1970-01-01 and the
    like, which stand where there is none.

    Of the share of records that hold such a date, no more than `BORN_ON_ONE_DAY` have it for a birthday; so it counts
    as if it were more common by that much.
    """
    counted = list(counted)
    total = sum(records for _, records, _ in counted)
    shares = {birth: records / total for birth, records, people in counted if people >= MANY_PEOPLE}
    return {
        birth: min(1.0, share * share / BORN_ON_ONE_DAY)
        for birth, share in sorted(shares.items())
        if share > CLEARLY_MORE * BORN_ON_ONE_DAY
    }


def smoothed_frequencies(counts: Mapping[str, int], people: Mapping[str, int]) -> dict[str, float]:
    """How often somebody else bears a name that so many records and people (told apart by their other name) hold.

    As if SMOOTHING more records held names of average frequency. Of one person's ten records, none is a stranger's.
    """
    total = sum(counts.values())
    average = min(0.01, sum((count / total) ** 2 for count in counts.values())) if total else 0.0
    others = {name: count * (1 - 1 / people[name]) for name, count in counts.items()}
    return {name: (held + SMOOTHING * average) / (total + SMOOTHING) for name, held in sorted(others.items())}
