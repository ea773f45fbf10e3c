"""Who says so: what proves something, what goes along with it, and who may decide."""

import io
import json
import zipfile

from fastapi.testclient import TestClient
from sqlalchemy import select, text

from consent.model import LegalBasis, Role
from consent.purposes import published_purposes
from contracts.sources import DEMO_SOURCE
from erasure.scan_targets import tables
from read_model.live.erased import Guard
from read_model.live.replay import replay
from stores.schema import inbox, inbox_quarantine
from tests.attacks.claims import VICTIM
from tests.attacks.site import ANNA, ZOE, Site, events_on, unchanged
from tests.profile_api.people import NOW


def test_a_visitors_own_events_stay_his_and_go_along_once_his_login_is_signed(site: Site) -> None:
    site.send({"type": "track", "event": "Cart Viewed", "anonymousId": "b-7"})
    (visitor,) = site.claimants()
    site.send({"type": "identify", "userId": "mia", "anonymousId": "b-7"})
    assert site.claimants() == [visitor] and site.of_user("mia") is None
    site.send(site.signed("mia", anonymousId="b-7"))
    mia = site.of_user("mia")
    assert events_on(site, mia) == ["cart_viewed", "identify", "identify"]
    assert site.ask(f"/v1/profiles/{visitor}", role=Role.ADVISOR).json()["profile_id"] == mia


def test_a_visitors_own_events_go_along_with_a_servers_word_for_the_same_browser(site: Site) -> None:
    site.send({"type": "track", "event": "Cart Viewed", "anonymousId": "b-7"})
    site.server({"type": "identify", "anonymousId": "b-7", "traits": {"email": ZOE["email"], "firstName": "Zoé"}})
    assert "cart_viewed" in events_on(site, site.owner("crm:6"))


def test_what_a_browser_says_after_its_visitor_became_somebodys_is_nobodys(site: Site) -> None:
    site.send({"type": "page", "anonymousId": "b-7"})
    site.send(site.signed("mia", anonymousId="b-7"))
    mia = site.of_user("mia")
    before = site.everything()
    site.send({"type": "track", "event": "Order Completed", "anonymousId": "b-7", "traits": VICTIM})
    unchanged(site, before)
    assert events_on(site, mia) == ["identify", "page"]
    site.send(site.signed("mia", anonymousId="b-7", type="page"))
    assert "order" not in events_on(site, mia)


def test_a_browser_that_a_steward_joined_with_a_person_says_no_more_of_them(site: Site) -> None:
    site.send({"type": "page", "anonymousId": "b-7"})
    record = next(key for key in site.everything()["live_records"] if "visitor-" in key)
    ids = {"left": json.loads(record)[0], "right": "crm:6"}
    body = ids | {"kind": "same", "reason": "She showed us."}
    more = {"Purpose": "identity_resolution"}
    answer = site.ask("/v1/identity/overrides", body, role=Role.STEWARD, **more)
    assert answer.status_code == 200, answer.text
    zoe = site.owner("crm:6")
    assert events_on(site, zoe) == ["page"]
    before = site.everything()
    site.send({"type": "track", "event": "Order Completed", "anonymousId": "b-7"})
    unchanged(site, before)


def test_nobody_takes_a_visitor_along_of_whom_a_server_said_who_it_is(site: Site) -> None:
    site.server(
        {"type": "track", "event": "Message", "anonymousId": "talk-7", "context": {"traits": {"email": ZOE["email"]}}}
    )
    zoe = site.owner("crm:6")
    assert events_on(site, zoe) == ["message"]
    before = site.everything()
    site.send(site.signed("mallory", anonymousId="talk-7"))
    site.send(site.signed("mallory", type="alias", previousId="talk-7"))
    site.send({"type": "track", "event": "Order Completed", "anonymousId": "talk-7"})
    unchanged(site, before)
    assert site.of_user("mallory") != zoe


def test_a_claim_becomes_known_when_a_server_says_the_same(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"email": ZOE["email"], "firstName": "Zoé"}})
    (visitor,) = site.claimants()
    assert visitor != site.owner("crm:6")
    opted_in = {
        "type": "identify",
        "anonymousId": "b-7",
        "traits": {"email": ZOE["email"]},
        "context": {"verified": ["email"]},
    }
    site.server(opted_in)
    zoe = site.owner("crm:6")
    assert site.claimants() == [zoe]
    email = next(field for field in site.documents(str(zoe))["fields"] if field["field"] == "email")
    assert email["value"] == ZOE["email"]


