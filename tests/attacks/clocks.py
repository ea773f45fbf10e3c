"""Ana, and what is told of her so long after her last interaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from consent.model import Role
from contracts.settings import Settings
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer
from stores.schema import timeline
from tests.profile_api.people import ANA, ANA_EMAIL, NOW, Features, write_people

ENDED = "retention-ended"
CASE = {"Case-Reference": "C-2024-17"}

Answers = dict[str, Any]
AskAfter = Callable[..., Answers]
"""Years after Ana's last interaction, route, purpose and role -> the answer."""

ROUTES: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "profile": ("GET", f"/v1/profiles/{ANA}", None),
    "merged-away id": ("GET", "/v1/profiles/p-old", None),
    "lookup": ("POST", "/v1/profiles/lookup", {"kind": "email", "value": ANA_EMAIL}),
    "timeline": ("GET", f"/v1/profiles/{ANA}/timeline", None),
    "features": ("GET", f"/v1/profiles/{ANA}/features", None),
    "context": ("POST", "/v1/bot/context", {"identifier": {"kind": "email", "value": ANA_EMAIL}}),
    "retention": ("GET", f"/v1/profiles/{ANA}/retention", None),
    "context by id": ("POST", "/v1/bot/context", {"profile_id": ANA}),
}


@pytest.fixture
def people(engine: Engine) -> None:
    write_people(engine)


@pytest.fixture
def ask_after(people: None, api_settings: Settings, database_url: str, issuer: DemoIssuer) -> AskAfter:
    def asked(after: timedelta, route: str = "profile", purpose: str = "service", role: Role = Role.BOT) -> Answers:
        now = NOW + after
        app = create_app(api_settings, database_url, Features(), clock=lambda: now)
        method, path, body = ROUTES[route]
        token = issuer.token(role, now, ANA if role is Role.CUSTOMER else None)
        sent = {"Authorization": f"Bearer {token}", "Purpose": purpose, **CASE}
        answer = TestClient(app).request(method, path, json=body, headers=sent)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return asked


def years(number: float) -> timedelta:
    return timedelta(days=366 * number)


def withheld(answer: Answers) -> dict[str, str]:
    return {one["category"]: one["policy"] for one in answer["withheld"]}


def shown(answer: Answers) -> Any:
    data = answer["data"]
    return data.get("events") or data.get("features") or data.get("fields")


def happens(engine: Engine, occurred_at: datetime, type_: str) -> None:
    document = {"channel": "web", "type": type_, "properties": {}, "categories": {"type": "behaviour"}}
    row = {"event_id": f"web:{type_}", "profile_id": ANA, "occurred_at": occurred_at, "document": document}
    with engine.begin() as connection:
        connection.execute(insert(timeline).values(row))
