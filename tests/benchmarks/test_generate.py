"""The generator's files keep what its documentation and the contracts of the sample promise."""

import csv
import json
import re
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.generate import output
from benchmarks.generate.contact_points import ContactPoints
from benchmarks.generate.draws import Draws, Numbers
from benchmarks.generate.noise import written_phone
from benchmarks.generate.run import generate
from contracts.channel import Channel
from contracts.consent_rows import consents_of
from contracts.identifiers import normalise_phone
from contracts.loading import load_channels
from contracts.reading import RefusedRow
from contracts.standard import PersonRecord, interaction_event, person_record

PEOPLE = 1_500
AFTER_LAST = datetime(2021, 1, 1, tzinfo=UTC)
CHANNELS = load_channels(Path(__file__).parents[2] / "examples" / "sample")


def rows_of(folder: Path, contract: Channel) -> Iterator[dict[str, Any]]:
    with (folder / contract.files).open(encoding=contract.encoding, newline="") as file:
        yield from (
            csv.DictReader(file, delimiter=contract.delimiter) if contract.format == "csv" else map(json.loads, file)
        )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(PEOPLE, 7, folder)
    return folder


@pytest.fixture(scope="module")
def truth(data: Path) -> dict[tuple[str, str], str]:
    with (data / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file)]
    assert len({row[:2] for row in rows}) == len(rows)
    return {(channel, key): person for channel, key, person in rows}


@pytest.fixture(scope="module")
def records(data: Path) -> list[PersonRecord]:
    """The newest version of every person record, as ingest would keep it."""
    newest: dict[str, PersonRecord] = {}
    for contract in CHANNELS.values():
        for row in rows_of(data, contract) if "person" in contract.holds else []:
            try:
                record = person_record(contract, row, AFTER_LAST)
            except RefusedRow:
                continue
            if record.record_id not in newest or newest[record.record_id].observed_at <= record.observed_at:
                newest[record.record_id] = record
    return list(newest.values())


def test_the_same_people_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    generate(120, 3, tmp_path / "once")
    generate(120, 3, tmp_path / "again")
    generate(120, 4, tmp_path / "other")
    for path in sorted((tmp_path / "once").iterdir()):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
        assert path.read_bytes() != (tmp_path / "other" / path.name).read_bytes(), path.name


def test_the_same_five_years_can_end_on_any_day_and_birthdays_move_with_them(tmp_path: Path) -> None:
    newest = date(2026, 11, 28)
    generate(120, 3, tmp_path / "moved", newest)
    days, born = [], []
    for row in rows_of(tmp_path / "moved", CHANNELS["crm"]):
        days.append(row["maj_le"][:10])
        born += [int(found[0]) for found in [re.search(r"(19|20)\d\d", row["date_naissance"])] if found]
    assert (newest - timedelta(days=40)).isoformat() < max(days) <= newest.isoformat()
    assert min(days) >= (newest - timedelta(days=5 * 365 + 2)).isoformat()
    assert max(born) > 2019, "children are as old as they were"


@pytest.mark.parametrize("people", [1, 2, 3, 50])
def test_exactly_the_asked_number_of_people_is_made(people: int, tmp_path: Path) -> None:
    generate(people, 5, tmp_path)
    with (tmp_path / "truth.csv").open(encoding="utf-8", newline="") as file:
        persons = {row["person"] for row in csv.DictReader(file) if not row["person"].startswith("test-")}
    assert len(persons) == people


def test_every_file_has_a_contract_that_names_all_its_columns(data: Path) -> None:
    contracts = {contract.files: contract for contract in CHANNELS.values()}
    assert {path.name for path in data.iterdir()} == {*contracts, "truth.csv"}
    for contract in contracts.values():
        if contract.format == "csv":
            assert set(next(rows_of(data, contract))) == set(contract.columns)


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_contracts_read_their_files_with_few_issues_and_refuse_the_broken_rows(channel: str, data: Path) -> None:
    contract = CHANNELS[channel]
    received = refused = unclear = 0
    for row in rows_of(data, contract):
        received += 1
        try:
            if "person" in contract.holds:
                unclear += bool(person_record(contract, row, AFTER_LAST).issues)
            if "event" in contract.holds:
                unclear += bool(interaction_event(contract, row).issues)
            if "consent" in contract.holds:
                consents_of(contract, row, AFTER_LAST)
        except RefusedRow:
            refused += 1
    assert received > 100
    assert unclear < received * 0.03
    assert refused < received * 0.02
    assert refused or channel in ("billing", "loyalty")


def test_all_events_and_versions_are_before_2021(data: Path, records: list[PersonRecord]) -> None:
    moments = [record.observed_at for record in records]
    for name in ("chat", "orders", "call_centre", "web"):
        for row in rows_of(data, CHANNELS[name]):
            try:
                moments.append(interaction_event(CHANNELS[name], row).occurred_at)
            except RefusedRow:
                continue
    assert min(moments) >= datetime(2016, 1, 1, tzinfo=UTC)
    assert datetime(2020, 12, 28, tzinfo=UTC) < max(moments) < AFTER_LAST


