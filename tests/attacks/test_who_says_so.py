"""Who says so: a claim is not a proof.

With the public key of a web site anyone may say anything of anyone. It stays with whoever said it.
"""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from consent.model import LegalBasis, Role
from consent.purposes import published_purposes
from contracts.events import CALLS
from contracts.sources import DEMO_SOURCE
from profile_api.live.replay import replay
from tests.attacks.site import ANNA, BROWSER_OF_ANNA, LUC, ZOE, Site
from tests.profile_api.people import NOW

VICTIM = {
    "email": ANNA["email"],
    "phone": ANNA["phone"],
    "firstName": "Mallory",
    "lastName": "Roux",
    "birthday": "1980-03-02",
    "address": {"street": "12 rue des Lilas", "city": "Paris"},
}
EXTERNAL = [{"type": kind, "id": value} for kind, value in (ANNA | LUC).items()]

# Every way in which a browser's message can name somebody; `b-7` is the browser that sends it.
WAYS: dict[str, list[dict[str, Any]]] = {
    "identify": [{"type": "identify", "anonymousId": "b-7", "traits": VICTIM}],
    "identify with a user id": [{"type": "identify", "userId": "mallory", "traits": VICTIM}],
    "the victim's user id": [{"type": "identify", "userId": ANNA["user_id"], "anonymousId": "b-7", "traits": VICTIM}],
    "the victim's user id alone": [{"type": "track", "event": "Order Completed", "userId": ANNA["user_id"]}],
    "another case of it": [{"type": "page", "userId": ANNA["user_id"].upper(), "anonymousId": "b-7"}],
    "context.traits": [{"type": "track", "event": "Seen", "anonymousId": "b-7", "context": {"traits": VICTIM}}],
    "context.externalIds": [{"type": "page", "anonymousId": "b-7", "context": {"externalIds": EXTERNAL}}],
    "screen": [{"type": "screen", "anonymousId": "b-7", "context": {"traits": VICTIM, "externalIds": EXTERNAL}}],
    "group": [{"type": "group", "anonymousId": "b-7", "groupId": "g", "traits": VICTIM, "context": {"traits": VICTIM}}],
    "alias": [{"type": "alias", "userId": "mallory", "previousId": ANNA["user_id"], "anonymousId": "b-7"}],
    "alias backwards": [{"type": "alias", "userId": ANNA["user_id"], "previousId": "b-7", "anonymousId": "b-7"}],
    "alias of a browser": [{"type": "alias", "userId": "mallory", "previousId": BROWSER_OF_ANNA}],
    "anonymousId": [{"type": "track", "event": "Seen", "anonymousId": one} for one in ANNA.values()],
    "the victim's browser": [{"type": "track", "event": "Order Completed", "anonymousId": BROWSER_OF_ANNA}],
    "the victim's browser, hidden": [{"type": "page", "anonymousId": BROWSER_OF_ANNA.upper() + "\u200b"}],
    "a number as userId": [{"type": "identify", "userId": 1, "traits": VICTIM}],
    "verified by its own word": [
        {"type": "identify", "anonymousId": "b-7", "traits": VICTIM, "context": {"verified": ["email", "phone"]}}
    ],
}


@pytest.fixture(params=WAYS)
def said(request: pytest.FixtureRequest, site: Site) -> list[dict[str, Any]]:
    """One of the ways, at a site whose victim has signed in from a browser."""
    site.send({"type": "page", "anonymousId": BROWSER_OF_ANNA})
    site.send(site.signed(ANNA["user_id"], anonymousId=BROWSER_OF_ANNA))
    return WAYS[request.param]


def unchanged(site: Site, before: dict[str, dict[str, Any]]) -> None:
    """Everything that was there is there as it was, and no identifier found its way to somebody new."""
    after = site.everything()
    for table, rows in before.items():
        assert {key: after[table].get(key) for key in rows} == rows, table
    held = {(row["kind"], row["value"]) for row in before["identifiers"].values()}
    new = {(row["kind"], row["value"]) for key, row in after["identifiers"].items() if key not in before["identifiers"]}
    assert not new & held and {kind for kind, _ in new} <= {"visitor_id", "user_id"}
    assert not after["redirects"].keys() - before["redirects"].keys()


