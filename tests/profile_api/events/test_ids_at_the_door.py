"""One cleaning of ids at the door, the same everywhere: what is accepted is shown, live and after the batch."""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from consent.model import Role
from consent.tombstones.naming import named_in_message, named_in_row
from contracts.identifiers import Identifier, InvalidIdentifier, normalise
from contracts.settings import Settings
from contracts.sources import Sender
from read_model.live.erased import Guard
from read_model.live.inbox import Inbox
from read_model.live.messages import Arrival, sort_messages
from read_model.live.replay import replay
from stores import schema
from stores.embedded import Stores
from tests.attacks.company import Company
from tests.attacks.site import Site
from tests.read_model.live.collecting import APP, SOURCES
from tests.spark_jobs.silver import person_channel

ODD = ["two  blanks", "zo\u0065\u0301", "a\u00a0b", "a\tb", "a\u200bb", "a\u00adb", "\ufeffa", " a b ", "a\u2028b"]
ODD += ["Ⅷ", "ﬁ", "ſ", "İ", "ß", "a\u0301\u0323", "\u1100\u1161", "ａｂ", "visitor-" + "0" * 24, "a:b", "a/later:b"]
ODD += ["a~b", "%a", "_a", "'a", "🙂", "👨\u200d👩", "e\u0301 ", "ΑΣ", "ﷺ"]
ids = (
    st.sampled_from(ODD)
    | st.text(min_size=1, max_size=20)
    | st.text("aB xX\u200b\u00a0\u0301e", min_size=1, max_size=6)
)
messages = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "page", "identify"]), "event": st.just("Seen")},
    optional={"userId": ids, "anonymousId": ids, "messageId": ids},
)


@pytest.fixture
def company(stores: Stores, api_settings: Settings) -> Iterator[Company]:
    made = Company(stores, api_settings)
    yield made
    made.close()


def send(company: Company, *said: dict[str, Any], server: bool = True) -> tuple[int, int]:
    """How many of these messages were accepted, and how many of those were new."""
    raws: list[Any] = [json.dumps(one).encode() for one in said]
    found = sort_messages(raws, Arrival(Sender(APP, server), company.tick()))
    box = Inbox(company.engine, Guard(None, SOURCES))
    new = box.keep(found).result(timeout=20)
    box.close()
    company.live()
    return len(found.accepted), len(new)


def shown(company: Company) -> int:
    with company.engine.connect() as connection:
        assert list(connection.scalars(select(schema.inbox.c.problem).where(schema.inbox.c.problem.is_not(None)))) == []
        owned = select(schema.timeline.c.event_id).where(schema.timeline.c.profile_id.is_not(None))
        return len(list(connection.scalars(owned)))


def test_everything_that_is_accepted_is_on_a_timeline_live_and_after_the_batch(company: Company) -> None:
    total = 0

    @settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(messages, min_size=1, max_size=6), st.booleans())
    def sent(said: list[dict[str, Any]], server: bool) -> None:
        nonlocal total
        total += send(company, *said, server=server)[1]
        assert shown(company) == total

    sent()
    assert total > 50
    assert company.batch() == []
    assert shown(company) == total == len(company.lake.events)


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_id_is_one_person_live_in_the_batch_in_lookups_and_in_a_replay(company: Company, odd: str) -> None:
    assert send(company, {"type": "page", "userId": odd}) == (1, 1)
    with company.engine.begin() as connection:  # as if it had been refused before
        columns = {"source": "app", "is_server": True, "received_at": company.now, "call": None, "sent_at": None}
        raw = json.dumps({"type": "page", "userId": f" {odd}\u200b"}).encode()
        connection.execute(schema.inbox_quarantine.insert().values(raw=raw, reason="none", **columns))
    assert replay(company.engine, Guard(None, SOURCES), company.now)["accepted"] == 1
    company.live()
    assert company.batch() == [] and shown(company) == 2
    assert len(company.records()) == 1
    found = company.ask("POST", "/v1/profiles/lookup", Role.ADVISOR, "service", json={"kind": "user_id", "value": odd})
    assert found.status_code == 200, found.text


def test_message_ids_that_are_one_when_cleaned_are_one_message_and_say_so(company: Company) -> None:
    first = {"type": "page", "userId": "u", "messageId": "q x"}
    assert send(company, first) == (1, 1)
    for again in ("q  x", "q\u00a0x", " q x\u200b", "q\tx"):
        assert send(company, first | {"messageId": again}) == (1, 0)
    assert send(company, first | {"messageId": "Q x"}) == (1, 1)
    assert shown(company) == 2


