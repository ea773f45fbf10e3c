"""What is decided on is stated once: whoever checks a request before this service reads the same as it does."""

import pytest
from fastapi.testclient import TestClient

from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA


@pytest.mark.parametrize("name", ["Authorization", "Purpose", "Case-Reference", "Write-Key"])
def test_a_header_that_is_decided_on_comes_once(name: str, client: TestClient, headers: Headers) -> None:
    sent = headers() | {"Case-Reference": "case 1", "Write-Key": "key"}
    assert client.get(f"/v1/profiles/{ANA}", headers=sent).status_code == 200
    answer = client.get(f"/v1/profiles/{ANA}", headers=[*sent.items(), (name.lower(), "another")])
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (400, "header-stated-twice")
    assert "another" not in answer.text
