"""Whatever changes a profile or a decision is told of: live events, consents, the rights of a person."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, insert, select

from consent.model import Role
from consent.purposes import published_purposes
from contracts.live_keys import visitor_key
from read_model.outbox.kinds import KINDS
from read_model.rebuild import rebuild
from stores.schema import features_due, profiles, timeline, webhook_outbox
from tests.profile_api.conftest import Headers
from tests.profile_api.people import NOW
from tests.read_model.live.collecting import accept, batch_record, events_of, owner, project_all
from tests.read_model.outbox.test_emitting import subscribe

ANA, BEN = "p-ana-live", "p-ben-live"
LINE = "+33611223344"
Told = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture
def listening(engine: Engine) -> None:
    batch_record(engine, "crm:L1", ANA, email="ana@inbox.example", given="Ana", phone="+33144556677")
    batch_record(engine, "crm:L2", BEN, phone=LINE, given="Ben")
    with engine.begin() as connection:
        rebuild(connection, [ANA, BEN], NOW)
        subscribe(connection, "all", *KINDS)


def told(engine: Engine) -> Told:
    """What was told since the last time that this was asked."""
    columns = webhook_outbox.c
    with engine.begin() as connection:
        query = select(columns.kind, columns.profile_id, columns.data).order_by(columns.kind, columns.profile_id)
        rows = [
            (row.kind, row.profile_id, {name: said for name, said in row.data.items() if name != "categories"})
            for row in connection.execute(query)
        ]
        connection.execute(delete(webhook_outbox))
    return rows


@pytest.mark.usefixtures("listening")
def test_live_events_tell_of_merges_of_decisions_and_of_everyone_whose_view_changes(engine: Engine) -> None:
    called = {"event_id": "calls:1", "profile_id": BEN, "occurred_at": NOW, "record_id": None}
    document = {"channel": "calls", "type": "call", "intent": None, "amount": None, "properties": {}, "categories": {}}
    with engine.begin() as connection:
        carried = [{"kind": "phone", "value": LINE}]
        connection.execute(insert(timeline).values(**called, document=document, identifiers=carried))
    accept(engine, NOW, {"anonymousId": "a1"})
    project_all(engine, NOW)
    visitor = owner(engine, f"app:{visitor_key('a1')}")
    assert told(engine) == [("profile.updated", visitor, {})]

    traits = {"email": "ana@inbox.example", "firstName": "Ana", "phone": LINE}
    said = {"consent": {"categoryPreferences": {"marketing_email": True}}}
    accept(engine, NOW, {"type": "identify", "userId": "u1", "anonymousId": "a1", "traits": traits, "context": said})
    project_all(engine, NOW)
    assert told(engine) == [
        ("consent.changed", ANA, {"purpose": "marketing_email"}),
        ("profile.merged", ANA, {"merged": [visitor]}),
        ("profile.updated", ANA, {}),
        ("profile.updated", BEN, {}),
    ]
    assert events_of(engine, BEN) == [], "a line that Ana says is hers too is no longer Ben's alone"
    with engine.connect() as connection:
        assert {ANA, BEN, visitor} == set(connection.scalars(select(features_due.c.profile_id)))

    accept(engine, NOW, {"userId": "u1"}, gpc=True)
    project_all(engine, NOW)
    objected = [(data["purpose"], who) for kind, who, data in told(engine) if kind == "consent.changed"]
    assert sorted(objected) == sorted((one.id, ANA) for one in published_purposes().values() if one.gpc)
    accept(engine, NOW, {"userId": "u1"}, gpc=True)
    project_all(engine, NOW)
    assert told(engine) == [("profile.updated", ANA, {})], "the same objection is no news"


@pytest.mark.usefixtures("listening")
def test_an_event_that_says_nothing_new_of_the_person_is_a_new_version_all_the_same(engine: Engine) -> None:
    def version(profile_id: str) -> int:
        with engine.connect() as connection:
            return int(connection.scalar(select(profiles.c.version).where(profiles.c.profile_id == profile_id)) or 0)

    for minute, name in enumerate(["Ana", "Anna", "Ana"]):  # the CRM is trusted more: its name stays
        at = NOW + timedelta(minutes=minute)
        said = {"email": "ana@inbox.example", "firstName": "Ana", "nickname": name}
        before = version(ANA)
        accept(engine, at, {"type": "identify", "userId": "u1", "traits": said, "timestamp": str(at)})
        project_all(engine, at)
        assert version(ANA) > before


@pytest.mark.usefixtures("listening")
def test_decisions_objections_and_corrections_are_told_of(client: TestClient, headers: Headers, engine: Engine) -> None:
    ana = headers(Role.CUSTOMER, "privacy_rights", ANA)
    given = client.post(f"/v1/profiles/{ANA}/consents/give", json={"purpose": "personalisation"}, headers=ana)
    assert given.status_code == 201
    assert told(engine) == [("consent.changed", ANA, {"purpose": "personalisation"})]
    objection = {"kind": "objection", "purposes": ["advice"]}
    assert client.post("/v1/requests", json=objection, headers=ana).status_code == 201
    assert told(engine) == [("consent.changed", ANA, {"purpose": "advice"})]
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    asked = {"kind": "rectification", "profile_id": ANA, "fields": {"given_name": "Anaïs"}}
    filed = client.post("/v1/requests", json=asked, headers=officer).json()
    for step in ("check_identity", "start", "complete"):
        path = f"/v1/requests/{filed['request_id']}/steps"
        assert client.post(path, json={"step": step, "note": "seen"}, headers=officer).status_code == 200
    assert told(engine) == [("profile.updated", ANA, {})]
