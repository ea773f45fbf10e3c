"""Who says so: what a browser claims never opens anybody's data to a customer's token, however the token is bound."""

from typing import Any

import pytest

from consent.model import Role
from contracts.identifiers import Identifier
from tests.attacks.site import ANNA, ANNA_SAYS, ZOE, Site
from tests.profile_api.people import NOW

PATHS = ("", "/timeline", "/consents")


def reads(site: Site, profile_id: str, by: Identifier | None = None, own: str | None = None) -> list[Any]:
    sent = {"Authorization": f"Bearer {site.issuer.token(Role.CUSTOMER, NOW, own, by)}", "Purpose": "service"}
    return [site.client.get(f"/v1/profiles/{profile_id}{path}", headers=sent) for path in PATHS]


def opened(site: Site, profile_id: str, by: Identifier | None = None, own: str | None = None) -> bool:
    found = {answer.status_code for answer in reads(site, profile_id, by, own)}
    assert found in ({200}, {404})
    return found == {200}


@pytest.mark.parametrize("proven", [False, True])
def test_a_token_never_reads_what_its_bearer_only_claimed_to_be(site: Site, proven: bool) -> None:
    victim, mallory = site.owner("crm:6"), Identifier("user_id", "mallory")
    said = {"traits": {"email": ZOE["email"], "phone": "+33199000123", "firstName": "Zoé"}}
    said |= {"context": {"externalIds": [{"type": "customer_number", "id": "6"}]}}
    site.send(site.signed("mallory", **said) if proven else {"type": "identify", "userId": "mallory", **said})
    assert not opened(site, str(victim), mallory)
    assert not opened(site, str(victim), Identifier("user_id", "mallory"), own=str(victim))
    mine = site.of_user("mallory")
    assert (mine is not None) is proven
    if mine:
        assert opened(site, mine, mallory) and not opened(site, str(victim), own=mine)
        assert "1990-09-09" not in "".join(one.text for one in reads(site, mine, mallory))
    for claimed in site.claimants():
        assert not opened(site, str(victim), own=claimed)
        assert not opened(site, claimed, mallory), "not even the claim itself is opened by claiming"


def test_what_somebody_else_claims_takes_nobodys_token_away(site: Site) -> None:
    zoe, by = str(site.owner("crm:6")), Identifier("email", ZOE["email"])
    anna, user = str(site.owner("crm:1")), Identifier("user_id", ANNA["user_id"])
    assert opened(site, zoe, by) and opened(site, anna, user)
    for who in ({"userId": "mallory"}, {"anonymousId": "b-9"}, {"userId": ANNA["user_id"]}):
        site.send({"type": "identify", **who, "traits": {"email": ZOE["email"], **ANNA_SAYS}})
        site.send({"type": "identify", **who, "traits": {"email": ZOE["email"], "firstName": "Bob"}})
        site.send({"type": "alias", **who, "previousId": ANNA["user_id"]})
    site.send(site.signed("mallory", traits={"email": ZOE["email"]}))
    assert opened(site, zoe, by) and opened(site, anna, user)
