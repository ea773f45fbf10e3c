"""How many people hold a value: a family's mailbox or landline is evidence of a household, not of a person."""

from collections.abc import Collection, Iterable, Mapping

from identity.matching.name_parts import given_names_compatible

# Beyond this the exact count says nothing more.
MANY = 3
# Holders looked at per value, the most telling first: bounds the work on a hot value.
MOST_HOLDERS = 200
CLASSES = ("own", "pair", "shared")
"""What a value's comparison level goes by: one person's, of two people, or of many."""
Holders = Iterable[tuple[str | None, str | None]]


def sharing_class(holders: Holders) -> str:
    """The class of a value, from its holders' given names and birth dates as typed."""
    return CLASSES[people_behind(holders) - 1]


def by_class(kind: str, values: Collection[str] | None, class_of: Mapping[str, str]) -> dict[str, list[str] | None]:
    """The columns in which a record's values of a kind are compared; one without a class is one person's."""
    return {
        f"{kind}_{name}": [one for one in values or () if class_of.get(one, CLASSES[0]) == name] or None
        for name in CLASSES
    }


def people_behind(holders: Holders) -> int:
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


def bounded_sql(holders: str) -> str:
    """SELECT of rows (key, given, birth), of each key only those that `people_behind` looks at."""
    order = "given is null, birth is null, -length(coalesce(given, '')), coalesce(given, ''), coalesce(birth, '')"
    return (
        "select key, given, birth from (select key, given, birth, row_number() over (partition by key"
        f" order by {order}) as place from (select distinct key, given, birth from ({holders}) h) d) r"
        f" where place <= {MOST_HOLDERS}"
    )


def _most_telling_first(held: tuple[str | None, str | None]) -> tuple[bool, bool, int, str, str]:
    given, birth = held
    return given is None, birth is None, -len(given or ""), given or "", birth or ""


def _may_be_one(given: str | None, birth: str | None, other_given: str | None, other_birth: str | None) -> bool:
    if given and other_given and not given_names_compatible(given, other_given):
        return False
    if birth and other_birth and len(birth) == len(other_birth):
        return sum(a != b for a, b in zip(birth, other_birth, strict=True)) <= 2
    return True
