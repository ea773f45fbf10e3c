"""Erasure: who was told of a person hears of the end, unsubscribed or not; training tables are recalled."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, func, insert, select

from consent.durations import after
from consent.model import Role
from consent.pseudonyms import reference
from consent.purposes import published_purposes
from contracts.categories import Category
from profile_api.webhooks.deliveries import forget
from profile_api.webhooks.endings import tell_ended
from profile_api.webhooks.outbox import emit_all, known_as
from profile_api.webhooks.recalls import end, hand_out, handed_out, recall_of, recall_refused
from profile_api.webhooks.worker import ATTEMPTS, LONGEST_PAUSE, Worker
from stores.schema import (
    extract_members,
    extract_recalls,
    profiles,
    records,
    redirects,
    webhook_outbox,
    webhook_subscriptions,
)
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, NOW, decide_consent
from tests.profile_api.webhooks.conftest import Consumer, consumer
from tests.profile_api.webhooks.test_deliveries import Clock, Subscribe, clock, officer, subscribe, tell, worker

__all__ = ["clock", "consumer", "officer", "subscribe", "tell", "worker"]

Tell = Callable[..., None]
KEY = b"k" * 32


@pytest.fixture
def rights(headers: Headers) -> dict[str, str]:
    return headers(Role.CUSTOMER, "privacy_rights", ANA)


def unsubscribe(client: TestClient, officer: dict[str, str], engine: Engine) -> str:
    with engine.connect() as connection:
        found = str(connection.scalar(select(webhook_subscriptions.c.subscription_id)))
    assert client.delete(f"/v1/webhooks/{found}", headers=officer).status_code == 204
    return found


def told(consumer: Consumer, secret: str, kind: str) -> list[dict[str, Any]]:
    return [one["data"] for one in consumer.verified(secret) if one["type"] == kind]


def erase(engine: Engine, profile_id: str, clock: Clock) -> None:
    """What an erasure tells, in its own transaction, as `consent.erasure.run` does."""
    with engine.begin() as connection:
        ids = known_as(connection, [profile_id])
        connection.execute(delete(profiles).where(profiles.c.profile_id == profile_id))
        emit_all(connection, "profile.erased", [(one, {}) for one in ids], clock())


def test_an_erasure_reaches_whoever_was_told_though_unsubscribed_since(
    client: TestClient,
    worker: Worker,
    subscribe: Subscribe,
    tell: Tell,
    consumer: Consumer,
    engine: Engine,
    officer: dict[str, str],
    clock: Clock,
) -> None:
    secret = subscribe("advice", ["profile.updated"])  # and never to erasures
    tell()
    worker.round()
    assert len(consumer.requests) == 1
    tell()
    unsubscribe(client, officer, engine)
    tell()
    worker.round()
    assert len(consumer.requests) == 1, "nothing of what goes on is told any more, nor what still waited"
    erase(engine, BEN, clock)
    worker.round()
    assert len(consumer.requests) == 1, "of whom it was never told it hears nothing"
    erase(engine, ANA, clock)
    worker.round()
    assert told(consumer, secret, "profile.erased") == [{"profile_id": ANA, "purpose": "advice"}]


def test_a_system_that_knows_the_person_by_an_id_merged_away_since_hears_of_the_erasure_too(
    client: TestClient,
    worker: Worker,
    subscribe: Subscribe,
    tell: Tell,
    consumer: Consumer,
    engine: Engine,
    clock: Clock,
) -> None:
    secret = subscribe("advice", ["profile.updated"])
    tell(profile_id=BEN)
    worker.round()
    with engine.begin() as connection:
        connection.execute(insert(redirects).values(old_id=BEN, profile_id=ANA))
    erase(engine, ANA, clock)
    worker.round()
    assert told(consumer, secret, "profile.erased") == [{"profile_id": BEN, "purpose": "advice"}]


def test_the_officer_sees_who_could_not_be_told_and_can_try_again(
    client: TestClient,
    worker: Worker,
    subscribe: Subscribe,
    tell: Tell,
    consumer: Consumer,
    engine: Engine,
    officer: dict[str, str],
    clock: Clock,
) -> None:
    subscribe("advice", ["profile.updated"])
    tell()
    worker.round()
    ended = unsubscribe(client, officer, engine)
    assert client.delete(f"/v1/webhooks/{ended}", headers=officer).status_code == 404
    consumer.status = 500
    erase(engine, ANA, clock)
    for _ in range(ATTEMPTS):
        worker.round()
        clock.ahead += 2 * LONGEST_PAUSE
    (seen,) = client.get("/v1/webhooks", headers=officer).json()["subscriptions"]
    assert (seen["unreached"], seen["dead"]) == (1, 1) and seen["ended_at"]
    clock.ahead += timedelta(days=90)
    forget(engine, clock())
    assert client.get("/v1/webhooks", headers=officer).json()["subscriptions"][0]["unreached"] == 1
    consumer.status = 204
    tell()
    again = client.post(f"/v1/webhooks/{ended}/replay", headers=officer, json={"since": "2020-01-01T00:00:00Z"})
    assert again.json() == {"due": 1}, "what did not reach it, and nothing of what goes on"
    clock.ahead += LONGEST_PAUSE
    worker.round()
    last = json.loads(consumer.requests[-1][1])  # signed days ahead of this day
    assert (last["type"], last["data"]) == ("profile.erased", {"profile_id": ANA, "purpose": "advice"})


def test_whoever_was_told_hears_of_a_restriction_and_of_its_end(
    client: TestClient,
    worker: Worker,
    subscribe: Subscribe,
    tell: Tell,
    consumer: Consumer,
    engine: Engine,
    rights: dict[str, str],
    headers: Headers,
) -> None:
    with engine.begin() as connection:
        for record in ("crm:42", "web:7"):
            row = {"record_id": record, "profile_id": ANA, "document": {"identifiers": []}}
            connection.execute(insert(records).values(row))
    secret = subscribe("advice", ["profile.updated"])
    tell()
    worker.round()
    filed = client.post("/v1/requests", json={"kind": "restriction"}, headers=rights).json()
    worker.round()
    assert told(consumer, secret, "restriction.changed") == [
        {"profile_id": ANA, "purpose": "advice", "restricted": True}
    ]
    rest = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    lifted = client.post(f"/v1/requests/{filed['request_id']}/lift", json={"note": "told"}, headers=rest)
    assert lifted.status_code == 200, lifted.text
    worker.round()
    assert told(consumer, secret, "restriction.changed")[1:] == [
        {"profile_id": ANA, "purpose": "advice", "restricted": False}
    ]


def table_of(engine: Engine, *people: str) -> tuple[str, dict[str, str]]:
    """A training table that holds rows of these people; with the references that stand in it."""
    members = {one: reference(KEY, "extract analytics", one)[:24] for one in people}
    manifest = {"purpose": "analytics", "rows": len(members), "categories": {"orders_30d": Category.TRANSACTION.value}}
    with engine.begin() as connection:
        by_reference = {member: one for one, member in members.items()}
        return hand_out(connection, manifest, "training.parquet", by_reference, NOW), members


def recalled(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return dict(connection.execute(select(extract_recalls.c.person, extract_recalls.c.reason)).tuples().all())


def test_a_training_table_is_recalled_when_a_person_in_it_withdraws(
    client: TestClient,
    worker: Worker,
    subscribe: Subscribe,
    consumer: Consumer,
    engine: Engine,
    headers: Headers,
) -> None:
    decide_consent(engine, "analytics", "granted")
    secret = subscribe("analytics", ["extract.recalled"], role="steward")
    table, members = table_of(engine, ANA)
    with engine.begin() as connection:
        assert recall_refused(connection, NOW) == 0, "while it is permitted nothing is recalled"
    me = headers(Role.CUSTOMER, "service", ANA)
    said = client.post(f"/v1/profiles/{ANA}/consents/withdraw", json={"purpose": "analytics"}, headers=me)
    assert said.status_code == 201, said.text
    worker.round()
    notice = {"extract_id": table, "purpose": "analytics", "persons": [members[ANA]]}
    assert told(consumer, secret, "extract.recalled") == [notice]
    assert ANA not in consumer.requests[-1][1].decode() and ANA_EMAIL not in consumer.requests[-1][1].decode()
    seen = client.get("/v1/extracts", headers=headers(Role.PRIVACY_OFFICER, "privacy_rights"))
    assert seen.status_code == 200, seen.text
    assert [one["recalled"] for one in seen.json()["extracts"]] == [[members[ANA]]]
    assert client.get("/v1/extracts", headers=headers(Role.ADVISOR, "service")).status_code == 403


def test_a_training_table_is_recalled_when_a_person_in_it_is_erased_under_whatever_id(
    engine: Engine, client: TestClient
) -> None:
    table, members = table_of(engine, ANA, "p-old", BEN)  # `p-old` was merged into Ana since
    with engine.begin() as connection:
        assert recall_of(connection, known_as(connection, [ANA]), "erased", NOW) == 2
    assert recalled(engine) == {members[ANA]: "erased", members["p-old"]: "erased"}
    with engine.begin() as connection:
        left = connection.scalars(select(extract_members.c.profile_id)).all()
        assert left == [BEN], "whose rows they were is forgotten"
        assert recall_of(connection, [ANA], "erased", NOW) == 0
        (listed,) = handed_out(connection)
        assert listed["recalled"] == sorted([members[ANA], members["p-old"]])
        assert end(connection, table, NOW) and not end(connection, table, NOW)
        assert connection.scalar(select(func.count()).select_from(extract_members)) == 0


def test_who_may_not_be_in_a_table_any_more_is_found_though_nobody_said_so(engine: Engine, client: TestClient) -> None:
    decide_consent(engine, "analytics", "granted")
    _, members = table_of(engine, ANA, BEN)  # Ben never agreed, and Ana's yes came with a file and went with another
    with engine.begin() as connection:
        assert recall_refused(connection, NOW) == 1
        assert recall_refused(connection, NOW) == 0
    decide_consent(engine, "analytics", "withdrawn", days_ago=0)
    with engine.begin() as connection:
        recall_refused(connection, NOW)
        assert set(recalled(engine)) <= {members[BEN], members[ANA]}
    assert set(recalled(engine)) == {members[BEN], members[ANA]}


def test_whoever_was_told_hears_of_a_consent_that_ended_by_itself(
    client: TestClient, worker: Worker, subscribe: Subscribe, consumer: Consumer, engine: Engine
) -> None:
    decide_consent(engine, "analytics", "granted")
    secret = subscribe("analytics", ["consent.changed"], role="steward")
    _, members = table_of(engine, ANA)
    assert tell_ended(engine, NOW) == 0, "from the first time on"
    ends = after(NOW - timedelta(days=1), str(published_purposes()["analytics"].validity))
    assert tell_ended(engine, ends - timedelta(hours=1)) == 0
    assert tell_ended(engine, ends + timedelta(hours=1)) == 1
    assert tell_ended(engine, ends + timedelta(hours=2)) == 0, "once"
    worker.round()
    with engine.connect() as connection:
        event = connection.execute(select(webhook_outbox).where(webhook_outbox.c.kind == "consent.changed")).one()
    assert (event.profile_id, event.data) == (ANA, {"purpose": "analytics"})
    assert len(told(consumer, secret, "consent.changed")) == 1
    assert recalled(engine).keys() == {members[ANA]}, "and the training table of that purpose is recalled"
