"""Whose a refused row is, and what of a remark goes: by parsed identifiers and names, never by a word that is an id."""

import json
from typing import Any

import pytest

from channel_files.rows import reread
from contracts.channel import Channel
from contracts.events import visitor_key
from contracts.identifiers import Identifier
from erasure.people.personal_values import PersonalValues, full_names, tells
from erasure.people.redaction import Redaction
from erasure.people.refused import Theirs, contacts_in, read_message, read_row
from erasure.people.subject import Subject
from tests.read_model.live.collecting import SOURCES

LIVE = SOURCES.channels()
CRM = Channel.model_validate(
    {
        "channel": "crm",
        "files": "crm.csv",
        "format": "csv",
        "holds": ["person"],
        "region": "FR",
        "columns": {
            "id": {"is": "key", "kind": "customer_number", "required": True},
            "given": {"is": "given_name"},
            "family": {"is": "family_name"},
            "mail": {"is": "email", "required": True},
        },
    }
)
HEADER = ["id", "given", "family", "mail"]
WORDY = Subject(
    records={"app:messageId", "app:true", "crm:id"},
    identifiers={
        Identifier("user_id", "messageid"),
        Identifier("user_id", "true"),
        Identifier("customer_number", "id"),
    },
)
ZOE = Subject(
    records={"crm:Z-1"},
    identifiers={Identifier("email", "zoe@inbox.example"), Identifier("user_id", "z")},
    values={"zoe@inbox.example", "+33612345678", "06 12 34 56 78"},
    words={"zoe", "fontloup", "zoe fontloup", "fontloup zoe"},
    full_names={"zoe|fontloup"},
)


def live(subject: Subject, said: Any) -> bool:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Theirs(subject)(raw, read_message(LIVE, "app", raw))


def filed(subject: Subject, raw: bytes) -> bool:
    return Theirs(subject)(raw, read_row(CRM, reread(CRM, 0, raw, HEADER).payload))


@pytest.mark.parametrize(
    "said",
    [
        {"type": "nothing", "userId": "someone", "messageId": "m", "properties": {"true": True}},
        {"type": "track", "userId": "messageIds", "event": 7},
        {"messageId": "messageId", "anonymousId": "messageId"},
        b'{"messageId": "m", "userId": "someone", broken',
        [1],
    ],
)
def test_a_refused_message_is_not_theirs_for_a_word_that_is_their_id(said: Any) -> None:
    assert not live(WORDY, said)


@pytest.mark.parametrize(
    "said",
    [
        {"type": "nothing", "userId": "messageId"},
        {"type": 7, "userId": "messageId", "anonymousId": "x" * 300},
        {"type": "alias", "userId": "someone", "previousId": "true", "timestamp": "never"},
        {"userId": "true"},
    ],
)
def test_it_is_where_the_id_stands_where_an_id_stands(said: Any) -> None:
    assert live(WORDY, said)


def test_a_visitors_former_id_leads_to_the_visitor() -> None:
    visitor = Subject(records={f"app:{visitor_key('device-1')}"})
    assert live(visitor, {"type": "alias", "userId": "u", "previousId": "device-1", "sentAt": 7})
    assert live(visitor, {"type": "nothing", "anonymousId": "device-1"})
    assert not live(visitor, {"type": "nothing", "anonymousId": "device-2"})


@pytest.mark.parametrize(
    ("raw", "theirs"),
    [
        (b",Zoe,FONTLOUP,", True),
        (b",Zo\xc3\xa9,Fontloup,none", True),
        (b",Zoe,Dupont,", False),
        (b"Z-1,,,", True),
        (b"Z-12,,,", False),
        (b"X,,,ZOE@Inbox.example", True),
        (b"X;;;write to Zoe@inbox.example;", True),
        (b"X,,,,,Fontloup Zoe", True),
        (b"X,rang at 06.12.34.56.78,,,,", True),
        (b"X,,,zoe@inbox.example.org", False),
        (b"X,Fontloup,,", False),
    ],
)
def test_a_refused_row_of_a_file_is_read_by_its_columns_then_by_what_tells_the_person(raw: bytes, theirs: bool) -> None:
    assert filed(ZOE, raw) is theirs


def test_a_refused_row_that_holds_the_name_of_its_column_is_nobodys() -> None:
    assert not filed(WORDY, b"X,id,true,messageId,id")
    assert filed(WORDY, b"id,,,")


def test_contacts_are_read_wherever_they_stand() -> None:
    raw = b'{"said": "call +33 6 12 34 56 78 or write <Zoe@Inbox.example>, 12345"}'
    assert contacts_in(raw) == {Identifier("phone", "+33612345678"), Identifier("email", "zoe@inbox.example")}


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("Zoé Fontloup rang", "[erased] rang"),
        ("of FONTLOUP-Zoe’s", "of [erased]’s"),
        ("call 06.12.34.56.78 (zoe@inbox.example)", "call [erased] ([erased])"),
        ("Zoe\u0301 alone", "[erased] alone"),
        ("two sisters, Zoey and Fontloupier", "two sisters, Zoey and Fontloupier"),
        ("é stays as it is", "é stays as it is"),
    ],
)
def test_a_remark_loses_what_is_theirs_alone_and_nothing_else(written: str, left: str) -> None:
    assert Redaction(ZOE)(written) == left


def test_an_id_that_is_a_word_or_a_number_tells_nobody() -> None:
    for word in ("messageId", "true", "1", "%", "_", "timeline", "12345678", "é"):
        assert not tells(word), word
    for telling in ("crm-7001", "a@b.example", "0612345678", "c6f2a8e0-11d2-4f6b-9a10-2d1f0c9e8b7a"):
        assert tells(telling), telling


def test_what_records_say_becomes_values_and_words_and_claims_are_values_alone() -> None:
    personal = PersonalValues()
    claims = [{"name": "email", "value": "said@by.example", "category": "contact"}]
    personal.record({"given_name": "Jean-Pierre", "family_name": "d'Arc", "identifiers": [], "claims": claims})
    found = personal.candidates(set(), {"crm:A-100"}, set())
    assert {"said@by.example", "crm:A-100"} <= found.values and not personal.identifiers
    assert {"pierre", "jean pierre", "jean pierre d arc", "darc jean pierre"} <= found.words
    assert personal.full_names == set(full_names("jean", "D’ARC"))
