"""How well something is known: contracts say it of columns, live sources of keys."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from contracts.channel import Channel
from contracts.identifiers import Identifier
from contracts.live_keys import claimant_key, later_visitor_key, user_key, visitor_key
from contracts.loading import ContractError
from contracts.settings import Settings
from contracts.sources import Source, Sources, key_hash, load_sources, user_hash
from contracts.standard import Claim, interaction_event, person_record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "s" * 32


def channel(columns: dict[str, Any], **more: Any) -> Channel:
    basis: dict[str, Any] = {"channel": "form", "files": "*", "format": "csv", "holds": ["person"], "region": "FR"}
    return Channel.model_validate(basis | {"columns": {"id": {"is": "key"}} | columns} | more)


FORM = channel(
    {
        "name": {"is": "full_name"},
        "born": {"is": "birth_date", "format": "iso"},
        "mail": {"is": "email"},
        "address": {"is": "address"},
        "opted_in": {"is": "email", "assurance": "verified"},
        "shop": {"is": "attribute", "name": "shop", "category": "behaviour", "assurance": "source"},
        "changed": {"is": "version", "format": "iso"},
    },
    assurance="claimed",
)
SAID = {
    "id": "7",
    "name": "Ana Durand",
    "born": "1990-01-02",
    "mail": "ana@post.example",
    "address": "2 rue X, 75011 Paris",
    "shop": "Lyon",
    "changed": "2025-01-01T00:00:00Z",
}


def test_what_a_contract_calls_claimed_is_no_identifier_and_no_field() -> None:
    record = person_record(FORM, SAID, NOW)
    assert (record.identifiers, record.given_name, record.birth_date, record.street) == ([], None, None, None)
    assert (record.record_id, record.observed_at) == ("form:7", datetime(2025, 1, 1, tzinfo=UTC))
    assert record.attributes == {"shop": "Lyon"}
    assert {(one.name, one.value) for one in record.claims} == {
        ("given_name", "Ana"),
        ("family_name", "Durand"),
        ("birth_date", "1990-01-02"),
        ("birth_year", "1990"),
        ("email", "ana@post.example"),
        ("street", "2 rue X"),
        ("postcode", "75011"),
        ("city", "Paris"),
    }
    assert Claim("email", "ana@post.example", "contact") in record.claims
    assert record.as_row()["claims"][0].keys() == {"name", "value", "category"}


def test_what_is_known_as_well_is_no_claim() -> None:
    record = person_record(FORM, SAID | {"opted_in": "Ana@Post.example"}, NOW)
    assert record.identifiers == record.proven == [Identifier("email", "ana@post.example")]
    assert "email" not in {one.name for one in record.claims}


def test_a_key_of_a_claimed_channel_names_the_record_and_no_person() -> None:
    form = channel({"id": {"is": "key", "kind": "customer_number"}}, assurance="claimed")
    record = person_record(form, {"id": "42"}, NOW)
    assert (record.record_id, record.identifiers) == ("form:42", [])
    assert record.claims == [Claim("customer_number", "42", "identity")]


def test_an_event_carries_no_claimed_identifier() -> None:
    columns = {"id": {"is": "event_id"}, "at": {"is": "event_time", "format": "iso"}, "mail": {"is": "email"}}
    form = channel(columns, holds=["event"], event={"type": "message"}, assurance="claimed")
    assert interaction_event(form, {"id": "1", "at": "2025-01-01", "mail": "ana@post.example"}).identifiers == []


@pytest.mark.parametrize(
    ("columns", "more", "told"),
    [
        (
            {"no": {"is": "external_id", "kind": "card", "verified": True, "assurance": "claimed"}},
            {},
            "no other assurance",
        ),
        ({"a": {"is": "city"}, "b": {"is": "city"}}, {"assurance": "claimed"}, "at most one claimed column"),
        ({"a": {"is": "city", "assurance": "sure"}}, {}, "Input should be"),
        (
            {
                "kind": {"is": "identifier_kind"},
                "who": {"is": "identifier"},
                "what": {"is": "purpose"},
                "said": {"is": "decision"},
                "at": {"is": "decided_at", "format": "iso"},
            },
            {"holds": ["consent"], "assurance": "claimed"},
            "knows whose decision it tells",
        ),
    ],
)
def test_a_contract_whose_assurance_makes_no_sense_is_refused(columns: Any, more: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        channel(columns, **more)


def test_what_is_claimed_and_what_is_known_may_be_one_field_in_two_columns() -> None:
    both = channel({"a": {"is": "city"}, "b": {"is": "city", "assurance": "claimed"}})
    record = person_record(both, {"id": "1", "a": "Paris", "b": "Lyon"}, NOW)
    assert record.city == "Paris" and record.claims == [Claim("city", "Lyon", "contact")]


def test_a_source_tells_a_browsers_key_from_a_servers() -> None:
    source = Source(name="shop", browser_key_sha256=key_hash("b"), server_key_sha256=key_hash("s"))
    found = {key: sender.is_server for key in ("b", "s", "") if (sender := Sources([source]).of_key(key))}
    assert found == {"b": False, "s": True}
    assert not source.signs("u", user_hash(SECRET, "u").decode()), "it has no secret"
    signing = source.model_copy(update={"user_secret": SecretStr(SECRET)})
    assert signing.signs("u", user_hash(SECRET, "u").decode().upper())
    assert not signing.signs("U", user_hash(SECRET, "u").decode()) and not signing.signs("u", "é")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f"key_sha256: {'a' * 64}", "write `browser_key_sha256` where a page or an app carries it"),
        ("region: FR", "found neither"),
        (f"browser_key_sha256: {'a' * 64}\n    server_key_sha256: {'a' * 64}", "a key that pages carry is no server's"),
        (f"server_key_sha256: {'a' * 64}\n    user_secret: short", "at least 32"),
    ],
)
def test_a_source_without_a_clear_key_is_refused_and_told_what_to_write(tmp_path: Path, said: str, told: str) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(f"sources:\n  - name: shop\n    {said}\n")
    with pytest.raises(ContractError, match=told) as refused:
        load_sources(Settings(sources_file=file))
    assert "user_secret: short" not in str(refused.value)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_no_user_id_is_the_key_of_a_visitor_or_of_another_user(one: str, other: str) -> None:
    keys = [user_key(name) for name in (one, other, visitor_key("a"), later_visitor_key("a"), claimant_key("a"))]
    assert len({*keys}) == len({one, other}) + 3
    assert not {visitor_key("a"), later_visitor_key("a"), claimant_key("a")} & {*keys}
