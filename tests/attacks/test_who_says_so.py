"""Who says so: a claim is not a proof.

With the public key of a web site anyone may say anything of anyone. It stays with whoever said it.
"""

import json
from typing import Any

import pytest

from consent.model import Role
from contracts.events import CALLS
from contracts.sources import DEMO_SOURCE
from tests.attacks.claims import EXTERNAL, VICTIM, WAYS
from tests.attacks.site import ANNA, BROWSER_OF_ANNA, LUC, ZOE, Site, new_records, unchanged
from tests.profile_api.people import NOW


@pytest.fixture(params=WAYS)
def said(request: pytest.FixtureRequest, site: Site) -> list[dict[str, Any]]:
    """One of the ways, at a site whose victim has signed in from a browser."""
    site.send({"type": "page", "anonymousId": BROWSER_OF_ANNA})
    site.send(site.signed(ANNA["user_id"], anonymousId=BROWSER_OF_ANNA))
    return WAYS[request.param]


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


def test_an_agent_claims_too_by_a_browsers_key_and_is_told_nothing_by_a_claim(site: Site) -> None:
    before = site.everything()
    message = {"type": "identify", "userId": ANNA["user_id"], "anonymousId": "b-7", "traits": VICTIM}
    said = agent(site, "record_event", message=message | {"context": {"externalIds": EXTERNAL}})
    site.project()
    assert '"accepted":1' in said.replace(" ", "").replace("\\", "")
    unchanged(site, before)
    planted = {"type": "identify", "anonymousId": "b-8", "traits": {"email": "mallory@post.example"}}
    agent(site, "record_event", message=planted)
    site.project()
    for tool in ("lookup_customer", "get_context"):
        asked = agent(site, tool, kind="email", value="mallory@post.example", purpose="service")
        assert "profile-not-found" in asked
        assert "p_" in agent(site, tool, kind="email", value=ANNA["email"], purpose="service")


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


def agent(site: Site, tool: str, **arguments: Any) -> str:
    """What an agent with a browser's key is answered."""
    headers = {
        "Authorization": f"Bearer {site.issuer.token(Role.BOT, NOW)}",
        "Write-Key": site.keys.browser,
        "Accept": "application/json, text/event-stream",
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    return site.client.post("/mcp/", json=body, headers=headers).text
