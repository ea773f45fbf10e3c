"""What has ended leaves a raw row, and nothing else does."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.categories import Category
from contracts.channel import Channel
from contracts.content import payload_text
from contracts.reading import RefusedRow
from contracts.standard import check_row, person_record
from contracts.without import without

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SENSITIVE, BEHAVIOUR = frozenset({Category.SENSITIVE}), frozenset({Category.BEHAVIOUR})


def contract(columns: dict[str, Any], **said: Any) -> Channel:
    return Channel.model_validate(
        {"channel": "crm", "files": "crm.csv", "format": "csv", "holds": ["person"], "columns": columns} | said
    )


CRM = contract(
    {
        "id": {"is": "key", "kind": "customer_number"},
        "name": {"is": "full_name"},
        "mail": {"is": "email"},
        "nir": {"is": "external_id", "kind": "national_id"},
        "diet": {"is": "attribute", "name": "diet", "category": "sensitive"},
        "page": {"is": "attribute", "name": "page", "category": "behaviour"},
        "device": {"is": "device_id"},
        "note": {"is": "ignored"},
    }
)
ROW = {"id": "7", "name": "Ada Lund", "mail": "ada@inbox.example", "nir": "2840512345678", "diet": "vegan"}
ROW |= {"page": "/shoes", "device": "d-1", "note": "left at the door", "extra": "who knows"}


def test_only_columns_of_ended_categories_leave_a_row() -> None:
    assert without(CRM, ROW, BEHAVIOUR) == {name: ROW[name] for name in ROW if name not in ("page", "device")}
    left = without(CRM, ROW, SENSITIVE | BEHAVIOUR)
    assert left == {name: ROW[name] for name in ("id", "name", "mail")}


def test_what_the_contract_ignores_or_does_not_name_counts_as_sensitive() -> None:
    assert without(CRM, ROW, SENSITIVE).keys() == {"id", "name", "mail", "page", "device"}


def test_the_record_of_what_is_left_says_nothing_that_has_ended() -> None:
    record = person_record(CRM, without(CRM, ROW, SENSITIVE | BEHAVIOUR), NOW)
    assert {one.kind for one in record.identifiers} == {"customer_number", "email"} and record.attributes == {}
    assert (record.given_name, record.family_name, record.source_key) == ("Ada", "Lund", "7")


def test_a_cell_that_says_something_else_as_well_stays() -> None:
    twice = contract(
        {
            "id": {"is": "key"},
            "card": [{"is": "external_id", "kind": "loyalty_card"}, {"is": "external_id", "kind": "national_id"}],
        }
    )
    row = {"id": "7", "card": "2840512345678"}
    assert without(twice, row, SENSITIVE) == row
    assert without(twice, row, SENSITIVE | {Category.IDENTITY}) == {"id": "7"}


def test_the_key_stays_even_where_it_is_itself_of_a_category_that_has_ended() -> None:
    keyed = contract({"nir": {"is": "key", "kind": "national_id"}, "name": {"is": "full_name"}})
    row = {"nir": "2840512345678", "name": "Ada Lund"}
    assert without(keyed, row, SENSITIVE) == row


def test_the_country_that_phones_are_read_in_stays_as_long_as_they_do() -> None:
    columns = {"id": {"is": "key"}, "land": {"is": "ignored"}, "tel": {"is": "phone"}}
    abroad = contract(columns, region_from="land")
    row = {"id": "7", "land": "Germany", "tel": "0176 22334455"}
    assert without(abroad, row, SENSITIVE) == row
    assert without(abroad, row, SENSITIVE | {Category.CONTACT}) == {"id": "7"}


def test_a_required_cell_that_has_ended_does_not_make_its_row_refused() -> None:
    strict = contract({"id": {"is": "key"}, "nir": {"is": "external_id", "kind": "national_id", "required": True}})
    left = without(strict, {"id": "7", "nir": "2840512345678"}, SENSITIVE)
    assert "2840512345678" not in payload_text(left)
    assert check_row(strict, left, NOW) == "7"
    record = person_record(strict, left, NOW)
    assert (record.identifiers, record.issues) == ([], [])
    assert without(strict, left, SENSITIVE) == left


NESTED = contract(
    {
        "id": {"is": "key"},
        "who.name": {"is": "full_name"},
        "who.ids.nir": {"is": "external_id", "kind": "national_id"},
        "devices.0": {"is": "device_id"},
        "devices.1": {"is": "device_id"},
        "mails.value": {"is": "email"},
        "mails.seen": {"is": "attribute", "name": "seen", "category": "behaviour"},
    },
    format="jsonl",
)


@pytest.mark.parametrize(
    ("row", "ended", "left"),
    [
        (
            {"id": "7", "who": {"name": "Ada Lund", "ids": {"nir": "28405", "tax": "99"}, "shoe": 38}},
            SENSITIVE,
            {"id": "7", "who": {"name": "Ada Lund", "ids": {}}},
        ),
        ({"id": "7", "devices": ["d-1", "d-2", "d-3"]}, BEHAVIOUR, {"id": "7", "devices": [None, None, "d-3"]}),
        ({"id": "7", "devices": {"0": "d-1", "1": "d-2"}}, BEHAVIOUR, {"id": "7", "devices": {}}),
        (
            {"id": "7", "mails": [{"value": "a@x.example", "seen": "/a"}, {"value": "b@x.example", "seen": "/b"}]},
            BEHAVIOUR,
            {"id": "7", "mails": [{"value": "a@x.example"}, {"value": "b@x.example"}]},
        ),
        ({"id": "7", "who": "Ada Lund"}, SENSITIVE, {"id": "7", "who": None}),
        ({"id": "7", "who.name": "Ada Lund"}, SENSITIVE, {"id": "7", "who.name": "Ada Lund"}),
    ],
)
def test_columns_within_objects_and_lists_are_found(row: Any, ended: frozenset[Category], left: Any) -> None:
    assert without(NESTED, row, ended) == left


_VALUES = st.recursive(
    st.none() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "ids", "nir", "0", "1", "value", "seen", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["id", "who", "devices", "mails", "who.name", "other"]), _VALUES),
    st.sets(st.sampled_from(Category)),
)
def test_taking_out_twice_is_taking_out_once_and_the_row_itself_is_not_changed(row: Any, ended: set[Category]) -> None:
    before = payload_text(row)
    once = without(NESTED, row, ended)
    assert without(NESTED, once, ended) == once
    assert payload_text(row) == before
    if not ended:
        assert once == row


def test_the_proof_of_a_decision_in_a_row_of_a_person_stays_with_whom_it_is_about() -> None:
    columns = {
        "id": {"is": "key"},
        "device": {"is": "device_id"},
        "visitor": {"is": "external_id", "kind": "visitor_id", "category": "behaviour"},
        "ok": {"is": "decision", "purpose": "personalisation", "of": "device_id", "category": "behaviour"},
    }
    telling = contract(columns, holds=["person", "consent"])
    row = {"id": "7", "device": "d-1", "visitor": "v-1", "ok": "yes"}
    assert without(telling, row, BEHAVIOUR) == {"id": "7", "device": "d-1", "ok": "yes"}


def test_an_identifier_is_of_its_kinds_category_though_its_column_says_a_milder_one() -> None:
    mild = contract({"id": {"is": "key"}, "nir": {"is": "external_id", "kind": "national_id", "category": "identity"}})
    assert without(mild, {"id": "7", "nir": "2840512345678"}, SENSITIVE) == {"id": "7"}


def test_a_required_item_of_a_list_that_has_ended_does_not_make_its_row_refused() -> None:
    listed = contract(
        {
            "id": {"is": "key"},
            "devices.0": {"is": "device_id", "required": True},
            "ids.nir": {"is": "external_id", "kind": "national_id", "required": True},
        },
        format="jsonl",
    )
    row = {"id": "7", "devices": ["d-1", "d-2"], "ids": [{"nir": "28405"}, {"nir": "28406"}]}
    left = without(listed, row, SENSITIVE | BEHAVIOUR)
    assert check_row(listed, left, NOW) == "7"
    assert "2840" not in payload_text(left) and "d-1" not in payload_text(left)


def test_a_key_that_says_that_it_has_ended_is_none() -> None:
    with pytest.raises(RefusedRow, match="expected a value"):
        check_row(CRM, {"id": {"retention": "ended"}, "name": "Ada"}, NOW)
