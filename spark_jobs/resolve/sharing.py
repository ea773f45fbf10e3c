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
    people: list[tuple[str | None, str | None]] = []
    for given, birth in sorted(set(holders), key=lambda held: (not held[0], not held[1], held[0] or "", held[1] or ""))[
        :MOST_HOLDERS
    ]:
        if given is None and birth is None:
            continue
        if not any(_may_be_one(given, birth, *other) for other in people):
            people.append((given, birth))
            if len(people) >= MANY:
                break
    return max(1, len(people))


def sharing_class(people: int) -> str:
    """The class that a value's comparison level goes by: own, pair or shared."""
    return "own" if people <= 1 else "pair" if people < MANY else "shared"


def _may_be_one(given: str | None, birth: str | None, other_given: str | None, other_birth: str | None) -> bool:
    if given and other_given and not given_names_compatible(given, other_given):
        return False
    if birth and other_birth and len(birth) == len(other_birth):
        return sum(a != b for a, b in zip(birth, other_birth, strict=True)) <= 2
    return True
