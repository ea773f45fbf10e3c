"""A mask lets out what is of an allowed category, unchanged, and nothing else: for whatever document and decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.access.masking import Mask, Reach, within
from profile_api.access.stored import StoredEvent, StoredProfile

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
LABELS = st.sampled_from([*(one.value for one in Category), None, "unheard-of"])
ALLOWED = st.sets(st.sampled_from(list(Category)))
SOURCE = {"record_id": "crm:42", "channel": "crm", "observed_at": None}


def stored(labels: list[str | None]) -> StoredProfile:
    """Each field and identifier with a value of its own, under these labels."""
    fields = [
        {"field": f"f{n}", "value": f"value-{n}", "category": label, "rule": "most_recent", "losing": [], **SOURCE}
        for n, label in enumerate(labels)
    ]
    held = [{"kind": "loyalty_card", "value": f"card-{n}", "category": label} for n, label in enumerate(labels)]
    return StoredProfile(
        "p", {}, {"fields": fields, "identifiers": held, "first_seen": AT.isoformat(), "last_seen": AT.isoformat()}
    )


@given(st.lists(LABELS, max_size=8), ALLOWED)
def test_fields_and_identifiers_leave_by_their_label_alone(labels: list[str | None], allowed: set[Category]) -> None:
    shown = Mask(stored(labels), allowed).profile()
    may = {n for n, label in enumerate(labels) if label in {one.value for one in allowed}}
    assert {name: one.value for name, one in shown.fields.items()} == {f"f{n}": f"value-{n}" for n in may}
    assert {one.value for one in shown.identifiers} == {f"card-{n}" for n in may}
    assert (shown.first_seen is not None) == (Category.BEHAVIOUR in allowed)


@given(LABELS, LABELS, LABELS, ALLOWED)
def test_details_of_an_event_leave_by_their_own_label(
    intent: str | None, amount: str | None, page: str | None, allowed: set[Category]
) -> None:
    labels = {"type": "behaviour", "intent": intent, "amount": amount, "property.page": page}
    document = {"channel": "web", "type": "page", "intent": "buy", "amount": 5.0, "properties": {"page": "/a", "x": 1}}
    seen = Mask(stored([]), allowed).event(StoredEvent("web:1", AT, document | {"categories": labels}))
    names = {one.value for one in allowed}
    assert (seen.intent, seen.amount) == ("buy" if intent in names else None, 5.0 if amount in names else None)
    assert seen.properties == ({"page": "/a"} if page in names else {}), "a property without a label stays in"


def test_a_detail_that_is_kept_no_longer_stays_in_though_its_category_may_leave() -> None:
    mask = Mask(stored([]), set(Category), oldest={Category.TRANSACTION: AT})
    document = {"channel": "shop", "type": "order", "amount": 5.0, "intent": "buy"}
    document |= {"categories": {"type": "behaviour", "amount": "transaction", "intent": "behaviour"}}
    old, new = (mask.event(StoredEvent("shop:1", at, document)) for at in (AT, AT + timedelta(seconds=1)))
    assert (old.amount, old.intent, new.amount) == (None, "buy", 5.0)


def test_a_record_whose_key_is_a_withheld_number_is_not_named() -> None:
    document: dict[str, Any] = {
        "fields": [{"field": "f", "value": "v", "category": "identity", "rule": "r", "losing": [], **SOURCE}],
        "identifiers": [{"kind": "national_id", "value": "4-2", "category": "sensitive"}],
    }
    profile = StoredProfile("p", {}, document)
    assert Mask(profile, {Category.IDENTITY}).profile().fields["f"].record_id is None
    assert Mask(profile, set(Category)).profile().fields["f"].record_id == "crm:42"


@given(st.sets(st.sampled_from(["crm:1", "web:1"])))
def test_where_a_record_may_not_be_used_the_next_value_that_may_be_stands_in(usable: set[str]) -> None:
    losing = [{"value": "second", "record_id": "web:1", "channel": "web", "observed_at": None}]
    field = {"field": "given_name", "value": "first", "category": "identity", "record_id": "crm:1", "losing": losing}
    shown = within({"fields": [field]}, Reach("email", frozenset[Identifier](), frozenset(usable)))["fields"]
    values = [one["value"] for one in shown]
    assert values == (["first"] if "crm:1" in usable else ["second"] if "web:1" in usable else [])
    assert all(one["record_id"] in usable for one in shown[0]["losing"]) if shown else True
