"""The law's list: whoever has no profile left is erased by a source's key or an identifier, and nobody else is."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from consent.model import Role
from stores.schema import records
from tests.attacks.test_law_intake import OFFICER, take
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL

UNHELD: dict[str, Any] = {
    "records": ["crm:C-70001", "shop:a:b"],
    "identifiers": [{"kind": "email", "value": "Gone@Inbox.example"}],
}


def match(client: TestClient, headers: Headers, kind: str = "erasure", **form: Any) -> Any:
    path = f"/v1/intakes/{take(client, headers, kind=kind)['intake_id']}/match"
    return client.post(path, json=form, headers=headers(*OFFICER))


def test_an_erasure_is_filed_by_keys_and_identifiers_and_goes_its_way(client: TestClient, headers: Headers) -> None:
    filed, officer = match(client, headers, **UNHELD), headers(*OFFICER)
    assert filed.status_code == 201, filed.text
    request = filed.json()
    assert (request["kind"], request["state"], request["records"]) == ("erasure", "received", UNHELD["records"])
    assert [one["value"] for one in request["identifiers"]] == ["gone@inbox.example"]
    path = f"/v1/requests/{request['request_id']}"
    for step, note in (("check_identity", "passport, seen"), ("start", None)):
        moved = client.post(f"{path}/steps", json={"step": step, "note": note}, headers=officer)
        assert moved.status_code == 200, moved.text
    assert moved.json()["state"] == "in_progress"
    assert client.get(f"{path}/letter?format=text", headers=officer).status_code == 200
    [due] = client.get("/v1/requests/due", headers=officer).json()["due"]
    assert (due["id"], due["next_action"]) == (request["request_id"], "erase")
    for role in (Role.CUSTOMER, Role.ADVISOR):
        assert client.get(path, headers=headers(role, "privacy_rights", ANA)).status_code in (403, 404)


@pytest.mark.parametrize(
    ("form", "status", "kind"),
    [
        ({}, 422, "invalid-request"),
        ({"records": ["crm"]}, 422, "invalid-request"),
        ({"records": [":1"]}, 422, "invalid-request"),
        ({"identifiers": [{"kind": "email", "value": "no address"}]}, 422, "invalid-identifier"),
        ({"identifiers": [{"kind": "email", "value": ANA_EMAIL.upper()}]}, 409, "held-by-profile"),
    ],
    ids=["nothing", "no key", "no channel", "no address", "an address of a profile"],
)
def test_what_is_no_key_or_is_held_by_a_profile_is_refused(
    client: TestClient, headers: Headers, form: dict[str, Any], status: int, kind: str
) -> None:
    refused = match(client, headers, **form)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (status, kind), refused.text
    if status == 409:
        assert refused.json()["profiles"] == [ANA] and ANA_EMAIL not in refused.text.lower()


def test_a_record_of_a_profile_is_erased_by_the_profile(client: TestClient, headers: Headers, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(records).values(record_id="crm:7", profile_id=ANA, document={}))
    refused = match(client, headers, records=["crm:7"])
    assert (refused.status_code, refused.json()["profiles"]) == (409, [ANA])


@pytest.mark.parametrize("kind", ["access", "portability", "restriction", "objection", "rectification"])
def test_only_an_erasure_needs_no_profile(client: TestClient, headers: Headers, kind: str) -> None:
    assert match(client, headers, kind=kind, **UNHELD).status_code == 422
