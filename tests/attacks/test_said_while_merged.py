"""What a customer says while joined with somebody else by mistake is theirs alone once that is undone."""

from typing import Any

import pytest

from consent.model import Role
from consent.purposes import published_purposes
from contracts.identifiers import Identifier
from contracts.sources import DEMO_SOURCE
from tests.attacks.site import Site
from tests.profile_api.people import NOW

ALMA, BERT = Identifier("user_id", "alma"), Identifier("user_id", "bert")
ALMAS_MAIL = "alma@mail.example"


def as_customer(site: Site, who: Identifier, path: str, body: Any = None, purpose: str = "service") -> Any:
    token = site.issuer.token(Role.CUSTOMER, NOW, None, who)
    sent = {"Authorization": f"Bearer {token}", "Purpose": purpose}
    answer = site.client.request("GET" if body is None else "POST", path, json=body, headers=sent)
    assert answer.is_success, answer.text
    return answer.json()


def steward(site: Site, path: str, body: dict[str, Any]) -> Any:
    answer = site.ask(path, body, role=Role.STEWARD, Purpose="identity_resolution")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def joined(site: Site) -> tuple[Site, str]:
    """Two customers whom a steward took for one, and the decision."""
    for who, name in ((ALMA, "Alma"), (BERT, "Bert")):
        mail = f"{who.value}@mail.example"
        site.server({"type": "identify", "userId": who.value, "traits": {"email": mail, "firstName": name}})
    pair = {"left": f"{DEMO_SOURCE}:alma", "right": f"{DEMO_SOURCE}:bert", "kind": "same", "reason": "a mistake"}
    decision = steward(site, "/v1/identity/overrides", pair)["decision_id"]
    assert site.of_user("alma") == site.of_user("bert")
    return site, decision


def part(site: Site, decision: str) -> tuple[str, str]:
    steward(site, f"/v1/identity/decisions/{decision}/undo", {"reason": "two people"})
    alma, bert = site.of_user("alma"), site.of_user("bert")
    assert alma and bert and alma != bert
    return alma, bert


def decided(site: Site, who: Identifier, of: str, purpose: str) -> bool:
    found = as_customer(site, who, f"/v1/profiles/{of}/consents")["consent"].get(purpose)
    return found is not None and found["state"] != "ConsentUnknown"


@pytest.mark.parametrize(
    ("choice", "purpose"), [("give", "analytics"), ("give", "marketing_email"), ("refuse", "advice")]
)
def test_a_choice_binds_nobody_else_once_they_are_parted(joined: tuple[Site, str], choice: str, purpose: str) -> None:
    site, decision = joined
    both = site.of_user("alma")
    form = {"purpose": purpose}
    if choice == "give":
        form["notice_version"] = str(published_purposes()[purpose].notice_version)
    as_customer(site, ALMA, f"/v1/profiles/{both}/consents/{choice}", form)
    filed = {(kind, value) for kind, value, *_ in site.decided()}
    assert filed == {("user_id", "alma"), ("email", ALMAS_MAIL)}
    alma, bert = part(site, decision)
    assert decided(site, ALMA, alma, purpose) and not decided(site, BERT, bert, purpose)


def test_a_restriction_and_an_objection_end_for_the_other_when_they_are_parted(joined: tuple[Site, str]) -> None:
    site, decision = joined
    for form in ({"kind": "objection", "purposes": ["identity_resolution"]}, {"kind": "restriction"}):
        as_customer(site, ALMA, "/v1/requests", form, "privacy_rights")
    both = site.of_user("alma")
    assert site.ask(f"/v1/profiles/{both}", role=Role.ADVISOR).json()["data"]["fields"] == {}, "while they are one"
    alma, bert = part(site, decision)
    assert {value for _, value, *_ in site.decided()} == {"alma", ALMAS_MAIL}
    assert "given_name" in site.ask(f"/v1/profiles/{bert}", role=Role.ADVISOR).json()["data"]["fields"]
    assert site.ask(f"/v1/profiles/{alma}", role=Role.ADVISOR).json()["data"]["fields"] == {}


def test_a_wish_and_a_conversation_go_with_whose_they_are(joined: tuple[Site, str]) -> None:
    site, decision = joined
    both = site.of_user("alma")
    as_customer(site, ALMA, f"/v1/profiles/{both}/dial", {"position": 5, "channel": "chat"})
    asks = {"request_key": "k", "conversation_id": "c", "channel": "chat", "why": "asked"}
    there = {"kind": "email", "value": ALMAS_MAIL}
    as_customer(site, ALMA, f"/v1/profiles/{both}/handoffs", asks | {"contact_point": there})
    alma, bert = part(site, decision)
    for who, of, position, waiting in ((ALMA, alma, 5, 1), (BERT, bert, None, 0)):
        overall = as_customer(site, who, f"/v1/profiles/{of}/dial")["data"]["overall"]
        assert (overall and overall["position"]) == position
        assert len(as_customer(site, who, f"/v1/profiles/{of}/handoffs")["data"]["handoffs"]) == waiting


def test_staff_speak_for_the_whole_person(joined: tuple[Site, str]) -> None:
    site, _ = joined
    path = f"/v1/profiles/{site.of_user('alma')}/consents/refuse"
    assert site.ask(path, {"purpose": "advice"}, role=Role.ADVISOR).status_code == 201
    assert {value for _, value, *_ in site.decided()} >= {"alma", "bert"}
