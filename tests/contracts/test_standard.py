"""Raw rows become canonical records, events and consents; the same row always gives the same."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.channel import Channel
from contracts.consent_rows import ConsentRow, consents_of
from contracts.identifiers import Identifier
from contracts.reading import RefusedRow
from contracts.standard import check_row, interaction_event, person_record

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def channel(holds: list[str], columns: dict[str, dict[str, Any]], **more: Any) -> Channel:
    basis = {"channel": "shop", "files": "*", "format": "csv", "region": "FR"}
    return Channel.model_validate(basis | {"holds": holds, "columns": columns} | more)


PERSON = channel(
    ["person"],
    {
        "id": {"is": "key"},
        "nom": {"is": "full_name"},
        "prenom": {"is": "given_name"},
        "ne": {"is": "birth_date", "format": "iso"},
        "no": {"is": "house_number"},
        "rue": {"is": "street"},
        "bp": {"is": "po_box"},
        "adresse": {"is": "address"},
        "ville": {"is": "city"},
        "mail": {"is": "email"},
        "maj": {"is": "version", "format": "iso"},
    },
)
EVENT = channel(
    ["event"],
    {
        "id": {"is": "event_id"},
        "at": {"is": "event_time", "format": "iso"},
        "sujet": {"is": "intent", "values": {"panne": "fault"}},
        "prix": {"is": "amount"},
        "carte": {"is": "external_id", "kind": "loyalty_card"},
        "page": {"is": "property", "name": "page", "category": "behaviour"},
    },
    event={"type": "visit"},
)
LOGIN = channel(
    ["person", "event"],
    {"id": {"is": "key", "kind": "user_id"}, "at": {"is": "event_time", "format": "iso"}},
    event={"type": "login"},
)
CONSENT = channel(
    ["consent"],
    {
        "kind": {"is": "identifier_kind"},
        "value": {"is": "identifier"},
        "purpose": {"is": "purpose"},
        "decision": {"is": "decision"},
        "at": {"is": "decided_at", "format": "iso"},
        "through": {"is": "decided_through"},
        "notice": {"is": "notice"},
    },
)
CONSENTED = {
    "kind": "email",
    "value": "A@Post.example",
    "purpose": "analytics",
    "decision": "granted",
    "at": "2020-05-29T11:31:05Z",
}


def consent_row(contract: Channel, payload: dict[str, str]) -> ConsentRow:
    (row,) = consents_of(contract, payload, NOW)
    return row


def test_a_person_record_has_its_parts_tidied() -> None:
    raw = {"id": "7", "nom": "Mme CLAIRE MARTIN", "ne": "1980-05-17", "no": "12", "rue": "rue X", "maj": "2020-01-01"}
    record = person_record(PERSON, raw, NOW)
    assert (record.record_id, record.given_name, record.family_name) == ("shop:7", "Claire", "Martin")
    assert (record.birth_date, record.birth_year, record.street) == (date(1980, 5, 17), 1980, "12 rue X")
    assert record.observed_at == datetime(2020, 1, 1, tzinfo=UTC)
    assert record.categories["given_name"] == "identity"


def test_a_column_of_its_own_speaks_before_the_whole_name() -> None:
    record = person_record(PERSON, {"id": "7", "nom": "Claude Martin", "prenom": "Claire"}, NOW)
    assert (record.given_name, record.family_name) == ("Claire", "Martin")


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"adresse": "12 rue X, 75011 Paris"}, ("12 rue X", "75011", "Paris")),
        ({"adresse": "12 rue X, 75011 Paris", "ville": "PARIS 11"}, ("12 rue X", "75011", "PARIS 11")),
        ({"adresse": "12 rue X, 75011 Paris", "rue": "rue Y"}, ("rue Y", None, None)),
        ({"bp": "33"}, ("po box 33", None, None)),
        ({"no": "12"}, ("12", None, None)),
        ({}, (None, None, None)),
    ],
)
def test_an_address_comes_from_parts_or_from_one_line(raw: dict[str, str], found: tuple[str | None, ...]) -> None:
    record = person_record(PERSON, {"id": "7"} | raw, NOW)
    assert (record.street, record.postcode, record.city) == found


def test_now_bounds_the_birth_year() -> None:
    raw = {"id": "7", "ne": "2024-05-17"}
    assert person_record(PERSON, raw, NOW).birth_date == date(2024, 5, 17)
    assert person_record(PERSON, raw, NOW.replace(year=2023)).birth_date is None


def test_an_event_carries_its_identifiers_and_translated_intent() -> None:
    raw = {
        "id": "9",
        "at": "2020-01-01T10:00:00+01:00",
        "sujet": "panne",
        "prix": "9.5",
        "carte": "C 1",
        "page": "home",
    }
    event = interaction_event(EVENT, raw)
    assert (event.event_id, event.type, event.intent, event.amount) == ("shop:9", "visit", "fault", 9.5)
    assert event.occurred_at == datetime(2020, 1, 1, 9, tzinfo=UTC)
    assert event.identifiers == [Identifier("loyalty_card", "c1")]
    assert event.properties == {"page": "home"}
    assert event.record_id is None


def test_an_event_of_a_person_row_belongs_to_that_record() -> None:
    assert interaction_event(LOGIN, {"id": "u1", "at": "2020-01-01"}).record_id == "shop:u1"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"id": "9"}, "at: expected the time"),
        ({"id": "9", "at": "soon"}, "at: expected"),
        ({"at": "2020-01-01"}, "id: "),
    ],
)
def test_an_event_without_time_or_id_is_refused(raw: dict[str, str], message: str) -> None:
    with pytest.raises(RefusedRow, match=message):
        check_row(EVENT, raw, NOW)


@pytest.mark.parametrize("gap", sorted(CONSENTED))
def test_a_consent_with_any_gap_is_refused(gap: str) -> None:
    with pytest.raises(RefusedRow, match=f"{gap}: expected a readable value"):
        check_row(CONSENT, CONSENTED | {gap: ""}, NOW)


@pytest.mark.parametrize("wrong", [{"at": "soon"}, {"value": "nobody"}])
def test_an_unreadable_consent_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(RefusedRow, match="expected"):
        check_row(CONSENT, CONSENTED | wrong, NOW)


def test_one_decision_has_one_id_however_its_identifier_was_written() -> None:
    assert consent_row(CONSENT, CONSENTED | {"value": " a@post.example"}) == consent_row(CONSENT, CONSENTED)


@pytest.mark.parametrize(
    "other", [{"decision": "refused"}, {"purpose": "service"}, {"at": "2020-05-29T11:31:06Z"}, {"through": "web"}]
)
def test_another_decision_has_another_id(other: dict[str, str]) -> None:
    assert consent_row(CONSENT, CONSENTED | other).consent_id != consent_row(CONSENT, CONSENTED).consent_id


def test_the_key_of_a_row_is_its_source_key_event_id_or_consent_id() -> None:
    assert check_row(PERSON, {"id": "7"}, NOW) == "7"
    assert check_row(EVENT, {"id": "9:1", "at": "2020-01-01"}, NOW) == "9:1"
    assert check_row(LOGIN, {"id": "u1", "at": "2020-01-01"}, NOW) == "u1"
    assert check_row(CONSENT, CONSENTED, NOW) == consent_row(CONSENT, CONSENTED).consent_id


def test_rows_of_the_lake_hold_plain_values() -> None:
    record = person_record(PERSON, {"id": "7", "mail": "a@post.example"}, NOW).as_row()
    assert record["identifiers"] == [{"kind": "email", "value": "a@post.example"}]
    consent = consent_row(CONSENT, CONSENTED).as_row()
    assert (consent["identifier_kind"], consent["identifier"]) == ("email", "a@post.example")


def test_what_a_contract_calls_verified_is_told_once_a_kind() -> None:
    checked = channel(
        ["person"],
        {
            "id": {"is": "key", "kind": "user_id", "verified": True},
            "card": {"is": "external_id", "kind": "national_id", "verified": True},
            "card_2": {"is": "external_id", "kind": "national_id", "verified": True},
            "ne": {"is": "birth_date", "format": "iso", "verified": True},
        },
    )
    record = person_record(checked, {"id": "U7", "card": "12 345", "ne": "1980-05-17"}, NOW)
    assert record.verified == [
        Identifier("birth_date", "1980-05-17"),
        Identifier("national_id", "12345"),
        Identifier("user_id", "U7"),
    ]
    two = person_record(checked, {"id": "U7", "card": "12345", "card_2": "99999", "ne": "2999-01-01"}, NOW)
    assert two.verified == [Identifier("user_id", "U7")]
    assert person_record(PERSON, {"id": "7", "ne": "1980-05-17"}, NOW).verified == []
