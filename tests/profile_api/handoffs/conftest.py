"""People whose records are on file, and advisors at work."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from profile_api.access.gate import Gate
from stores.schema import records
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, BEN_EMAIL

FORM: dict[str, Any] = {"request_key": "k-1", "conversation_id": "chat-1", "channel": "chat", "why": "asked"}
CALLBACK = {"contact_point": {"kind": "email", "value": ANA_EMAIL.upper()}}


@pytest.fixture
def gate(client: TestClient, engine: Engine) -> Gate:
    """The gate, whose clock a test may set, over people whose records are on file."""
    on_file = {"crm:42": (ANA, ANA_EMAIL), "web:7": (ANA, None), "web:ben": (BEN, BEN_EMAIL)}
    with engine.begin() as connection:
        for record_id, (profile_id, email) in on_file.items():
            carried = [{"kind": "email", "value": email}] if email else []
            row = {"record_id": record_id, "profile_id": profile_id, "document": {"identifiers": carried}}
            connection.execute(insert(records).values(row))
    found: Gate = client.app.state.gate  # type: ignore[attr-defined]
    return found


@pytest.fixture
def staffed(client: TestClient, headers: Headers, gate: Gate) -> None:
    """Somebody is at work."""
    form = {"minutes": 600, "languages": ["fr", "en"], "skills": ["cards"], "capacity": 50}
    assert client.post("/v1/presence", json=form, headers=headers()).is_success
