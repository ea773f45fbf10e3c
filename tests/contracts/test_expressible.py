"""What a contract can say of how a source writes: keys of several columns, marks, formats, zones, constants."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.channel import Channel
from contracts.dates import format_problem, parse_date, parse_instant
from contracts.identifiers import Identifier
from contracts.numbers import parse_number
from contracts.reading import RefusedRow, Row
from contracts.standard import check_row, interaction_event, person_record

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def contract(columns: dict[str, Any], **more: Any) -> Channel:
    basis = {"channel": "shop", "files": "*", "format": "csv", "holds": ["person"]}
    return Channel.model_validate(basis | {"columns": columns} | more)


def test_a_key_may_have_several_columns_and_needs_each() -> None:
    tills = contract({"shop": {"is": "key"}, "no": {"is": "key"}})
    assert check_row(tills, {"shop": "7", "no": "12"}, NOW) == "7|12"
    assert person_record(tills, {"shop": "7", "no": "12"}, NOW).record_id == "shop:7|12"
    assert check_row(tills, {"shop": "71", "no": "2"}, NOW) != check_row(tills, {"shop": "7", "no": "12"}, NOW)
    with pytest.raises(RefusedRow, match="no: expected a value"):
        check_row(tills, {"shop": "7", "no": ""}, NOW)


def test_a_column_may_be_several_things_and_a_constant_is_said_by_every_row() -> None:
    said = contract(
        {"mail": [{"is": "key"}, {"is": "email"}]},
        constants=[
            {"is": "country", "value": "FR"},
            {"is": "attribute", "name": "origin", "category": "behaviour", "value": "fair"},
        ],
    )
    record = person_record(said, {"mail": "ana@post.example"}, NOW)
    assert (record.source_key, record.country, record.attributes) == ("ana@post.example", "FR", {"origin": "fair"})
    assert record.identifiers == [Identifier("email", "ana@post.example")]
    assert said.categories["attribute.origin"] == "behaviour"


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "number"),
    [
        ("81,62", ",", None, 81.62),
        ("1.299,00", ",", ".", 1299.0),
        ("1 299,00 €", ",", " ", 1299.0),
        ("1\u202f299,00", ",", " ", 1299.0),
        ("$1,299.00", ".", ",", 1299.0),
        ("USD 1,299", ".", ",", 1299.0),
        ("12'345.60", ".", "'", 12345.6),
        ("12,50-", ",", None, -12.5),
        ("(12.50)", ".", None, -12.5),
        ("\u221212.5", ".", None, -12.5),
        ("-1.299,00", ",", ".", -1299.0),
        ("1299", ".", ",", 1299.0),
    ],
)
def test_numbers_are_read_by_their_marks(text: str, decimal: str, thousands: str | None, number: float) -> None:
    assert parse_number(text, decimal, thousands) == number


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [
        ("81,62", ".", None),
        ("1,29", ".", ","),
        ("1.29", ",", "."),
        ("1.5", ",", None),
        ("1,2,3", ",", None),
        ("nan", ".", None),
        ("inf", ".", None),
        ("1e400", ".", None),
        ("1_0", ".", None),
        ("9" * 16, ".", None),
        ("", ".", None),
        ("-", ".", None),
    ],
)
def test_a_number_of_other_marks_is_none(text: str, decimal: str, thousands: str | None) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_number(text, decimal, thousands)


def test_an_amount_that_cannot_be_read_is_unknown_and_told() -> None:
    columns = {"no": {"is": "event_id"}, "on": {"is": "event_time", "format": "iso"}, "total": {"is": "amount"}}
    row = {"no": "1", "on": "2025-01-01", "total": "81,62"}
    orders = contract(columns, holds=["event"], event={"type": "order"})
    event = interaction_event(orders, row, NOW)
    assert (event.amount, event.issues) == (None, ["total: expected a number, found something else"])
    mended = contract(columns | {"total": {"is": "amount", "decimal": ","}}, holds=["event"], event={"type": "order"})
    assert interaction_event(mended, row, NOW).amount == 81.62


@pytest.mark.parametrize(
    ("text", "fmt", "day"),
    [
        ("29282", "excel", date(1980, 3, 2)),
        ("29282.75", "excel", date(1980, 3, 2)),
        ("16/07/68", "%d/%m/%y", date(1968, 7, 16)),
        ("16/07/25", "%d/%m/%y", date(2025, 7, 16)),
        ("2/3/1980", ["%Y-%m-%d", "%d/%m/%Y"], date(1980, 3, 2)),
        ("1980-03-02", ["%Y-%m-%d", "%d/%m/%Y"], date(1980, 3, 2)),
    ],
)
def test_days_are_read_in_any_format_that_a_source_has(text: str, fmt: Any, day: date) -> None:
    assert parse_date(text, fmt, now=NOW) == day


def test_seconds_since_1970_and_times_of_a_zone_are_instants() -> None:
    columns = {"id": {"is": "key"}, "at": {"is": "version", "format": ["epoch_s", "%d/%m/%Y %H:%M", "iso"]}}
    paris = contract(columns, timezone="Europe/Paris")
    at = datetime(2025, 7, 1, 10, 30, tzinfo=UTC)
    for text in ("1751365800", "01/07/2025 12:30", "2025-07-01T10:30:00Z"):
        assert Row(paris, {"id": "1", "at": text}, NOW).instant("version") == at
    assert parse_instant("1751365800000", "epoch_ms") == at


@pytest.mark.parametrize(
    "fmt", ["DD/MM/YYYY", "dd.mm.yy", "%Q", "%d/%m", "%H:%M", "", "%", "yyyy-%m-%d", "unix", "epoch"]
)
def test_a_format_that_reads_nothing_is_refused_before_any_row(fmt: str) -> None:
    assert "expected a date format" in (format_problem(fmt) or "")
    with pytest.raises(ValidationError, match="expected a date format"):
        contract({"id": {"is": "key"}, "born": {"is": "birth_date", "format": fmt}})


@pytest.mark.parametrize("fmt", ["%d/%m/%Y", "%d/%m/%y", "iso", "epoch_s", "excel", "%d de %B de %Y", "%Y%m%d", "%c"])
def test_a_format_that_reads_dates_is_taken(fmt: str) -> None:
    assert format_problem(fmt) is None


@pytest.mark.parametrize(
    ("country", "phone", "number"),
    [
        ("Germany", "030-0074321", "+49300074321"),
        ("DE", "030-0074321", "+49300074321"),
        ("Allemagne", "(030) 007 4321", "+49300074321"),
        ("UK", "(171) 555-7788", "+441715557788"),
        ("USA", "(503) 555-7555", "+15035557555"),
        ("Mexico", "(5) 555-4729", None),
        ("France", "40.67.88.88", None),
        ("FRANCE", "01.42.34.22.66", "+33142342266"),
        ("Belgique", "02 201 24 67", "+3222012467"),
        ("nowhere", "01.42.34.22.66", "+33142342266"),
        ("", "01.42.34.22.66", "+33142342266"),
    ],
)
def test_a_phone_is_read_in_the_country_of_its_row(country: str, phone: str, number: str | None) -> None:
    columns = {"id": {"is": "key"}, "country": {"is": "country"}, "phone": {"is": "phone"}}
    shop = contract(columns, region="FR", region_from="country")
    found = [one.value for one in person_record(shop, {"id": "1", "country": country, "phone": phone}, NOW).identifiers]
    assert found == ([number] if number else [])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"timezone": "Paris"}, "expected a time zone such as Europe/Paris"),
        ({"region_from": "land"}, "expected a column 'land' for `region_from`"),
        ({"delivery": "all"}, "Input should be"),
        ({"may_go": 0}, "greater than 0"),
        ({"holds": ["event", "consent"]}, "expected a column|expected a consent channel"),
        ({"columns": {"id": {"is": "key"}, "total": {"is": "city", "decimal": ","}}}, "expected `decimal` and"),
        ({"columns": {"id": {"is": "key"}, "n": {"is": "birth_year", "thousands": "."}}}, "expected two marks"),
        ({"columns": {"id": {"is": "key"}, "x": {"is": "city", "purpose": "advice"}}}, "only beside decision"),
        ({"columns": {"id": []}}, "at least 1 item"),
        ({"constants": [{"is": "country"}]}, "Field required"),
    ],
)
def test_what_cannot_be_meant_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        contract(**({"columns": {"id": {"is": "key"}}} | more))
