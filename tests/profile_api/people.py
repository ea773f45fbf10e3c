"""A few people, written into the store as the publish job writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from consent.ledger import Entry, append, contact_point_of
from consent.model import STATE_OF_WORD, Method
from contracts.identifiers import Identifier
from stores.schema import identifiers, profiles, redirects, timeline

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
ANA, BEN, CHLOE, DAN = "p-ana", "p-ben", "p-chloe", "p-dan"
ANA_EMAIL, BEN_EMAIL, FAMILY_PHONE = "ana@inbox.example", "ben@inbox.example", "+33170000000"
NATIONAL_ID = "184127645108946"

FEATURES: dict[str, dict[str, Any]] = {
    "orders_30d": {"value": 2, "category": "transaction", "event_timestamp": NOW},
    "amount_365d": {"value": 1234.5, "category": "transaction", "event_timestamp": NOW},
    "open_complaint": {"value": True, "category": "behaviour", "event_timestamp": NOW},
    "preferred_channel": {"value": "web", "category": "behaviour", "event_timestamp": NOW},
    "channel_mix": {"value": '{"web": 0.6, "call_centre": 0.4}', "category": "behaviour", "event_timestamp": NOW},
    "days_as_customer": {"value": None, "category": "identity", "event_timestamp": NOW},
    "unlabelled": {"value": "secret-feature", "category": None, "event_timestamp": NOW},
}


class Features:
    """Online features that are the same for everyone; failing where `broken` is set."""

    broken = False

    def read(self, profile_id: str, purpose: str) -> dict[str, dict[str, Any]]:
        if self.broken:
            raise ConnectionError("no online store")
        return FEATURES


def field(name: str, value: str, category: str, losing: list[str] | None = None) -> dict[str, Any]:
    source = {"record_id": "crm:42", "channel": "crm", "observed_at": "2024-01-05T10:00:00+00:00"}
    other = {"record_id": "web:7", "channel": "web", "observed_at": "2022-03-04T09:00:00+00:00"}
    undated = {"record_id": "loyalty:9", "channel": "loyalty", "observed_at": None}
    lost = [{"value": text, **(other if number == 0 else undated)} for number, text in enumerate(losing or [])]
    return {"field": name, "value": value, "category": category, **source, "rule": "most_recent", "losing": lost}


def write_people(engine: Engine) -> None:
    """Ana (everything, and a merged-away id), Ben and Chloé (one phone), Dan (nothing but a name)."""
    ana = {
        "fields": [
            field("given_name", "Ana", "identity", ["Anna", "Anne"]),
            field("family_name", "Durand", "identity"),
            field("birth_date", "1984-12-01", "identity"),
            field("street", "12 rue des Lilas", "contact", ["3 place Haute"]),
            field("city", "Lyon", "contact"),
            field("email", ANA_EMAIL, "contact"),
            field("health_note", "secret-health", "sensitive"),
            field("mystery", "secret-unlabelled", ""),
        ],
        "identifiers": [
            {"kind": "email", "value": ANA_EMAIL, "category": "contact"},
            {"kind": "loyalty_card", "value": "l-204816", "category": "identity"},
            {"kind": "national_id", "value": NATIONAL_ID, "category": "sensitive"},
        ],
        "records": ["crm:42", "web:7"],
        "first_seen": "2021-02-03T00:00:00+00:00",
        "last_seen": "2024-04-30T00:00:00+00:00",
    }
    people: dict[str, dict[str, Any]] = {ANA: ana} | {
        profile_id: {
            "fields": [field("given_name", name, "identity")],
            "identifiers": [{"kind": kind, "value": value, "category": "contact"} for kind, value in carried],
            "records": [f"web:{name.lower()}"],
            "first_seen": "2023-01-01T00:00:00+00:00",
            "last_seen": "2023-01-01T00:00:00+00:00",
        }
        for profile_id, name, carried in (
            (BEN, "Ben", [("email", BEN_EMAIL), ("phone", FAMILY_PHONE)]),
            (CHLOE, "Chloé", [("phone", FAMILY_PHONE)]),
            (DAN, "Dan", []),
        )
    }
    with engine.begin() as connection:
        for profile_id, document in people.items():
            row = {"profile_id": profile_id, "version": 3, "document": document, "updated_at": NOW}
            connection.execute(insert(profiles).values(row))
            for one in document["identifiers"]:
                carried_by = {"kind": one["kind"], "value": one["value"], "profile_id": profile_id}
                connection.execute(insert(identifiers).values(carried_by))
        connection.execute(insert(redirects).values(old_id="p-old", profile_id=ANA))
        connection.execute(insert(timeline), [_event(number) for number in range(30)])
        connection.execute(insert(timeline).values(_hidden_event()))


def decide_consent(engine: Engine, purpose: str, decision: str, email: str = ANA_EMAIL, days_ago: int = 1) -> None:
    """One more event in the ledger, as if it came with a file."""
    identifier = Identifier("email", email)
    entry = Entry(
        identifier=identifier,
        contact_point=contact_point_of(purpose, identifier),
        purpose=purpose,
        state=STATE_OF_WORD[decision],
        decided_at=NOW - timedelta(days=days_ago),
        channel="consents",
        decided_through="web",
        method=Method.IMPORT,
        recorded_by="consents",
        notice_version="2020-1",
        given_id=f"{email}-{purpose}-{decision}-{days_ago}",
    )
    with engine.begin() as connection:
        append(connection, [entry], NOW)


def _event(number: int) -> dict[str, Any]:
    order = number % 3 == 0
    return {
        "event_id": f"orders:{number:03}",
        "profile_id": ANA,
        "occurred_at": NOW - timedelta(hours=number // 2),  # two at a time, so that pages end between them
        "document": {
            "channel": "orders" if order else "chat",
            "type": "order" if order else "message",
            "intent": None if order else "complaint",
            "amount": 49.9 if order else None,
            "properties": {"article": "lamp", "diagnosis": "secret-diagnosis", "note": "secret-unlabelled"},
            "categories": {
                "type": "transaction" if order else "behaviour",
                "intent": "behaviour",
                "amount": "transaction",
                "property.article": "transaction",
                "property.diagnosis": "sensitive",
            },
        },
    }


def _hidden_event() -> dict[str, Any]:
    event = _event(1) | {"event_id": "clinic:1", "occurred_at": NOW}
    event["document"] |= {"type": "secret-visit", "categories": {"type": "sensitive"}}
    return event
