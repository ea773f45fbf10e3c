"""Who is one person by a value that ends stays one, and who is two stays two."""

from typing import Any

from contracts.categories import Category
from erasure.retention.links import cannot_links, must_links

ENDED = frozenset({Category.SENSITIVE, Category.BEHAVIOUR})
CATEGORIES = {
    "identifier.national_id": "sensitive",
    "identifier.device_id": "behaviour",
    "identifier.email": "contact",
    "birth_date": "sensitive",
}


def document(*identifiers: tuple[str, str], verified: bool = False, **fields: str) -> dict[str, Any]:
    found = [{"kind": kind, "value": value} for kind, value in identifiers]
    return {"identifiers": found, "verified": found if verified else [], "categories": CATEGORIES, **fields}


def test_a_profile_of_which_something_ends_that_identities_are_found_by_becomes_a_star() -> None:
    known = {
        "crm:2": ("p1", document(("device_id", "d-1"))),
        "crm:1": ("p1", document(("email", "a@x.example"))),
        "app:3": ("p1", document()),
        "crm:4": ("p2", document(("device_id", "d-1"))),
    }
    assert must_links(known, {"crm:2": ENDED}) == {("app:3", "crm:1"), ("app:3", "crm:2")}
    born = {one: ("p1", document(birth_date="1985-06-04")) for one in ("crm:1", "crm:2")}
    assert must_links(born, {"crm:1": ENDED}) == {("crm:1", "crm:2")}


def test_what_stays_links_nobody() -> None:
    known = {one: ("p1", document(("email", "a@x.example"), ("device_id", "d-1"))) for one in ("crm:1", "crm:2")}
    assert must_links(known, {"crm:1": frozenset({Category.SENSITIVE})}) == set()
    assert must_links({"crm:1": known["crm:1"]}, {"crm:1": ENDED}) == set(), "a record alone"


def test_two_people_whom_values_of_which_a_person_has_one_tell_apart_become_a_cannot_link() -> None:
    known = {
        "crm:1": ("p1", document(("national_id", "28405"), verified=True)),
        "crm:2": ("p2", document(("national_id", "28406"), verified=True)),
        "crm:3": ("p3", document(("national_id", "28407"))),
        "crm:4": ("p1", document(("national_id", "28408"), verified=True)),
        "crm:5": ("p4", document(("email", "a@x.example"), verified=True)),
        "crm:6": ("p5", document(("device_id", "d-6"))),
    }
    pairs = [("crm:1", f"crm:{number}") for number in range(2, 7)] + [("crm:1", "crm:9")]
    assert cannot_links(known, {"crm:1": ENDED}, pairs) == {("crm:1", "crm:2"), ("crm:1", "crm:3")}
    assert cannot_links(known, {"crm:2": ENDED}, pairs) == {("crm:1", "crm:2")}, "either side may end"
    assert cannot_links(known, {"crm:1": frozenset({Category.BEHAVIOUR})}, pairs) == set()


def test_what_keeps_two_apart_may_be_said_by_other_records_of_theirs() -> None:
    known = {
        "crm:1": ("p1", document(("national_id", "28405"), verified=True)),
        "crm:2": ("p1", document()),
        "crm:3": ("p2", document(("national_id", "28406"), verified=True)),
    }
    assert cannot_links(known, {"crm:1": ENDED}, [("crm:2", "crm:3")]) == {("crm:2", "crm:3")}


def test_a_checked_birth_date_of_a_category_that_ends_keeps_two_apart() -> None:
    born = [{**document(), "verified": [{"kind": "birth_date", "value": value}]} for value in ("1958", "1986")]
    known = {"crm:1": ("p1", born[0]), "crm:2": ("p2", born[1])}
    assert cannot_links(known, {"crm:1": ENDED}, [("crm:1", "crm:2")]) == {("crm:1", "crm:2")}


def test_two_people_with_the_same_checked_value_are_not_told_apart_by_it() -> None:
    same = document(("national_id", "28405"), verified=True)
    known = {"crm:1": ("p1", same), "crm:2": ("p2", same)}
    assert cannot_links(known, {"crm:1": ENDED}, [("crm:1", "crm:2")]) == set()
