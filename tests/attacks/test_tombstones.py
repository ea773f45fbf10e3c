"""Attacks on "Erasure": an erased person is said in every way there is, and somebody else is kept out by a claim."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from consent.model import Role
from consent.tombstones.digests import Tombstones, bury, tombstones_of
from consent.tombstones.left_out import left_out_since
from contracts.identifiers import Identifier
from contracts.live_keys import visitor_key
from contracts.pseudonyms import reference_key
from contracts.settings import Settings
from contracts.sources import DEMO_SOURCE, Source, Sources
from erasure.people.subject import Subject
from erasure.scan_targets import tables
from read_model.live.erased import Guard
from read_model.live.replay import replay
from stores.schema import inbox, inbox_quarantine, live_records, records
from tests.attacks.erased_eve import CRM, EVE, HER_RECORDS, MAILS, PHONES
from tests.attacks.site import Site
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import accept

CALLS: dict[str, dict[str, Any]] = {
    "identify": {"userId": "u-bob"},
    "track": {"userId": "u-bob", "event": "Seen"},
    "page": {"userId": "u-bob", "name": "Home"},
    "screen": {"userId": "u-bob", "name": "Home"},
    "group": {"userId": "u-bob", "groupId": "g-1"},
    "alias": {"userId": "u-bob", "previousId": "old-bob"},
}
FIELDS: dict[str, Any] = {
    "userId": lambda said: {"userId": said},
    "anonymousId": lambda said: {"anonymousId": said},
    "previousId": lambda said: {"previousId": said},
    "groupId": lambda said: {"groupId": said},
    "messageId": lambda said: {"messageId": said},
    "event": lambda said: {"event": said},
    "name": lambda said: {"name": said},
    "a trait": lambda said: {"traits": {"email": said}},
    "a trait of another name": lambda said: {"traits": {"backupContact": said}},
    "a trait of traits": lambda said: {"traits": {"address": {"street": said}}},
    "the name of a trait": lambda said: {"traits": {said: True}},
    "a property": lambda said: {"properties": {"note": said}},
    "a list": lambda said: {"properties": {"friends": [{"who": said}]}},
    "the context": lambda said: {"context": {"page": {"url": said}}},
    "traits of the context": lambda said: {"context": {"traits": {"phone": said}}},
    "externalIds": lambda said: {"context": {"externalIds": [{"type": "contact", "id": said}]}},
    "a field of no spec": lambda said: {"integrations": {"x": said}},
}
BY_KIND: list[dict[str, Any]] = [
    {"userId": "u-eve-7"},
    {"userId": " u-eve-7\u200b "},
    {"previousId": "u-eve-7"},
    {"anonymousId": "u-eve-7"},
    {"groupId": "u-eve-7"},
    {"anonymousId": "her-browser-1", "userId": None},
    {"previousId": "her-browser-1"},
    {"context": {"externalIds": [{"type": "customerNumber", "id": "C-70001"}]}},
    {"context": {"externalIds": [{"type": "loyalty_card", "id": "LC -70002"}]}},
    {"traits": {"customer_number": "C-70001"}},
    {"traits": {"loyaltyCard": "lc-70002"}},
    {"properties": {"nationalId": "2 81 03 75 123 456 78"}},
    {"context": {"traits": {"national_id": 281037512345678}}},
]


@pytest.fixture
def key(api_settings: Settings) -> bytes:
    return reference_key(api_settings)


@pytest.fixture
def buried(engine: Engine, key: bytes) -> None:
    with engine.begin() as connection:
        bury(connection, tombstones_of(key, EVE, HER_RECORDS), "e_1", NOW)


def kept_in(engine: Engine) -> str:
    return b"\n".join(content for _, content in tables(engine)).decode().lower()


def tried(site: Site, engine: Engine, key: str, message: dict[str, Any]) -> None:
    """Sends a message that names her, by itself and in a batch; nothing of it is kept."""
    with engine.connect() as connection:
        before = connection.execute(select(inbox.c.inbox_id)).all()
        refused = connection.execute(select(inbox_quarantine.c.quarantine_id)).all()
        gone = sum(rows for _, _, rows in left_out_since(connection, NOW.date()))
    assert site.send(message, key=key, path="/v1/events").status_code in (202, 422)
    assert site.send(message, key=key).status_code in (202, 422)
    with engine.connect() as connection:
        assert connection.execute(select(inbox.c.inbox_id)).all() == before
        assert connection.execute(select(inbox_quarantine.c.quarantine_id)).all() == refused
        assert sum(rows for _, _, rows in left_out_since(connection, NOW.date())) == gone + 2


@pytest.mark.usefixtures("buried")
def test_no_call_and_no_field_brings_an_erased_address_or_number_back_in_any_spelling(
    site: Site, engine: Engine
) -> None:
    for number, (call, base) in enumerate(CALLS.items()):
        for field, put in FIELDS.items():
            for spelt in (MAILS[number % len(MAILS)], PHONES[number % len(PHONES)]):
                message = {"type": call, "messageId": f"{call}-{field}-{number}"} | base | put(spelt)
                tried(site, engine, (site.keys.browser, site.keys.server)[number % 2], message)
    kept = kept_in(engine)
    assert not [one for one in ("zarwell", "612345098", "06 12 34 50 98", "٠٦١٢٣٤٥٠٩٨") if one in kept]


@pytest.mark.usefixtures("buried")
@pytest.mark.parametrize("spelt", [*MAILS, *PHONES])
def test_every_spelling_is_recognised(site: Site, engine: Engine, spelt: str) -> None:
    tried(
        site,
        engine,
        site.keys.browser,
        {"type": "track", "event": "Seen", "userId": "u-bob", "properties": {"q": spelt}},
    )


@pytest.mark.usefixtures("buried")
@pytest.mark.parametrize("said", BY_KIND, ids=json.dumps)
def test_every_id_is_recognised_where_it_is_said_as_what_it_is(
    site: Site, engine: Engine, said: dict[str, Any]
) -> None:
    message = {"type": "alias", "userId": "u-bob", "previousId": "old-bob"} | said
    tried(site, engine, site.keys.browser, {name: one for name, one in message.items() if one is not None})


@pytest.mark.usefixtures("buried")
@pytest.mark.parametrize(
    "broken",
    [
        {"type": "nothing of the spec"},
        {"type": "track", "event": ""},
        {"type": "alias", "previousId": None},
        {"type": "track", "event": "Seen", "timestamp": "yesterday"},
        {"type": "track", "event": "Seen", "userId": None},
    ],
    ids=json.dumps,
)
def test_a_message_that_is_refused_is_not_kept_raw_either(site: Site, engine: Engine, broken: dict[str, Any]) -> None:
    for said in ({"traits": {"email": MAILS[1]}}, {"properties": {"tel": PHONES[2]}}, {"userId": "u-eve-7"}):
        tried(
            site,
            engine,
            site.keys.server,
            {"userId": "u-bob"} | said | broken if "userId" not in said else broken | said,
        )


@pytest.mark.parametrize(
    "raw", [b'{"userId": "u-eve-7", ', b"eve.zarwell@inbox.example;u-eve-7", b"\xff 0612345098 \xff"]
)
def test_what_is_not_even_json_is_not_kept_raw_either(engine: Engine, key: bytes, site: Site, raw: bytes) -> None:
    row = {"source": DEMO_SOURCE, "is_server": False, "received_at": NOW, "reason": "odd", "raw": raw}
    with engine.begin() as connection:
        connection.execute(insert(inbox_quarantine).values(row))  # it came before she was erased
        bury(connection, tombstones_of(key, EVE, HER_RECORDS), "e_1", NOW)
    assert replay(engine, Guard(key, site.sources), NOW)["erased"] == 1
    with engine.connect() as connection:
        assert connection.execute(select(inbox_quarantine)).all() == []
        assert left_out_since(connection, NOW.date()) == [(DEMO_SOURCE, NOW.date(), 1)]


def test_a_source_without_a_country_knows_a_national_number_too(engine: Engine) -> None:
    nowhere = Source(name="nowhere", server_key_sha256="3" * 64)
    german = Source(name="german", server_key_sha256="4" * 64, region="DE")
    with engine.begin() as connection:
        bury(connection, tombstones_of(b"key", EVE, HER_RECORDS), "e_1", NOW)
    guard_sources = Sources([nowhere, german])
    for source, kept in ((nowhere, []), (german, ["german:u1"])):
        accept(
            engine,
            NOW,
            {"userId": "u1", "traits": {"phone": PHONES[2]}},
            source=source,
            key=b"key",
            among=guard_sources,
        )
        with engine.connect() as connection:
            assert list(connection.scalars(select(inbox.c.record_id))) == kept, "there it is somebody else's number"


@pytest.mark.usefixtures("buried")
def test_whoever_is_proven_is_not_kept_out_by_what_a_browser_was_called(site: Site, engine: Engine) -> None:
    seen = {"type": "track", "event": "Seen"}
    site.send(site.signed("u-bob", anonymousId="her-browser-1"))
    site.server(seen | {"userId": "u-carl", "properties": {"order_id": "70001", "quantity": 612345098}})
    site.server(seen | {"userId": "u-dora", "anonymousId": "her-browser-1"})
    site.server(seen | {"userId": "her-browser-1"})
    site.send(seen | {"anonymousId": "another-browser", "properties": {"path": "/c-70001"}})
    with engine.connect() as connection:
        found = set(connection.scalars(select(inbox.c.record_id)))
    users = {f"{DEMO_SOURCE}:{user}" for user in ("u-bob", "u-dora", "her-browser-1")}
    assert users | {f"{DEMO_SOURCE}:{visitor_key('another-browser')}"} <= found


def test_what_an_erased_attacker_claimed_keeps_no_customer_out(site: Site, engine: Engine, key: bytes) -> None:
    victim = {"email": "victim@inbox.example", "phone": "+33698765432"}
    ids = [{"type": "loyalty_card", "id": "LC-9"}, {"type": "customer_number", "id": "C-9"}]
    claim = {"anonymousId": "evil", "userId": "u-victim", "traits": victim, "context": {"externalIds": ids}}
    site.send({"type": "identify"} | claim)
    with engine.begin() as connection:
        devices = live_records.c.payload["visitors"].astext
        theirs = set(connection.scalars(select(live_records.c.record_id).where(devices.contains("evil"))))
        assert theirs, "the attacker has a record"
        documents = connection.scalars(select(records.c.document).where(records.c.record_id.in_(theirs))).all()
        said = {Identifier(one["kind"], one["value"]) for document in documents for one in document["identifiers"]}
        bury(connection, Subject(records=theirs, identifiers=said).tombstones(key), "e_1", NOW)
        digests = Subject(records=theirs, identifiers=said).tombstones(key)
    row = {
        "id": "C-9",
        "born": "01/02/1980",
        "mail": victim["email"],
        "tel": victim["phone"],
        "card": "LC-9",
        "login": "u-victim",
    }
    assert not Tombstones(key, frozenset(digests)).cover_row(CRM, row)
    before = len(site.everything()["timeline"])
    site.send(site.signed("u-victim", traits=victim, context={"externalIds": ids}))
    site.server({"type": "track", "event": "Seen", "userId": "u-victim", "traits": victim})
    assert len(site.everything()["timeline"]) == before + 2, "the victim is served as ever"


@pytest.mark.usefixtures("buried")
def test_a_refused_message_of_a_server_is_not_lost_because_of_the_browser_that_it_names(site: Site) -> None:
    said = {"type": "nothing of the spec", "userId": "u-bob", "anonymousId": "her-browser-1"}
    for key, kept in ((site.keys.browser, 0), (site.keys.server, 1)):
        site.send(said, key=key)
        with site.engine.connect() as connection:
            assert len(connection.execute(select(inbox_quarantine)).all()) == kept


@pytest.mark.usefixtures("buried")
def test_the_officer_reads_what_was_left_out_by_channel_and_count_and_nothing_of_whom(site: Site) -> None:
    site.send({"type": "identify", "userId": "u-bob", "traits": {"email": MAILS[0]}})
    rights = {"Purpose": "privacy_rights", "Case-Reference": "case-1"}
    path = f"/v1/audit/left-out?since={NOW.date()}"
    told = site.ask(path, role=Role.PRIVACY_OFFICER, **rights)
    assert told.json() == {"left_out": [{"channel": DEMO_SOURCE, "day": str(NOW.date()), "rows": 1}]}
    assert site.ask(path, role=Role.ADVISOR, **rights).status_code == 403