def test_a_double_opt_in_that_a_server_tells_is_verified(site: Site) -> None:
    site.server(
        {
            "type": "identify",
            "userId": "mia",
            "traits": {"email": "mia@post.example", "phone": "+33612345678"},
            "context": {"verified": ["email", "nonsense"]},
        }
    )
    fields = {field["field"]: field["assurance"] for field in site.documents(str(site.of_user("mia")))["fields"]}
    assert fields == {"email": "verified", "phone": "source"}


def test_a_wrong_signature_refuses_the_message_and_says_why(site: Site) -> None:
    before = site.everything()
    good = site.signed(ANNA["user_id"])["context"]["userHash"]
    for user, signature in (
        ("mallory", good),
        (ANNA["user_id"], "0" * 64),
        (ANNA["user_id"], ""),
        (ANNA["user_id"], 7),
        (ANNA["user_id"], [good]),
        (ANNA["user_id"], "é" * 32),
    ):
        answer = site.send({"type": "identify", "userId": user, "context": {"userHash": signature}})
        assert answer.status_code == 422
        assert "context.userHash: expected the HMAC-SHA256 of userId" in answer.text and good not in answer.text
    assert site.everything() == before
    assert replay(site.engine, Guard(None, site.sources), NOW)["accepted"] == 0
    answer = site.send(
        site.signed(ANNA["user_id"], type="page", traits={}),
        {"type": "page", "userId": "u", "context": {"userHash": good}},
    )
    assert answer.status_code == 207


def test_what_was_refused_is_read_again_as_what_it_was_sent_as(site: Site) -> None:
    site.send(
        {
            "type": "identify",
            "userId": "mallory",
            "traits": {"email": ANNA["email"]},
            "timestamp": "2999-01-01T00:00:00Z",
        }
    )
    before = site.everything()
    later = NOW.replace(year=2999)
    replayed = replay(site.engine, Guard(None, site.sources), later)
    site.project()
    assert replayed["quarantined"] + replayed["accepted"] == 1
    unchanged(site, before)


def test_a_signature_is_kept_nowhere_not_even_of_a_message_that_is_refused(site: Site) -> None:
    message = site.signed("mia", anonymousId="b-7")
    wrong = {"type": "track", "event": "Seen", "timestamp": "yesterday"}
    site.send(message)
    site.send(message | wrong)
    site.send(message | wrong | {"userId": "mallory"})
    site.send(message | {"type": "nothing of the spec", "event": "\ud83d"})
    kept = b"".join(content for _, content in tables(site.engine))
    assert message["context"]["userHash"].encode() not in kept and b"userHash" in kept


def test_a_refused_message_is_read_again_by_the_proof_it_came_with(site: Site) -> None:
    for user, message in {"mia": site.signed("mia"), "noa": site.signed("mia") | {"userId": "noa"}}.items():
        site.send({**message, "type": "track", "event": "Seen", "timestamp": "yesterday", "messageId": f"late-{user}"})
    with site.engine.begin() as connection:
        assert connection.execute(select(inbox_quarantine.c.is_signed)).scalars().all() == [True, False]
        corrected = "convert_to(replace(convert_from(raw, 'UTF8'), 'yesterday', :at), 'UTF8')"
        connection.execute(text(f"UPDATE inbox_quarantine SET raw = {corrected}"), {"at": NOW.isoformat()})
    assert replay(site.engine, Guard(None, site.sources), NOW) == {
        "accepted": 1,
        "duplicate": 0,
        "quarantined": 1,
        "erased": 0,
    }
    with site.engine.connect() as connection:
        proofs = (
            connection.execute(select(inbox.c.proof).where(inbox.c.record_id == f"{DEMO_SOURCE}:mia")).scalars().all()
        )
    assert proofs == ["signature"]


def test_an_unproven_message_never_swallows_a_proven_one_of_the_same_id(site: Site) -> None:
    refusal = {"consent": {"categoryPreferences": {"marketing_email": False}}}
    for said in ({"userId": "mia"}, {"anonymousId": "b-7"}, {"userId": "mia", "anonymousId": "b-7"}):
        site.send({"type": "page", "messageId": "guess-1"} | said)
    site.send(site.signed("mallory", type="page", messageId="guess-1"))
    first = site.send(site.signed("mia", type="track", event="Signed Out", messageId="guess-1", context=refusal))
    second = site.server({"type": "track", "event": "Order Completed", "messageId": "guess-1", "userId": "mia"})
    assert (first.json()["accepted"], second.json()["accepted"]) == (1, 1)
    assert events_on(site, site.of_user("mia")) == ["order", "signed_out"]
    assert ("user_id", "mia", "marketing_email", "ConsentRefused") in site.decided()
    again = site.send(site.signed("mia", type="track", event="Signed Out", messageId="guess-1", context=refusal))
    assert (again.json()["accepted"], again.json()["duplicates"]) == (0, 1)


