"""The service over the records of `lake.py`, asked as a steward unless told otherwise."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from consent.model import Role
from contracts.settings import Settings
from profile_api.app import create_app
from tests.profile_api.conftest import Headers
from tests.profile_api.people import NOW
from tests.profile_api.stewardship.lake import KeptFeatures, write_lake

Ask = Callable[..., Any]


@pytest.fixture
def owners(engine: Engine) -> dict[str, str]:
    return write_lake(engine)


@pytest.fixture
def kept() -> KeptFeatures:
    return KeptFeatures()


@pytest.fixture
def ask(api_settings: Settings, database_url: str, kept: KeptFeatures, headers: Headers, owners: dict[str, str]) -> Ask:
    """Calls a route with what it is to answer: the body, if its status is the one expected."""
    client = TestClient(create_app(api_settings, database_url, kept, clock=lambda: NOW), raise_server_exceptions=False)

    def call(
        method: str,
        path: str,
        json: Any = None,
        status: int = 200,
        role: Role = Role.STEWARD,
        purpose: str = "identity_resolution",
    ) -> Any:
        answer = client.request(method, path, json=json, headers=headers(role, purpose))
        assert answer.status_code == status, answer.text
        return answer.json()

    return call
