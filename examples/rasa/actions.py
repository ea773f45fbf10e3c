"""A custom action for Rasa: asks for the customer's context once, and fills the slots that a story needs.

Put this file into the `actions/` folder of a Rasa project. `rasa_sdk` comes with Rasa; the action itself only needs
`httpx`. What the service withholds stays out of the slots: a story then asks the customer, and does not guess.
"""

import os
from typing import Any

import httpx

try:
    from rasa_sdk import Action  # type: ignore[import-not-found]  # comes with Rasa
except ImportError:
    Action = object


class ActionCustomerContext(Action):  # type: ignore[misc]  # untyped
    """Fills `customer_name`, `language`, `formality`, `open_complaint`, `last_intent` and `may_personalise`."""

    def __init__(self, client: httpx.Client | None = None, token: str | None = None) -> None:
        address = os.environ.get("CUSTOMER_API", "http://127.0.0.1:8000")
        self._client = client or httpx.Client(base_url=address, timeout=2.0)
        self._token = token or os.environ.get("CUSTOMER_API_TOKEN", "")

    def name(self) -> str:
        """What stories and rules call it by."""
        return "action_customer_context"

    def run(self, dispatcher: Any, tracker: Any, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """The sender's context; without one the bot goes on, as with anybody it does not know."""
        kind, value = tracker.get_slot("identifier_kind") or "email", tracker.get_slot("identifier")
        if not value:
            return []
        headers = {"Authorization": f"Bearer {self._token}", "Purpose": "service"}
        try:
            answer = self._client.post(
                "/v1/bot/context", json={"identifier": {"kind": kind, "value": value}}, headers=headers
            )
        except httpx.HTTPError:
            return []
        if answer.status_code != 200:
            return []
        found = answer.json()
        tone, consent = found["data"]["tone"], found["consent"].get("personalisation", {})
        slots = {
            "customer_name": tone["name_to_use"],
            "language": found["data"]["language"],
            "formality": tone["formality"],
            "open_complaint": tone["open_complaint"],
            "last_intent": tone["last_intent"],
            "may_personalise": consent.get("permits", False),
        }
        return [{"event": "slot", "name": name, "value": held, "timestamp": None} for name, held in slots.items()]
