"""Eve and Fred, who share everything but their names; and how people decide."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from consent.model import Role
from read_model.rebuild import rebuild
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, NOW
from tests.read_model.live.collecting import batch_record

OWN = (Role.CUSTOMER, "privacy_rights")
EVE, FRED, LANDLINE = "p-eve", "p-fred", "+33170009999"


def take(client: TestClient, headers: Headers, choice: str, form: dict[str, Any], of: str = ANA) -> Any:
    return client.post(f"/v1/profiles/{of}/consents/{choice}", json=form, headers=headers(*OWN, of))


@pytest.fixture
def household(engine: Engine, client: TestClient) -> TestClient:
    """Eve and Fred, of whom everything is shared."""
    batch_record(engine, "crm:EV-7000", EVE, given="Evelin", phone=LANDLINE)
    batch_record(engine, "crm:FR-7001", FRED, given="Fred", phone=LANDLINE)
    with engine.begin() as connection:
        rebuild(connection, [EVE, FRED], NOW)
    return client
