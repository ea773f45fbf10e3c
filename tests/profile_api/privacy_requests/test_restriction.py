"""Restricted data is kept and not used, for whoever holds one of the records, until the restriction is lifted."""

from fastapi.testclient import TestClient

from consent.model import Role
from consent.purposes import published_purposes
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, BEN


def test_a_restricted_person_is_kept_and_not_used_until_it_is_lifted(client: TestClient, headers: Headers) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    filed = client.post("/v1/requests", json={"kind": "restriction", "profile_id": ANA}, headers=officer).json()
    path = f"/v1/requests/{filed['request_id']}"
    assert client.get(f"/v1/profiles/{ANA}", headers=headers()).json()["data"]["fields"], "not before the check"
    client.post(f"{path}/steps", json={"step": "check_identity", "note": "called back"}, headers=officer)
    for purpose in ("service", "advice"):
        kept = client.get(f"/v1/profiles/{ANA}", headers=headers(purpose=purpose)).json()
        assert (kept["data"]["fields"], kept["decision"]["policy"]) == ({}, "restricted")
    seen = client.get(f"/v1/profiles/{ANA}", headers=officer).json()
    assert seen["data"]["fields"] and not any(one["permits"] for one in seen["consent"].values())
    mine = headers(Role.CUSTOMER, profile_id=ANA)
    yes = {"purpose": "analytics", "notice_version": str(published_purposes()["analytics"].notice_version)}
    given = client.post(f"/v1/profiles/{ANA}/consents/give", json=yes, headers=mine).json()
    assert (given["state"], given["permits"]) == ("ConsentGiven", False), "it is kept, for when it is lifted"
    assert client.get(f"/v1/profiles/{BEN}", headers=headers()).json()["data"]["fields"]
    assert client.post(f"{path}/lift", json={"note": "told"}, headers=officer).json()["steps"][-1]["step"] == "lift"
    assert client.get(f"/v1/profiles/{ANA}", headers=headers()).json()["data"]["fields"]
    assert client.post(f"{path}/lift", json={"note": "told"}, headers=officer).status_code == 409
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    assert client.post(f"{path}/lift", json={"note": "told"}, headers=mine).status_code == 403
