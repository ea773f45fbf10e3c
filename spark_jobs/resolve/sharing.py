"""How many people hold a value: a family's mailbox or landline is evidence of a household, not of a person."""

from collections.abc import Iterable

from spark_jobs.resolve.name_parts import given_names_compatible

# Beyond this the exact count says nothing more.
MANY = 3
# Holders looked at per value, in sorted order: bounds the work on a hot value.
MOST_HOLDERS = 200


def people_behind(holders: Iterable[tuple[str | None, str | None]]) -> int:
    """How many people at least hold a value, 1 to MANY, from its holders' given names and birth dates as typed.

    Two holders are two people when their given names can't be one person's or their birth dates differ by more than
    a typing error; a holder without a name or date is nobody new. Order does not matter.
    """
    people: list[list[tuple[str | None, str | None]]] = []
    for held in sorted(set(holders), key=_most_telling_first)[:MOST_HOLDERS]:
        known = next((person for person in people if any(_may_be_one(*held, *other) for other in person)), None)
        if known is not None:
            known.append(held)
        elif held != (None, None):
            people.append([held])
        if len(people) >= MANY:
            break
    return max(1, len(people))


def _most_telling_first(held: tuple[str | None, str | None]) -> tuple[bool, bool, int, str, str]:
    given, birth = held
    return given is None, birth is None, -len(given or ""), given or "", birth or ""


def sharing_class(people: int) -> str:
    """The class that a value's comparison level goes by: own, pair or shared."""
    return "own" if people <= 1 else "pair" if people < MANY else "shared"


def _may_be_one(given: str | None, birth: str | None, other_given: str | None, other_birth: str | None) -> bool:
    if given and other_given and not given_names_compatible(given, other_given):
        return False
    if birth and other_birth and len(birth) == len(other_birth):
        return sum(a != b for a, b in zip(birth, other_birth, strict=True)) <= 2
    return True
