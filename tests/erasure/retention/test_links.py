"""Who is one person by a value that ends stays one, and who is two stays two."""

from typing import Any

from contracts.categories import Category
from erasure.retention.links import cannot_links, must_links

ENDED = frozenset({Category.SENSITIVE, Category.BEHAVIOUR})
CATEGORIES = {"identifier.national_id": "sensitive", "identifier.device_id": "behaviour", "identifier.email": "contact"}


def document(*identifiers: tuple[str, str], verified: bool = False) -> dict[str, Any]:
    found = [{"kind": kind, "value": value} for kind, value in identifiers]
    return {"identifiers": found, "verified": found if verified else [], "categories": CATEGORIES}


def test_a_value_that_ends_becomes_a_star_of_the_records_of_one_profile_that_share_it() -> None:
    shared = document(("device_id", "d-1"), ("email", "a@x.example"))
    known = {one: ("p1", shared) for one in ("crm:2", "crm:1", "app:3")} | {"crm:4": ("p2", shared)}
    assert must_links(known, {"crm:2": ENDED}) == {("app:3", "crm:1"), ("app:3", "crm:2")}


def test_a_value_that_stays_links_nobody_and_neither_does_one_that_nobody_else_has() -> None:
    known = {
        "crm:1": ("p1", document(("email", "a@x.example"), ("device_id", "d-1"))),
        "crm:2": ("p1", document(("email", "a@x.example"), ("device_id", "d-2"))),
    }
    assert must_links(known, {"crm:1": ENDED, "crm:2": ENDED}) == set()
    known = {one: ("p1", document(("device_id", "d-1"))) for one in ("crm:1", "crm:2")}
    assert must_links(known, {"crm:1": frozenset({Category.SENSITIVE})}) == set()


def test_two_people_whom_checked_values_tell_apart_become_a_cannot_link() -> None:
    known = {
        "crm:1": ("p1", document(("national_id", "28405"), verified=True)),
        "crm:2": ("p2", document(("national_id", "28406"), verified=True)),
        "crm:3": ("p3", document(("national_id", "28407"))),
        "crm:4": ("p1", document(("national_id", "28408"), verified=True)),
        "crm:5": ("p4", document(("email", "a@x.example"), verified=True)),
    }
    pairs = [("crm:1", f"crm:{number}") for number in range(2, 6)] + [("crm:1", "crm:9")]
    assert cannot_links(known, {"crm:1": ENDED}, pairs) == {("crm:1", "crm:2")}
    assert cannot_links(known, {"crm:2": ENDED}, pairs) == {("crm:1", "crm:2")}, "either side may end"
    assert cannot_links(known, {"crm:1": frozenset({Category.BEHAVIOUR})}, pairs) == set()


def test_two_people_with_the_same_checked_value_are_not_told_apart_by_it() -> None:
    same = document(("national_id", "28405"), verified=True)
    known = {"crm:1": ("p1", same), "crm:2": ("p2", same)}
    assert cannot_links(known, {"crm:1": ENDED}, [("crm:1", "crm:2")]) == set()