@pytest.mark.parametrize("word", ["undefined", "null", "0", "[object Object]"])
def test_a_message_id_that_means_none_swallows_no_other_message(company: Company, word: str) -> None:
    said = [{"type": "page", "userId": f"u{number}", "messageId": word} for number in range(3)]
    assert send(company, *said) == (3, 3)
    assert shown(company) == 3 and company.batch() == [] and shown(company) == 3


TWO = [("aB3x", "Ab3X"), ("sp 1", "sp1"), ("Straße", "STRASSE"), ("a-1", "a1"), ("Ⅷ", "VIII"), ("ab", "ａｂ")]


@pytest.mark.parametrize("server", [True, False])
@pytest.mark.parametrize(("one", "other"), TWO)
def test_ids_that_differ_in_a_byte_are_two_people_everywhere(
    company: Company, one: str, other: str, server: bool
) -> None:
    name = "userId" if server else "anonymousId"
    send(company, *[{"type": "page", name: who} for who in (one, other)], server=server)
    assert company.batch() == [] and len(company.records()) == 2
    assert len(set(company.store().owners.values())) == 2
    kind, prefix = ("user_id", "") if server else ("visitor_id", "app:")
    profiles = set()
    for who in (one, other):
        said = {"kind": kind, "value": prefix + who}
        answer = company.ask("POST", "/v1/profiles/lookup", Role.ADVISOR, "service", json=said)
        profiles.add(answer.json()["profile_id"])
    assert len(profiles) == 2


def test_a_decision_a_token_and_a_signature_are_of_the_one_user_alone(site: Site) -> None:
    site.server(*[{"type": "page", "userId": who} for who in ("aB3x", "Ab3X")])
    no = {"consent": {"categoryPreferences": {"personalisation": False}}}
    site.server({"type": "page", "userId": "aB3x", "context": no})
    assert [row[1] for row in site.decided()] == ["aB3x"]
    assert site.of_user("aB3x") != site.of_user("Ab3X")
    signature = site.signed("aB3x")["context"]
    assert site.send({"type": "page", "userId": "Ab3X", "context": signature}).status_code == 422
    nfd = {"type": "page", "userId": unicodedata.normalize("NFD", "zoé")}
    assert site.server({"type": "page", "userId": "zoé"}, nfd).status_code == 202
    assert site.of_user("zoé") is not None


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "Ana@Post.Example", "ana@post.example"),
        ("loyalty_card", "ab 12", "AB12"),
        ("customer_number", "c 1", "C1"),
        ("account_number", "FR76 1", "fr761"),
        ("national_id", "444-20-4950", "444 204950"),
        ("user_id", "zo\u00e9", "zoe\u0301"),
        ("user_id", " a\u200b b ", "a b"),
    ],
)
def test_every_kind_says_how_it_compares(kind: str, one: str, other: str) -> None:
    assert normalise(kind, one) == normalise(kind, other)


@pytest.mark.parametrize("kind", ["user_id", "device_id", "visitor_id", "salesforce_id"])
def test_ids_that_programs_hand_out_are_exact(kind: str) -> None:
    assert normalise(kind, "0015000000Gv7qJ") != normalise(kind, "0015000000gV7Qj")
    assert normalise(kind, "a b") == Identifier(kind, "a b") != normalise(kind, "ab")


def test_an_erased_user_keeps_nobody_out_whose_id_differs_in_case(site: Site) -> None:
    source = site.sources.by_name[next(iter(site.sources.by_name))]
    found, records = named_in_message(source, {"type": "page", "userId": " aB3x\u200b"})
    assert Identifier("user_id", "aB3x") in found and f"{source.name}:aB3x" in records
    assert Identifier("user_id", "ab3x") not in found and Identifier("user_id", "Ab3X") not in found
    assert named_in_row(person_channel(), {"id": "1"})[1] == {"crm:1"}


def test_what_is_only_odd_blanks_is_refused_at_the_door(company: Company) -> None:
    for blank in ("\u200b", " ", "\ufeff", "\u00ad\u200d", "\u3000"):
        with pytest.raises(InvalidIdentifier):
            normalise("user_id", blank)
        assert send(company, {"type": "page", "userId": blank}) == (0, 0)
    with company.engine.begin() as connection:
        connection.execute(delete(schema.inbox_quarantine))
