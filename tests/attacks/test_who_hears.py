"""Erasure: who was told of a person hears of the end, unsubscribed or not; training tables are recalled."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, func, insert, select

from consent.durations import after
from consent.model import Role
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.pseudonyms import reference
from erasure.retention import systems
from profile_api.webhooks.queries.deliveries import forget
from profile_api.webhooks.queries.endings import tell_ended
from profile_api.webhooks.worker import ATTEMPTS, LONGEST_PAUSE, Worker
from read_model.outbox.emitting import emit_all, known_as
from read_model.outbox.recalls import end, hand_out, handed_out, recall_of, recall_refused
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
from tests.profile_api.webhooks.conftest import (
    Clock,
    Consumer,
    Subscribe,
    clock,
    consumer,
    officer,
    subscribe,
    tell,
    worker,
)

__all__ = ["clock", "consumer", "officer", "subscribe", "tell", "worker"]

Tell = Callable[..., None]
KEY = b"k" * 32


@dataclass(frozen=True)
class House:
    """The service with one system that is told of its people, and what works for both."""

    client: TestClient
    engine: Engine
    worker: Worker
    clock: Clock
    consumer: Consumer
    subscribe: Subscribe
    tell: Tell
    officer: dict[str, str]


@pytest.fixture
def house(
    client: TestClient,
    engine: Engine,
    worker: Worker,
    clock: Clock,
    consumer: Consumer,
    subscribe: Subscribe,
    tell: Tell,
    officer: dict[str, str],
) -> House:
    return House(client, engine, worker, clock, consumer, subscribe, tell, officer)


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
    """What an erasure tells, in its own transaction, as `erasure.run` does."""
    with engine.begin() as connection:
        ids = known_as(connection, [profile_id])
        connection.execute(delete(profiles).where(profiles.c.profile_id == profile_id))
        emit_all(connection, "profile.erased", [(one, {}) for one in ids], clock())


def test_an_erasure_reaches_whoever_was_told_though_unsubscribed_since(house: House) -> None:
    secret = house.subscribe("advice", ["profile.updated"])  # and never to erasures
    house.tell()
    house.worker.round()
    assert len(house.consumer.requests) == 1
    house.tell()
    unsubscribe(house.client, house.officer, house.engine)
    house.tell()
    house.worker.round()
    assert len(house.consumer.requests) == 1, "nothing of what goes on is told any more, nor what still waited"
    erase(house.engine, BEN, house.clock)
    house.worker.round()
    assert len(house.consumer.requests) == 1, "of whom it was never told it hears nothing"
    erase(house.engine, ANA, house.clock)
    house.worker.round()
    assert told(house.consumer, secret, "profile.erased") == [{"profile_id": ANA, "purpose": "advice"}]


def test_a_system_that_knows_the_person_by_an_id_merged_away_since_hears_of_the_erasure_too(house: House) -> None:
    secret = house.subscribe("advice", ["profile.updated"])
    house.tell(profile_id=BEN)
    house.worker.round()
    with house.engine.begin() as connection:
        connection.execute(insert(redirects).values(old_id=BEN, profile_id=ANA))
    erase(house.engine, ANA, house.clock)
    house.worker.round()
    assert told(house.consumer, secret, "profile.erased") == [{"profile_id": BEN, "purpose": "advice"}]


def test_the_officer_sees_who_could_not_be_told_and_can_try_again(house: House) -> None:
    house.subscribe("advice", ["profile.updated"])
    house.tell()
    house.worker.round()
    ended = unsubscribe(house.client, house.officer, house.engine)
    assert house.client.delete(f"/v1/webhooks/{ended}", headers=house.officer).status_code == 404
    house.consumer.status = 500
    erase(house.engine, ANA, house.clock)
    for _ in range(ATTEMPTS):
        house.worker.round()
        house.clock.ahead += 2 * LONGEST_PAUSE
    (seen,) = house.client.get("/v1/webhooks", headers=house.officer).json()["subscriptions"]
    assert (seen["unreached"], seen["dead"]) == (1, 1) and seen["ended_at"]
    house.clock.ahead += timedelta(days=90)
    forget(house.engine, house.clock())
    assert house.client.get("/v1/webhooks", headers=house.officer).json()["subscriptions"][0]["unreached"] == 1
    house.consumer.status = 204
    house.tell()
    again = house.client.post(
        f"/v1/webhooks/{ended}/replay", headers=house.officer, json={"since": "2020-01-01T00:00:00Z"}
    )
    assert again.json() == {"due": 1}, "what did not reach it, and nothing of what goes on"
    house.clock.ahead += LONGEST_PAUSE
    house.worker.round()
    last = json.loads(house.consumer.requests[-1][1])  # signed days ahead of this day
    assert (last["type"], last["data"]) == ("profile.erased", {"profile_id": ANA, "purpose": "advice"})


def test_whoever_was_told_hears_of_a_restriction_and_of_its_end(
    house: House, rights: dict[str, str], headers: Headers
) -> None:
    with house.engine.begin() as connection:
        for record in ("crm:42", "web:7"):
            row = {"record_id": record, "profile_id": ANA, "document": {"identifiers": []}}
            connection.execute(insert(records).values(row))
    secret = house.subscribe("advice", ["profile.updated"])
    house.tell()
    house.worker.round()
    filed = house.client.post("/v1/requests", json={"kind": "restriction"}, headers=rights).json()
    house.worker.round()
    assert told(house.consumer, secret, "restriction.changed") == [
        {"profile_id": ANA, "purpose": "advice", "restricted": True}
    ]
    rest = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    lifted = house.client.post(f"/v1/requests/{filed['request_id']}/lift", json={"note": "told"}, headers=rest)
    assert lifted.status_code == 200, lifted.text
    house.worker.round()
    assert told(house.consumer, secret, "restriction.changed")[1:] == [
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
        return dict(connection.execute(select(extract_recalls.c.person, extract_recalls.c.reason)).all())


def test_a_training_table_is_recalled_when_a_person_in_it_withdraws(house: House, headers: Headers) -> None:
    decide_consent(house.engine, "analytics", "granted")
    secret = house.subscribe("analytics", ["extract.recalled"], role="steward")
    table, members = table_of(house.engine, ANA)
    with house.engine.begin() as connection:
        assert recall_refused(connection, NOW) == 0, "while it is permitted nothing is recalled"
    me = headers(Role.CUSTOMER, "service", ANA)
    said = house.client.post(f"/v1/profiles/{ANA}/consents/withdraw", json={"purpose": "analytics"}, headers=me)
    assert said.status_code == 201, said.text
    house.worker.round()
    notice = {"extract_id": table, "purpose": "analytics", "persons": [members[ANA]]}
    assert told(house.consumer, secret, "extract.recalled") == [notice]
    assert (
        ANA not in house.consumer.requests[-1][1].decode() and ANA_EMAIL not in house.consumer.requests[-1][1].decode()
    )
    seen = house.client.get("/v1/extracts", headers=headers(Role.PRIVACY_OFFICER, "privacy_rights"))
    assert seen.status_code == 200, seen.text
    assert [one["recalled"] for one in seen.json()["extracts"]] == [[members[ANA]]]
    assert house.client.get("/v1/extracts", headers=headers(Role.ADVISOR, "service")).status_code == 403


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


def test_whoever_was_told_hears_of_a_consent_that_ended_by_itself(house: House) -> None:
    decide_consent(house.engine, "analytics", "granted")
    secret = house.subscribe("analytics", ["consent.changed"], role="steward")
    _, members = table_of(house.engine, ANA)
    assert tell_ended(house.engine, NOW) == 0, "from the first time on"
    ends = after(NOW - timedelta(days=1), str(published_purposes()["analytics"].validity))
    assert tell_ended(house.engine, ends - timedelta(hours=1)) == 0
    assert tell_ended(house.engine, ends + timedelta(hours=1)) == 1
    assert tell_ended(house.engine, ends + timedelta(hours=2)) == 0, "once"
    house.worker.round()
    with house.engine.connect() as connection:
        event = connection.execute(select(webhook_outbox).where(webhook_outbox.c.kind == "consent.changed")).one()
    assert (event.profile_id, event.data) == (ANA, {"purpose": "analytics"})
    assert len(told(house.consumer, secret, "consent.changed")) == 1
    assert recalled(house.engine).keys() == {members[ANA]}, "and the training table of that purpose is recalled"


def test_a_system_that_was_ended_is_forgotten_once_nobody_is_left_whom_it_was_told_of(house: House) -> None:
    def kept() -> tuple[bool, int]:
        with house.engine.begin() as connection:
            due, gone = systems.due(connection), systems.forget(connection)
            assert due == gone
            row = connection.execute(select(webhook_subscriptions)).one()
            return bool(row.url and row.secret), gone

    house.subscribe("advice", ["profile.updated"])
    house.tell()
    house.worker.round()
    assert kept() == (True, 0), "it is told of what goes on"
    ended = unsubscribe(house.client, house.officer, house.engine)
    assert kept() == (True, 0), "it has to hear of Ana's erasure"
    erase(house.engine, ANA, house.clock)
    assert kept() == (True, 0), "it has not heard of it yet"
    house.worker.round()
    assert kept() == (False, 1)
    assert kept() == (False, 0)
    (seen,) = house.client.get("/v1/webhooks", headers=house.officer).json()["subscriptions"]
    assert (seen["subscription_id"], seen["url"]) == (ended, "")