def test_a_claimed_identifier_never_joins_a_profile_that_others_made(site: Site, said: list[dict[str, Any]]) -> None:
    before, victim = site.everything(), site.of_user(ANNA["user_id"])
    assert site.send(*said).status_code == 202
    unchanged(site, before)
    assert victim and victim not in {site.owner(one["record_id"]) for one in new_records(site, before)}


@pytest.mark.parametrize("path", ["/v1/events", "/v1/batch", "/v1/import", *(f"/v1/{call}" for call in CALLS)])
def test_whatever_the_route_a_claim_stays_a_claim(site: Site, path: str) -> None:
    before = site.everything()
    message = {"event": "e", "previousId": ANNA["user_id"], "groupId": "g", "userId": ANNA["user_id"], "traits": VICTIM}
    context = {"traits": VICTIM, "externalIds": EXTERNAL}
    assert site.send({"type": "identify"} | message | {"context": context}, path=path).status_code in (200, 202)
    unchanged(site, before)


def test_a_batchs_shared_context_claims_no_more_than_a_messages_own(site: Site) -> None:
    before = site.everything()
    site.send(
        {"type": "page", "anonymousId": "b-7"},
        {"type": "page", "userId": "mallory"},
        context={"traits": VICTIM, "externalIds": EXTERNAL, "verified": ["email"]},
    )
    unchanged(site, before)


def test_an_agent_that_records_an_event_with_a_browsers_key_claims_too(site: Site) -> None:
    assert site.sources.of_key(site.keys.browser) is not None
    sender = site.sources.of_key(site.keys.browser)
    assert sender is not None and not sender.is_server


@pytest.mark.parametrize("kind", [*ANNA, "national_id"])
@pytest.mark.parametrize("path", ["/v1/profiles/lookup", "/v1/bot/context"])
def test_a_claim_never_finds_anybody_nor_makes_a_customer_hard_to_find(site: Site, kind: str, path: str) -> None:
    value = {**LUC, **ANNA}[kind]
    before = site.finds(kind, value, path)
    for said in WAYS.values():
        site.send(*said)
    after = site.finds(kind, value, path)
    assert (after.status_code, after.json()) == (before.status_code, before.json())
    assert site.finds("email", "mallory@post.example", path).status_code == 404
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"email": "mallory@post.example"}})
    assert site.finds("email", "mallory@post.example", path).status_code == 404


def test_a_planted_phone_verifies_no_caller(site: Site) -> None:
    body = {
        "call": "call-0001",
        "region": "FR",
        "heard": {"phone": ["01 99 00 09 99"], "given_name": ["Zoé"], "family_name": ["Martin"]},
    }
    before = site.ask("/v1/identity/identify", body).json()
    site.send(
        {
            "type": "identify",
            "userId": "mallory",
            "anonymousId": "b-7",
            "traits": {"phone": "+33199000999", "email": ZOE["email"], "firstName": "Zoé", "lastName": "Martin"},
        }
    )
    after = site.ask("/v1/identity/identify", body).json()
    assert not after["verified"] and after["profile_id"] is None
    assert after == before


def test_a_customers_token_reads_what_its_issuer_bound_it_to_and_nothing_that_was_claimed(site: Site) -> None:
    site.send(site.signed("mallory", anonymousId="b-7"))
    own = site.of_user("mallory")
    assert own
    before = site.ask(f"/v1/profiles/{own}", role=Role.CUSTOMER, of=own).json()["data"]
    for said in WAYS.values():
        site.send(*said)
    site.send(site.signed("mallory", anonymousId="b-7", traits=VICTIM, context={"externalIds": EXTERNAL}))
    answer = site.ask(f"/v1/profiles/{own}", role=Role.CUSTOMER, of=own)
    assert answer.status_code == 200
    fields = answer.json()["data"]["fields"]
    assert {field["assurance"] for field in fields.values()} == {"claimed"}
    assert answer.json()["data"]["identifiers"] == before["identifiers"]
    for value in (LUC["national_id"], "crm:"):
        assert value not in answer.text
    victim = site.of_user(ANNA["user_id"])
    assert site.ask(f"/v1/profiles/{victim}", role=Role.CUSTOMER, of=own).status_code == 404


