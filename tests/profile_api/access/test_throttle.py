"""How much one client may ask, and that what is refused for it is recorded."""

import dataclasses
import json

import pytest
from fastapi.testclient import TestClient
from redis import Redis
from sqlalchemy import Engine, select

from consent.model import Actor, Role
from contracts.settings import Settings
from profile_api.access import tallies
from profile_api.access.throttle import Limits
from profile_api.app import create_app
from profile_api.events.intake import Intake, weight_of
from profile_api.responses.errors import Problem
from stores.embedded import Stores
from stores.schema import audit
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, BEN, CHLOE, NOW, Features, write_people

TIGHT = Settings(demo=True, jwks_url=None, bot_rate="3/minute", bot_people="2/hour", staff_people="2/hour")
BOT, ADVISOR = Actor("chat", Role.BOT), Actor("claire", Role.ADVISOR)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tight(api_settings: Settings, engine: Engine, database_url: str) -> TestClient:
    write_people(engine)
    few = api_settings.model_copy(update={"bot_rate": "3/minute", "bot_people": "2/hour", "staff_people": "2/hour"})
    return TestClient(create_app(few, database_url, Features(), clock=lambda: NOW))


def test_a_bot_that_asks_too_often_for_a_purpose_is_told_when_to_come_back(tight: TestClient, headers: Headers) -> None:
    answers = [tight.get(f"/v1/profiles/{ANA}", headers=headers(Role.BOT)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["type"].endswith(":rate-limited") and "Durand" not in refused.text
    assert tight.get(f"/v1/profiles/{ANA}", headers=headers(Role.BOT, "advice")).status_code == 200
    assert tight.get(f"/v1/profiles/{ANA}", headers=headers(Role.ADVISOR)).status_code == 200


def test_whoever_asks_for_too_many_people_is_stopped_and_recorded(
    tight: TestClient, headers: Headers, engine: Engine
) -> None:
    asked = [ANA, BEN, ANA, CHLOE, "nobody", BEN]
    answers = [tight.get(f"/v1/profiles/{profile_id}", headers=headers()) for profile_id in asked]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429, 200]
    assert answers[3].content == answers[4].content, "a person that exists is refused like one that does not"
    assert int(answers[3].headers["retry-after"]) >= 1
    with engine.connect() as connection:
        rows = connection.execute(select(audit.c.outcome, audit.c.profile_id).order_by(audit.c.audit_id)).all()
    assert [row.outcome for row in rows] == [*["answered"] * 3, *["too-many-people"] * 2, "answered"]
    assert rows[3].profile_id is None


def test_guessing_counts_as_meeting_somebody_new_each_time(tight: TestClient, headers: Headers) -> None:
    guess = {"kind": "email", "value": "guess@inbox.example"}
    answers = [tight.post("/v1/profiles/lookup", json=guess, headers=headers()).status_code for _ in range(3)]
    assert answers == [404, 404, 429]


def test_workers_count_together_and_the_next_window_starts_anew(stores: Stores) -> None:
    clock, client = Clock(), dataclasses.replace(BOT, subject="together")
    one, other = (Limits(TIGHT, stores.redis_url, clock) for _ in range(2))
    assert [worker.count_distinct(client, who) for worker, who in ((one, "a"), (other, "b"), (other, "a"))] == [
        None
    ] * 3
    assert one.count_distinct(client, "c") and other.count_distinct(client, "c")
    assert one.count_distinct(client, "b") is None, "whom the actor met through another worker, they may meet again"
    admitted = [worker.check_rate(client, "service") is None for worker in (one, other, one, other)]
    assert admitted == [True, True, True, False]
    clock.now += 3600
    assert one.count_distinct(client, "c") is None
    with Redis.from_url(stores.redis_url) as redis:
        kept = [key for key in redis.scan_iter("ocv:*")]
        assert kept and all(redis.ttl(key) > 0 for key in kept)
        assert not any(b"together" in key for key in kept)


@pytest.mark.parametrize("role", [Role.ADVISOR, Role.CUSTOMER, Role.STEWARD])
def test_what_staff_and_customers_ask_in_all_is_counted_once_for_all_workers(stores: Stores, role: Role) -> None:
    settings = TIGHT.model_copy(update={"staff_rate": "3/minute", "customer_rate": "3/minute"})
    clock, client = Clock(), Actor(f"all {role}", role)
    workers = [Limits(settings, stores.redis_url, clock) for _ in range(2)]
    admitted = [worker.check_rate(client, purpose) is None for purpose in ("service", "advice") for worker in workers]
    assert admitted == [True, True, True, False]
    clock.now += 60
    assert workers[0].check_rate(client, "service") is None


def test_what_a_write_key_brings_in_is_counted_once_for_all_workers(stores: Stores) -> None:
    settings = TIGHT.model_copy(
        update={"write_rate": "5/minute", "write_key_rate": "8/minute", "write_people": "3/minute"}
    )
    clock = Clock()
    one, other = (Intake(settings, stores.redis_url, clock) for _ in range(2))

    def refused(worker: Intake, address: str, many: int) -> bool:
        try:
            worker.check_rate("app browser", address, many)
        except Problem as problem:
            return problem.status == 429 and 1 <= int((problem.headers or {})["Retry-After"]) <= 60
        return False

    assert [refused(worker, "10.0.0.1", 2) for worker in (one, other, one)] == [False, False, True]
    assert not refused(other, "10.0.0.1", 1), "nothing was counted of what was refused"
    assert [refused(worker, "10.0.0.2", 2) for worker in (one, other)] == [False, True], "eight of the key in all"
    one.count_distinct("app browser", "10.0.0.1", {"app:1", "app:2"})
    other.count_distinct("app browser", "10.0.0.1", {"app:2", "app:3"})
    with pytest.raises(Problem):
        one.count_distinct("app browser", "10.0.0.1", {"app:3", "app:4"})
    one.count_distinct("app browser", "10.0.0.1", {"app:3"})
    with Redis.from_url(stores.redis_url) as redis:
        kept = list(redis.scan_iter("ocv:*"))
        assert kept and all(redis.ttl(key) > 0 for key in kept)
        assert not any(b"10.0.0" in key or b"app" in key for key in kept)


def test_while_valkey_does_not_answer_each_worker_counts_for_itself() -> None:
    limits = Limits(TIGHT, "redis://127.0.0.1:1/0", Clock())
    assert [limits.check_rate(BOT, "service") is None for _ in range(4)] == [True, True, True, False]
    assert [limits.count_distinct(ADVISOR, who) is None for who in "aabc"] == [True, True, True, False]


def test_customers_are_not_counted_since_they_meet_themselves_alone() -> None:
    limits = Limits(TIGHT, None)
    assert all(limits.count_distinct(Actor("c", Role.CUSTOMER, ANA), str(number)) is None for number in range(9))


def test_a_message_full_of_addresses_counts_as_many_as_it_takes_to_look_through(stores: Stores) -> None:
    settings = TIGHT.model_copy(update={"write_rate": "12/minute", "write_key_rate": "90/minute"})
    intake = Intake(settings, stores.redis_url, Clock())
    full = json.dumps({"q": " ".join(f"a{number}@b\u00e9{number}.example" for number in range(99))}).encode()
    numbers = json.dumps({"q": " x ".join("06 12 34 50 98" for _ in range(20))}).encode()
    ordinary = json.dumps({"timestamp": "2026-12-01T10:00:00.000Z", "traits": {"email": "ana@inbox.example"}}).encode()
    for address, message, many in (("10.1.0.1", full, 1), ("10.1.0.2", numbers, 1), ("10.1.0.3", ordinary, 12)):
        for _ in range(many):
            intake.check_rate("app browser", address, weight_of([message]))
        with pytest.raises(Problem, match="Expected at most 12 messages"):
            intake.check_rate("app browser", address, weight_of([message] * 3))


@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_taken_in_advance_asks_nobody_and_never_lets_more_through(
    stores: Stores, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "PATIENCE", 60.0)  # on a busy machine one of so many answers may take long
    settings = TIGHT.model_copy(update={"write_rate": "1000/minute", "write_key_rate": "1000/minute"})
    clock = Clock()
    all_workers = [Intake(settings, stores.redis_url, clock) for _ in range(workers)]
    key, address, counts = f"app server {workers}", "10.2.0.1", {"asked": 0, "in advance": 0, "refused": 0}
    for number in range(1_200):
        worker = all_workers[number % workers]
        if worker.is_in_advance(key, address, 1):
            counts["in advance"] += 1
            continue
        try:
            worker.check_rate(key, address, 1)
            counts["asked"] += 1
        except Problem:
            counts["refused"] += 1
    assert counts["asked"] + counts["in advance"] == 1_000, "none is lost either while nobody else holds any"
    assert counts["in advance"] > 5 * counts["asked"]
    clock.now += 60
    assert not all_workers[0].is_in_advance(key, address, 1), "an advance ends with its window"


def test_a_stranger_with_few_messages_holds_nothing_of_the_key_in_advance(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "PATIENCE", 60.0)
    settings = TIGHT.model_copy(update={"write_rate": "1000/minute", "write_key_rate": "1000/minute"})
    one, other = (Intake(settings, stores.redis_url, Clock()) for _ in range(2))
    for number in range(250):
        for _ in range(3):
            one.check_rate("page browser", f"10.3.{number}.1", 1)
    for number in range(250):
        other.check_rate("page browser", f"10.4.{number}.1", 1)
    with pytest.raises(Problem):
        other.check_rate("page browser", "10.4.251.1", 1)