def test_a_user_id_that_looks_like_a_visitors_key_is_a_user_all_the_same(site: Site) -> None:
    site.send({"type": "page", "anonymousId": "b-7"})
    (visitor,) = site.claimants()
    key = json.loads(next(one for one in site.everything()["live_records"] if "visitor-" in one))[0].partition(":")[2]
    before = site.everything()
    for user in (key, key.upper()):
        site.send({"type": "identify", "userId": user, "traits": VICTIM})
        site.send(site.signed(user, traits=VICTIM))
        site.server({"type": "alias", "userId": "mallory", "previousId": user})
    unchanged(site, before)
    assert events_on(site, visitor) == ["page"]


def test_a_browser_gives_no_yes_and_refuses_for_itself_alone(site: Site) -> None:
    everything = {purpose: True for purpose in published_purposes()}
    for said in (
        {"userId": ANNA["user_id"]},
        {"userId": ANNA["user_id"], "anonymousId": "b-7"},
        {"anonymousId": "b-7"},
    ):
        site.send({"type": "page", "context": {"consent": {"categoryPreferences": everything}}} | said)
    assert site.decided() == []
    nothing = dict.fromkeys(everything, False)
    site.send(
        {"type": "page", "userId": ANNA["user_id"], "context": {"consent": {"categoryPreferences": nothing}}}, gpc=True
    )
    assert site.decided() == [], "it has no browser of its own to refuse for"
    site.send(
        {
            "type": "page",
            "userId": ANNA["user_id"],
            "anonymousId": "b-7",
            "context": {"consent": {"categoryPreferences": nothing}},
        },
        gpc=True,
    )
    decided = site.decided()
    assert {(kind, value, state) for kind, value, _, state in decided} == {
        ("visitor_id", f"{DEMO_SOURCE}:b-7", "ConsentRefused")
    }
    known = published_purposes()
    assert {purpose for _, _, purpose, _ in decided} == {
        one.id for one in known.values() if one.legal_basis is LegalBasis.CONSENT
    }


def test_what_global_privacy_control_objects_to_rests_on_consent() -> None:
    assert all(one.legal_basis is LegalBasis.CONSENT for one in published_purposes().values() if one.gpc)


def test_who_signed_in_says_yes_and_no(site: Site) -> None:
    for allowed in (True, False):
        at = str(NOW.replace(hour=1 if allowed else 2))
        preferences = {"consent": {"categoryPreferences": {"marketing_email": allowed}}}
        site.send(site.signed("mia", type="page", anonymousId="b-7", context=preferences, timestamp=at))
    assert [one for one in site.decided() if one[0] == "user_id"] == [
        ("user_id", "mia", "marketing_email", "ConsentGiven"),
        ("user_id", "mia", "marketing_email", "ConsentRefused"),
    ]


def test_a_signed_user_is_in_the_profile_at_once_and_is_found_by_it(site: Site) -> None:
    site.send(site.signed(ANNA["user_id"], type="track", event="Cart Viewed"))
    answer = site.finds("user_id", ANNA["user_id"])
    assert answer.status_code == 200 and answer.json()["profile_id"] == site.owner("crm:1")
    assert "cart_viewed" in events_on(site, site.owner("crm:1"))


def test_an_outsider_sends_nothing_without_a_key(site: Site, client: TestClient) -> None:
    assert site.send({"type": "page", "anonymousId": "b-7"}, key="wrong").status_code == 401
    assert site.send({"type": "page", "anonymousId": "b-7"}, key=site.keys.user_secret).status_code == 401


def test_a_person_gets_their_claims_as_claims(site: Site) -> None:
    site.send(site.signed("mia", anonymousId="b-7", traits={"firstName": "Mia", "email": "mia@post.example"}))
    mia = str(site.of_user("mia"))
    own = {"role": Role.CUSTOMER, "of": mia, "Purpose": "privacy_rights"}
    filed = site.ask("/v1/requests", {"kind": "access"}, **own).json()
    content = site.ask(f"/v1/requests/{filed['request_id']}/bundle", **own).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        records = json.loads(archive.read("records.json"))
        pages = archive.read("en.html").decode()
    (record,) = [one for one in records if one["record_id"] == f"{DEMO_SOURCE}:mia"]
    assert {(one["name"], one["value"]) for one in record["claims"]} == {
        ("given_name", "Mia"),
        ("email", "mia@post.example"),
    }
    assert "Said there, and not checked by us: E-mail" in pages