def test_who_signed_in_can_not_join_a_victim_by_what_he_types(site: Site) -> None:
    site.send({"type": "page", "anonymousId": BROWSER_OF_ANNA})
    site.send(site.signed(ANNA["user_id"], anonymousId=BROWSER_OF_ANNA))
    before = site.everything()
    for said in WAYS.values():
        for one in said:
            more = {name: value for name, value in one.items() if name not in ("userId", "context")}
            site.send(site.signed("mallory", **more, context=one.get("context", {})))
    unchanged(site, before)
    assert site.of_user("mallory") != site.of_user(ANNA["user_id"])


def test_a_claim_never_counts_against_an_identifiers_cap(site: Site) -> None:
    for number, name in enumerate(("Bea", "Cid", "Dan", "Eve", "Fay")):
        site.send(
            {
                "type": "identify",
                "anonymousId": f"x{number}",
                "traits": {"email": ZOE["email"], "phone": ANNA["phone"], "firstName": name},
            }
        )
    site.server({"type": "identify", "userId": "u-zoe", "traits": {"email": ZOE["email"], "firstName": "Zoé"}})
    assert site.of_user("u-zoe") == site.owner("crm:6")


def test_a_claim_fills_a_field_of_which_nobody_knows_anything_and_says_that_it_is_one(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"firstName": "Mia", "email": "mia@post.example"}})
    (visitor,) = site.claimants()
    document = site.documents(visitor)
    shown = {field["field"]: (field["value"], field["assurance"]) for field in document["fields"]}
    assert shown == {"given_name": ("Mia", "claimed"), "email": ("mia@post.example", "claimed")}
    assert [one["kind"] for one in document["identifiers"]] == ["visitor_id"]


def test_a_claim_never_wins_over_what_is_known_nor_stands_beside_it(site: Site) -> None:
    claims = {"firstName": "Mallory", "email": "mallory@post.example", "gender": "other"}
    site.send({"type": "identify", "anonymousId": "b-7", "traits": claims})
    site.send(site.signed(ANNA["user_id"], anonymousId="b-7", traits=claims))
    document = site.documents(str(site.of_user(ANNA["user_id"])))
    fields = {field["field"]: field for field in document["fields"]}
    assert fields["gender"]["assurance"] == "claimed", "nobody else says anything of it"
    for field in fields.values():
        assert field["field"] == "gender" or field["assurance"] != "claimed"
        assert not any("allory" in one["value"] for one in [field, *field["losing"]])
    assert "mallory" not in json.dumps(document["identifiers"]).lower()


def test_a_bot_is_told_nothing_that_is_only_claimed(site: Site) -> None:
    site.send({"type": "identify", "anonymousId": "b-7", "traits": {"firstName": "Mia", "email": "mia@post.example"}})
    answer = site.finds("visitor_id", f"{DEMO_SOURCE}:b-7", "/v1/bot/context")
    assert answer.status_code == 200
    assert answer.json()["data"]["fields"] == {} and "mia" not in answer.text.lower()


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
    assert replay(site.engine, site.sources, NOW)["accepted"] == 0
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
    replayed = replay(site.engine, site.sources, later)
    site.project()
    assert replayed["quarantined"] + replayed["accepted"] == 1
    unchanged(site, before)


def test_a_signature_is_kept_nowhere(site: Site) -> None:
    message = site.signed("mia", anonymousId="b-7")
    site.send(message)
    with site.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT string_agg(item::text || proof, ' ') FROM inbox").scalar_one()
    assert message["context"]["userHash"] not in kept and "signature" in kept


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
    again = site.send(site.signed("mia", type="track", event="Signed Out", messageId="guess-1"))
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


def events_on(site: Site, profile_id: str | None) -> list[str]:
    rows = site.everything()["timeline"].values()
    return sorted(row["document"]["type"] for row in rows if row["profile_id"] == profile_id)


def new_records(site: Site, before: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for key, row in site.everything()["records"].items() if key not in before["records"]]
