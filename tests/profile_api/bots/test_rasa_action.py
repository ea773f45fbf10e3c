"""The example for Rasa, called as Rasa calls it, over the application itself."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from consent.model import Role
from profile_api.http.keys import DemoIssuer
from tests.profile_api.people import ANA_EMAIL, FAMILY_PHONE, NOW, decide_consent

FILE = Path(__file__).parents[3] / "examples/rasa/actions.py"


@pytest.fixture
def action(client: TestClient, issuer: DemoIssuer) -> Any:
    spec = importlib.util.spec_from_file_location("rasa_actions", FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ActionCustomerContext(client, issuer.token(Role.BOT, NOW))


class Tracker:
    def __init__(self, **slots: str) -> None:
        self.get_slot = slots.get


def test_the_action_fills_slots_from_one_answer(action: Any, engine: Engine) -> None:
    decide_consent(engine, "personalisation", "granted")
    events = action.run(None, Tracker(identifier=ANA_EMAIL), {})
    assert action.name() == "action_customer_context"
    assert {one["event"] for one in events} == {"slot"}
    assert {one["name"]: one["value"] for one in events} == {
        "customer_name": "Ana Durand",
        "language": None,
        "formality": "formal",
        "open_complaint": True,
        "last_intent": None,
        "may_personalise": True,
    }


def test_for_somebody_unknown_or_shared_it_sets_nothing(action: Any) -> None:
    for tracker in (
        Tracker(),
        Tracker(identifier="no@inbox.example"),
        Tracker(identifier_kind="phone", identifier=FAMILY_PHONE),
    ):
        assert action.run(None, tracker, {}) == []
