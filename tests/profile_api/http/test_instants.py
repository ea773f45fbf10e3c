"""Every instant of a request is one that UTC has a date for."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from consent.model import Role
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA

BEYOND = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
EDGES = ["0001-01-01T00:00:00Z", "0001-01-02T00:00:00+14:00"]


def ask(client: TestClient, headers: Headers, where: str, instant: str) -> Any:
    if where == "intake":
        body = {"kind": "access", "channel": "letter", "name": "x", "received_at": instant}
        return client.post("/v1/intakes", json=body, headers=headers(Role.PRIVACY_OFFICER, "privacy_rights"))
    if where == "consents":
        mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
        return client.get(f"/v1/profiles/{ANA}/consents", params={"as_of": instant}, headers=mine)
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    wanted = {"url": "http://127.0.0.1:9/hook", "kinds": ["profile.updated"], "purpose": "service", "role": "bot"}
    made = client.post("/v1/webhooks", json=wanted, headers=officer)
    replay = f"/v1/webhooks/{made.json()['subscription_id']}/replay"
    return client.post(replay, json={"since": instant}, headers=officer)


@pytest.mark.parametrize("where", ["intake", "consents", "webhook"])
@pytest.mark.parametrize("instant", BEYOND)
def test_an_instant_that_utc_has_no_date_for_is_refused(
    client: TestClient, headers: Headers, where: str, instant: str
) -> None:
    refused = ask(client, headers, where, instant)
    assert refused.status_code == 422, refused.text
    assert instant[:16] not in refused.text


@pytest.mark.parametrize("where", ["intake", "consents", "webhook"])
@pytest.mark.parametrize("instant", EDGES)
def test_the_first_instants_of_all_are_answered(client: TestClient, headers: Headers, where: str, instant: str) -> None:
    assert ask(client, headers, where, instant).is_success