def test_truth_names_the_person_of_every_record_and_message_and_of_nothing_else(
    data: Path, truth: dict[tuple[str, str], str], records: list[PersonRecord]
) -> None:
    messages = {("chat", row["message_id"]) for row in rows_of(data, CHANNELS["chat"]) if row["message_id"]}
    assert {(record.channel, record.source_key) for record in records} | messages == set(truth)


def test_there_are_about_23_person_records_for_10_people(truth: dict[tuple[str, str], str]) -> None:
    known = [person for (channel, _), person in truth.items() if channel != "chat" and not person.startswith("test-")]
    assert 2.15 < len(known) / PEOPLE < 2.45
    assert len(set(known)) == PEOPLE


def test_relatives_share_numbers_and_mailboxes_and_people_have_several_addresses(
    truth: dict[tuple[str, str], str], records: list[PersonRecord]
) -> None:
    people_of, emails_of = defaultdict(set), defaultdict(set)
    for record in records:
        person = truth[record.channel, record.source_key]
        for identifier in record.identifiers:
            people_of[identifier].add(person)
            if identifier.kind == "email":
                emails_of[person].add(identifier.value)
    shared = Counter(identifier.kind for identifier, people in people_of.items() if len(people) > 1)
    assert shared["phone"] > 50
    assert shared["email"] > 20
    assert shared["device_id"] > 5
    assert sum(len(emails) > 1 for emails in emails_of.values()) > 50
    assert shared["national_id"] == 0


def test_a_repeated_customer_number_has_an_older_version(data: Path) -> None:
    versions = defaultdict(set)
    for row in rows_of(data, CHANNELS["crm"]):
        versions[row["numero_client"]].add(row["maj_le"])
    assert any(len(moments) > 1 for key, moments in versions.items() if key)


def test_complaints_are_closed_and_orders_returned(data: Path) -> None:
    calls = Counter(
        interaction_event(CHANNELS["chat"], row).intent for row in rows_of(data, CHANNELS["chat"]) if row["message_id"]
    )
    assert 0 < calls["complaint_resolved"] < calls["complaint"]
    amounts = [float(row["montant"]) for row in rows_of(data, CHANNELS["orders"])]
    assert 0 < sum(amount < 0 for amount in amounts) < len(amounts) * 0.15


def test_consents_are_per_email_and_per_phone_and_some_are_withdrawn(data: Path) -> None:
    rows = list(rows_of(data, CHANNELS["consents"]))
    assert {row["identifier_kind"] for row in rows} == {"email", "phone"}
    assert {row["decision"] for row in rows} == {"granted", "refused", "withdrawn", ""}
    assert "service" not in {row["purpose"] for row in rows}


def test_no_address_or_number_can_belong_to_anybody(data: Path) -> None:
    for path in data.iterdir():
        text = path.read_bytes().decode("cp1252" if path.name == "billing.csv" else "utf-8")
        assert not [host for host in re.findall(r"@([\w.-]+)", text) if not host.lower().endswith(".example")]
        assert "http" not in text
    for row in rows_of(data, CHANNELS["billing"]):
        assert row["identifiant_national"] == "" or row["identifiant_national"].startswith("FICTIF-")


def test_larger_populations_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few rows held back per file, four times the people need no more memory."""
    monkeypatch.setattr(output, "_WINDOW", 64)
    generate(2_000, 1, tmp_path)  # fills the caches of names
    peaks = []
    for people in (500, 2_000):
        tracemalloc.start()
        generate(people, 1, tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1_000_000


def test_addresses_and_numbers_stay_unique_and_possible_beyond_the_ranges_for_fiction() -> None:
    points = ContactPoints(Draws(1))
    emails = [points.email("Jean", "Martin", 1960 + i % 40) for i in range(12_000)]
    numbers = [points.mobile(0) for _ in range(12_000)] + [points.landline("75011") for _ in range(12_000)]
    assert len(set(emails)) == len(emails)
    assert len(set(numbers)) == len(numbers)
    assert all(phonenumbers.is_possible_number(phonenumbers.parse(number)) for number in numbers)


def test_a_released_number_goes_to_somebody_else_after_half_a_year() -> None:
    points = ContactPoints(Draws(1))
    points.release("+33639980001", 100)
    assert "+33639980001" not in {points.mobile(200) for _ in range(50)}
    assert "+33639980001" in {points.mobile(400) for _ in range(50)}


@given(st.integers(0, 9_999), st.integers())
def test_a_written_phone_is_read_back_as_itself(ending: int, seed: int) -> None:
    number = f"+3363998{ending:04d}"
    written = written_phone(Draws(seed), number)
    digits = re.sub(r"\D", "", written)
    if digits.removesuffix(number[3:]) in {"", "0", "33", "330", "0033"}:  # neither cut short nor mistyped
        assert normalise_phone(written, "FR") == number


@given(st.integers(1, 6), st.integers(0, 10**6))
def test_numbers_do_not_repeat_before_all_are_given_out(width: int, start: int) -> None:
    numbers = Numbers(width, start)
    given_out = [numbers.next() for _ in range(min(10**width, 500))]
    assert len(set(given_out)) == len(given_out)
    assert {len(number) for number in given_out} == {width}
