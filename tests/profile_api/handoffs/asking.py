"""Asking for a person, taking steps and seeing what the customer is told, as clients do."""

from typing import Any

from fastapi.testclient import TestClient

from consent.model import Actor, Role
from tests.profile_api.conftest import Headers
from tests.profile_api.handoffs.conftest import FORM
from tests.profile_api.people import ANA

CLAIRE, MARC = Actor("claire", Role.ADVISOR), Actor("marc", Role.ADVISOR)
BOT = Actor("demo-bot", Role.BOT)


def ask(client: TestClient, headers: Headers, role: Role = Role.BOT, of: str = ANA, **more: Any) -> Any:
    return client.post(f"/v1/profiles/{of}/handoffs", json=FORM | more, headers=headers(role, profile_id=of))


def step(client: TestClient, headers: Headers, handoff_id: str, name: str, role: Role = Role.ADVISOR, **of: Any) -> Any:
    sent = headers(role, profile_id=of.pop("profile_id", ANA))
    return client.post(f"/v1/handoffs/{handoff_id}/steps", json={"step": name} | of, headers=sent)


def told(client: TestClient, headers: Headers, of: str = ANA) -> list[Any]:
    sent = headers(Role.CUSTOMER, profile_id=of)
    return list(client.get(f"/v1/profiles/{of}/handoffs", headers=sent).json()["data"]["handoffs"])


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]
