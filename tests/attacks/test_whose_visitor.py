"""Who says so: a visitor that is already somebody's, by whatever way, goes along with nobody else who signs in."""

import json
from typing import Any

import pytest

from consent.model import Role
from contracts.identifiers import Identifier
from contracts.live_keys import visitor_key
from contracts.sources import DEMO_SOURCE
from tests.attacks.site import ZOE, Site, events_on
from tests.attacks.test_tokens_and_claims import opened

MALLORY = {"firstName": "Mallory", "lastName": "Vidal", "birthday": "1955-07-14"}
LOGINS = ["signed identify", "signed alias", "server identify", "server alias"]


def visitor(browser: str) -> str:
    return f"{DEMO_SOURCE}:{visitor_key(browser)}"


def bound(site: Site, browser: str) -> str | None:
    found: str | None = site.everything()["live_records"][json.dumps([visitor(browser)])]["payload"]["bound"]
    return found


def sign_in(site: Site, how: str, user: str, browser: str, **more: Any) -> dict[str, Any]:
    """A message by which a user signs in on a browser."""
    proof, _, call = how.partition(" ")
    said = {"type": call, **({"previousId": browser} if call == "alias" else {"anonymousId": browser}), **more}
    return site.signed(user, **said) if proof == "signed" else {"userId": user, **said}


def send(site: Site, how: str, *messages: dict[str, Any]) -> None:
    key = site.keys.server if how.startswith("server") else site.keys.browser
    assert site.send(*messages, key=key).status_code == 202


def steward_joins(site: Site, left: str, right: str) -> None:
    body = {"left": left, "right": right, "kind": "same", "reason": "She showed us."}
    answer = site.ask("/v1/identity/overrides", body, role=Role.STEWARD, Purpose="identity_resolution")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("how", LOGINS)
def test_who_signs_in_on_a_browser_that_a_steward_joined_with_a_person_is_a_person_of_their_own(
    site: Site, how: str
) -> None:
    site.send({"type": "page", "anonymousId": "b-7"})
    steward_joins(site, visitor("b-7"), "crm:6")
    zoe = str(site.owner("crm:6"))
    for _ in range(2):
        send(site, how, sign_in(site, how, "mallory", "b-7"))
    assert site.of_user("mallory") not in (None, zoe) and site.owner(visitor("b-7")) == site.owner("crm:6") == zoe
    assert events_on(site, zoe) == ["page"] and bound(site, "b-7") is None
    assert not opened(site, zoe, Identifier("user_id", "mallory"))
    assert not opened(site, zoe, Identifier("user_id", "mallory"), own=zoe)


@pytest.mark.parametrize("how", LOGINS)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("traits", [MALLORY, {}], ids=["another name and birthday", "no word of himself"])
def test_who_signs_in_where_a_server_knew_somebody_on_file_is_a_person_of_their_own(
    site: Site, how: str, at_once: bool, traits: dict[str, Any]
) -> None:
    known = {"type": "track", "event": "Message", "anonymousId": "talk-7"}
    known |= {"context": {"traits": {"email": ZOE["email"]}}}
    login = sign_in(site, how, "mallory", "talk-7", **({"traits": traits} if traits else {}))
    if at_once and how.startswith("server"):
        site.server(known, login, login | {"type": "page"})
    else:
        site.server(known)
        send(site, how, login)
    zoe = str(site.owner("crm:6"))
    assert site.of_user("mallory") not in (None, zoe) and site.owner(visitor("talk-7")) == zoe
    assert events_on(site, zoe) == ["message"] and bound(site, "talk-7") is None
    assert not opened(site, zoe, Identifier("user_id", "mallory"))


@pytest.mark.parametrize("at_once", [True, False])
def test_a_visitor_who_is_of_one_profile_with_the_user_goes_along_at_once_or_one_by_one(
    site: Site, at_once: bool
) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "identify", "userId": "u-zoe", "traits": {"email": ZOE["email"]}},
        {"type": "identify", "anonymousId": "talk-7", "traits": {"email": ZOE["email"]}},
        {"type": "identify", "userId": "u-zoe", "anonymousId": "talk-7"},
    ]
    for part in [messages] if at_once else [[one] for one in messages]:
        site.server(*part)
    assert site.of_user("u-zoe") == site.owner(visitor("talk-7")) == site.owner("crm:6")
    assert bound(site, "talk-7") == "u-zoe"


@pytest.mark.parametrize("at_once", [True, False])
def test_a_visitor_whom_a_server_knew_as_nobody_on_file_goes_along_by_a_servers_word(site: Site, at_once: bool) -> None:
    messages: list[dict[str, Any]] = [
        {"type": "identify", "anonymousId": "talk-7", "traits": {"email": "mia@post.example"}},
        {"type": "identify", "userId": "mia", "anonymousId": "talk-7"},
        {"type": "page", "userId": "mia", "anonymousId": "talk-7"},
    ]
    for part in [messages] if at_once else [[one] for one in messages]:
        site.server(*part)
    assert site.of_user("mia") == site.owner(visitor("talk-7")) and bound(site, "talk-7") == "mia"


def test_who_is_on_file_takes_their_own_browsers_along_and_stays_one_when_signing_in_again(site: Site) -> None:
    site.send({"type": "page", "anonymousId": "b-7"})
    site.send(site.signed("mia", anonymousId="b-7"))
    steward_joins(site, f"{DEMO_SOURCE}:mia", "crm:6")
    site.send({"type": "page", "anonymousId": "b-8"})
    for browser in ("b-7", "b-8", "b-7"):
        site.send(site.signed("mia", anonymousId=browser))
    zoe = site.owner("crm:6")
    assert {site.of_user("mia"), site.owner(visitor("b-7")), site.owner(visitor("b-8"))} == {zoe}
    assert events_on(site, zoe) == ["identify"] * 4 + ["page"] * 2


@pytest.mark.parametrize("how", LOGINS)
@pytest.mark.parametrize("call", ["identify", "track"])
def test_what_a_server_hears_later_from_a_browser_with_a_login_joins_that_login_with_nobody(
    site: Site, how: str, call: str
) -> None:
    send(site, how, sign_in(site, how, "mallory", "b-7"))
    said = {"email": ZOE["email"], "phone": "+33612009988"}
    newsletter = {"traits": said} if call == "identify" else {"event": "Signed Up", "context": {"traits": said}}
    proven = {"context": {"emailVerified": True, **newsletter.pop("context", {})}}
    site.server({"type": call, "anonymousId": "b-7", **newsletter, **proven})
    zoe = str(site.owner("crm:6"))
    assert site.of_user("mallory") not in (None, zoe)
    assert not opened(site, zoe, Identifier("user_id", "mallory"))
