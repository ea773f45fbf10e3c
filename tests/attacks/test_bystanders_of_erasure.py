"""Attacks on "Erasure": what somebody else claimed makes no visitor the erased person's, before or after."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from contracts.live_keys import later_visitor_key, visitor_key
from erasure.scan_targets import tables
from tests.attacks.erasing import EARLIER, erase, rows
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import accept, events_of, owner, project_all, signed

KEY = b"key"
ZED: dict[str, Any] = {
    "type": "identify",
    "userId": "u-183264753",
    "traits": {"email": "zed.quincour@inbox.example", "phone": "+33612345098", "lastName": "Quincour"},
    "context": {"externalIds": [{"type": "loyalty_card", "id": "9250569525106"}]},
}
CLAIMS: dict[str, dict[str, Any]] = {
    "a user id": {"type": "identify", "userId": "u-183264753"},
    "a user id of a page": {"type": "page", "userId": "u-183264753", "name": "Home"},
    "an alias": {"type": "alias", "userId": "u-183264753", "previousId": "victim-browser"},
    "an alias from it": {"type": "alias", "userId": "other", "previousId": "u-183264753"},
    "an address": {"type": "identify", "traits": {"email": "ZED.Quincour@inbox.example", "lastName": "Quincour"}},
    "a number": {"type": "identify", "traits": {"phone": "06 12 34 50 98"}},
    "a card": {"type": "page", "context": {"externalIds": [{"type": "loyalty_card", "id": "9250569525106"}]}},
    "a group": {"type": "group", "groupId": "9250569525106"},
    "free text": {"type": "page", "name": "carte 9250569525106 svp"},
    "a property": {"event": "Seen", "properties": {"note": "for zed.quincour@inbox.example"}},
}
OWN = [
    {"type": "identify", "traits": {"email": "v@inbox.example", "firstName": "Vera"}},
    {"type": "page", "name": "Shoes"},
]
VISITOR = f"app:{visitor_key('victim-browser')}"


def kept_of(engine: Engine) -> str:
    found = [content.decode().lower() for name, content in tables(engine) if name != "public.tombstones"]
    return "\n".join(found)


def seen_by(engine: Engine, record_id: str) -> list[str]:
    return sorted(row["event_id"] for row in rows(engine, "timeline").values() if row["record_id"] == record_id)


@pytest.fixture
def zed(engine: Engine) -> None:
    accept(engine, EARLIER - timedelta(hours=1), ZED)
    for said in OWN:
        accept(engine, EARLIER - timedelta(minutes=30), {"anonymousId": "victim-browser"} | said, server=False)
    project_all(engine, EARLIER)


@pytest.mark.usefixtures("zed")
@pytest.mark.parametrize("claim", CLAIMS)
def test_who_claims_the_erased_person_in_anothers_browser_takes_nothing_from_it(engine: Engine, claim: str) -> None:
    profile, before = owner(engine, VISITOR), seen_by(engine, VISITOR)
    accept(engine, EARLIER, {"anonymousId": "victim-browser"} | CLAIMS[claim], server=False)
    project_all(engine, EARLIER)
    assert len(seen_by(engine, VISITOR)) == 3
    subject = erase(engine, "app:u-183264753", KEY)
    assert subject.records == {"app:u-183264753"} and VISITOR not in str(subject.identifiers)
    assert owner(engine, VISITOR) == profile and seen_by(engine, VISITOR) == before
    kept = kept_of(engine)
    assert not [one for one in ("quincour", "183264753", "9250569525106", "612345098", "06 12 34") if one in kept]
    document = next(row["document"] for row in rows(engine, "records").values() if row["record_id"] == VISITOR)
    said = {one["name"]: one["value"] for one in document["claims"]}
    if "traits" not in CLAIMS[claim]:
        assert said["email"] == "v@inbox.example"
    assert said["given_name"] == "Vera"
    # From then on it is a browser like any other, which is not believed about them.
    accept(engine, NOW, {"anonymousId": "victim-browser", "type": "page"}, server=False, key=KEY)
    accept(engine, NOW, {"anonymousId": "victim-browser"} | CLAIMS[claim], server=False, key=KEY)
    project_all(engine, NOW, key=KEY)
    assert len(seen_by(engine, VISITOR)) == len(before) + 1


@pytest.mark.usefixtures("zed")
@pytest.mark.parametrize("claim", CLAIMS)
def test_the_browser_of_a_proven_customer_stays_the_customers(engine: Engine, claim: str) -> None:
    said = {"anonymousId": "victim-browser"} | CLAIMS[claim]
    accept(engine, EARLIER, said, server=False)
    accept(engine, EARLIER, signed("vera", type="identify", anonymousId="victim-browser"), server=False)
    accept(engine, EARLIER, said, server=False)  # of the browser's later record now
    accept(engine, EARLIER, {"anonymousId": "victim-browser", "type": "page"}, server=False)
    project_all(engine, EARLIER)
    later = f"app:{later_visitor_key('victim-browser')}"
    own, visits = seen_by(engine, "app:vera"), len(seen_by(engine, VISITOR))
    subject = erase(engine, "app:u-183264753", KEY)
    assert subject.records == {"app:u-183264753"}
    assert seen_by(engine, "app:vera") == own and len(seen_by(engine, VISITOR)) == visits - 1
    assert len(seen_by(engine, later)) == 1
    assert owner(engine, "app:vera") == owner(engine, VISITOR)
    assert len(events_of(engine, owner(engine, "app:vera"))) == len(own) + visits - 1
    accept(engine, NOW, signed("vera", type="page", anonymousId="victim-browser"), server=False, key=KEY)
    accept(engine, NOW, {"anonymousId": "victim-browser", "type": "page"}, server=False, key=KEY)
    project_all(engine, NOW, key=KEY)
    assert len(seen_by(engine, "app:vera")) == len(own) + 1 and len(seen_by(engine, later)) == 2


@pytest.mark.usefixtures("zed")
def test_a_visitor_who_is_called_like_the_erased_person_goes_whole(engine: Engine) -> None:
    for name in ("zed.quincour@inbox.example", "of:ZED.quincour@inbox.example", "9250569525106", "0612345098"):
        accept(engine, EARLIER, {"anonymousId": name, "type": "page", "name": f"{name} was here"}, server=False)
    accept(engine, EARLIER, {"userId": "u-183264753", "type": "page"}, server=False)
    project_all(engine, EARLIER)
    erase(engine, "app:u-183264753", KEY)
    assert {row["record_id"] for row in rows(engine, "live_records").values()} == {VISITOR}
    kept = kept_of(engine)
    assert not [one for one in ("quincour", "9250569525106", "612345098") if one in kept]


@pytest.mark.usefixtures("zed")
def test_however_much_a_browser_says_of_them_the_erasure_ends(engine: Engine) -> None:
    said = {"type": "page", "anonymousId": "b", "name": "zed.quincour@inbox.example"}
    flood = text(
        "INSERT INTO inbox (source, message_id, record_id, received_at, item, gpc, proof, sequence) SELECT 'app',"
        " 'flood' || n, :visitor, now(), CAST(:said AS jsonb), false, 'none', n FROM generate_series(1, 70000) n"
    )
    with engine.begin() as connection:
        connection.execute(flood, {"visitor": VISITOR, "said": json.dumps(said)})
    erase(engine, "app:u-183264753", KEY)
    assert "quincour" not in kept_of(engine)
