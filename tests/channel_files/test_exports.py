"""The customer exports of five makers, read by the contracts that ship, each with the right values."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from channel_files.rows import read_rows
from channel_files.versions import Version, latest
from consent.imports import check_import, known_kinds
from contracts.consent_rows import consents_of
from contracts.identifiers import Identifier
from contracts.loading import load_channels
from contracts.standard import PersonRecord, person_record

EXPORTS = Path(__file__).parents[2] / "examples" / "exports"
CHANNELS = load_channels(EXPORTS)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def rows(name: str) -> list[dict[str, Any]]:
    with (EXPORTS / f"{name}.csv").open("rb") as stream:
        found = [row for row in read_rows(stream, CHANNELS[name]) if row.number]
    assert not [row.reason for row in found if row.reason]
    return [row.payload for row in found if row.payload is not None]


def records(name: str) -> list[PersonRecord]:
    return [person_record(CHANNELS[name], row, NOW) for row in rows(name)]


def held(record: PersonRecord, kind: str) -> list[str]:
    return [one.value for one in record.identifiers if one.kind == kind]


def decided(name: str) -> list[tuple[str, str, str]]:
    kinds = known_kinds(CHANNELS.values())
    found = []
    for row in rows(name):
        said = consents_of(CHANNELS[name], row, NOW)
        check_import(CHANNELS[name], said, kinds)
        found += [(one.identifier.value, one.purpose, one.decision) for one in said]
    return found


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_every_column_of_the_export_is_named_by_its_contract(name: str) -> None:
    with (EXPORTS / f"{name}.csv").open("rb") as stream:
        header = next(row.header for row in read_rows(stream, CHANNELS[name]) if row.number == 0)
    assert header == list(CHANNELS[name].columns)


def test_northwind_has_phones_of_many_countries() -> None:
    found = records("northwind")
    assert [held(one, "phone") for one in found] == [
        ["+49300074321"],
        ["+33639980001"],
        ["+442079460018"],
        ["+15035550146"],
    ]
    assert [(one.given_name, one.family_name, one.state) for one in found] == [
        ("Ines", "Testmann", None),
        ("Luc", "Exemplaire", None),
        ("Ada", "Samplesworth", None),
        ("Rex", "Sampleton", "OR"),
    ]
    assert not any(one.issues for one in found)


def test_a_second_row_of_a_shopify_customer_blanks_nothing() -> None:
    came = [Version(row, str(n), NOW, n) for n, row in enumerate(rows("shopify")) if row["Customer ID"] == "'7001"]
    newest = latest(CHANNELS["shopify"], came)
    assert newest is not None and len(came) == 2
    ines = person_record(CHANNELS["shopify"], newest.payload, NOW)
    assert (ines.given_name, ines.family_name, ines.street) == ("Ines", "Testmann", "9 Second St")
    assert held(ines, "email") == ["ines@mail.example"] and held(ines, "phone") == ["+15035550146"]
    assert ines.attributes == {"tags": "garden, vip"}


def test_shopifys_opt_ins_are_decisions_and_nora_null_of_north_carolina_is_somebody() -> None:
    assert decided("shopify") == [
        ("ines@mail.example", "marketing_email", "granted"),
        ("+15035550146", "marketing_phone", "refused"),
        ("luc@mail.example", "marketing_email", "refused"),
        ("+33639980001", "marketing_phone", "refused"),
        ("nora@mail.example", "marketing_email", "granted"),
    ]
    nora = records("shopify")[-1]
    assert (nora.family_name, nora.state, nora.country) == ("Null", "NC", "US")


def test_hubspots_times_are_of_its_zone_and_its_addresses_several() -> None:
    ines, luc = records("hubspot")
    assert held(ines, "email") == ["ines.t@work.example", "ines@mail.example", "it@post.example"]
    assert (ines.observed_at, ines.birth_date) == (datetime(2025, 7, 1, 10, 30, tzinfo=UTC), date(1980, 3, 2))
    assert (luc.birth_date, held(luc, "phone")) == (date(1968, 7, 16), ["+33639980001"])
    assert {one for one in decided("hubspot")} == {
        (address, "marketing_email", "refused")
        for address in ("ines@mail.example", "ines.t@work.example", "it@post.example")
    }


def test_salesforces_deleted_contacts_are_gone_and_opting_out_is_a_refusal() -> None:
    ada, rex, gwen = records("salesforce")
    assert held(ada, "phone") == ["+442079460018;ext=12"] and ada.gender == "female"
    assert held(rex, "phone") == ["+15035550146"]
    assert rex.issues == ["MobilePhone: phone: expected a number with its area code, found one that is only local"]
    came = [Version(row, "h", NOW, n) for n, row in enumerate(rows("salesforce"))]
    assert [latest(CHANNELS["salesforce"], [one]) is None for one in came] == [False, False, True]
    assert gwen.source_key == "003Ab00003"
    assert set(decided("salesforce")) == {
        ("ada@mail.example", "marketing_email", "refused"),
        ("+15035550146", "marketing_phone", "refused"),
    }


def test_odoos_cells_hold_several_contacts() -> None:
    luc, ines = records("odoo")
    assert held(luc, "email") == ["l.e@work.example", "luc@mail.example"]
    assert held(luc, "phone") == ["+3222012467"]
    assert held(ines, "phone") == ["+49300074321", "+49300076545"]
    assert (luc.language, luc.attributes["tags"]) == ("fr", "VIP, Garden")
    assert Identifier("odoo_partner", "__export__.res_partner_51_a1b2") in luc.identifiers
    assert CHANNELS["odoo"].delivery == "full"
