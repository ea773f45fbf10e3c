"""The dial through the API: stated in any channel, shown in every other, and the more human one after a merge."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from consent.model import Role
from profile_api.engagement.dial import MOST_A_DAY
from stores.schema import audit, dial_statements, identifiers, profiles, restrictions
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, CHLOE, DAN, NOW

CHAT, PHONE, APP = (Role.BOT, "chat"), (Role.ADVISOR, "phone"), (Role.CUSTOMER, "app")
NOTHING = {"overall": None, "topics": {}}


def state(client: TestClient, headers: Headers, position: int, who: Any = CHAT, of: str = ANA, **more: Any) -> Any:
    role, channel = who
    form = {"position": position, "channel": channel, **more}
    return client.post(f"/v1/profiles/{of}/dial", json=form, headers=headers(role, profile_id=of))


def shown(client: TestClient, headers: Headers, of: str = ANA, role: Role = Role.ADVISOR) -> Any:
    return client.get(f"/v1/profiles/{of}/dial", headers=headers(role, profile_id=of)).json()["data"]


def context(client: TestClient, headers: Headers, of: str = ANA, purpose: str = "service") -> Any:
    answer = client.post("/v1/bot/context", json={"profile_id": of}, headers=headers(Role.BOT, purpose))
    return answer.json()["data"]["dial"]


@pytest.mark.parametrize("who", [CHAT, PHONE, APP])
def test_what_is_stated_in_one_channel_is_shown_in_every_other(client: TestClient, headers: Headers, who: Any) -> None:
    assert shown(client, headers) == context(client, headers) == NOTHING
    assert state(client, headers, 10, who).status_code == 201
    role, channel = who
    position = {"position": 10, "stated_at": "2024-05-01T12:00:00Z", "channel": channel, "stated_through": role.value}
    for reader in (Role.CUSTOMER, Role.ADVISOR, Role.BOT):
        assert shown(client, headers, role=reader) == {"overall": position, "topics": {}}
    assert context(client, headers)["overall"] == position
    assert context(client, headers, purpose="advice") is None


def test_a_statement_is_kept_under_her_records_with_source_time_and_channel(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    yesterday = NOW - timedelta(days=1)
    state(client, headers, 90, topic="orders", stated_at=yesterday.isoformat())
    with engine.connect() as connection:
        rows = connection.execute(select(dial_statements)).all()
        (act,) = connection.execute(select(audit)).all()
    assert {row.record_id for row in rows} == {"crm:42", "web:7"}
    for row in rows:
        assert (row.topic, row.position, row.channel, row.stated_through) == ("orders", 90, "chat", "bot")
        assert (row.stated_at, row.received_at) == (yesterday, NOW) and row.recorded_by
    assert (act.action, act.role, act.purpose, act.profile_id) == ("dial-state", "bot", "service", ANA)
    state(client, headers, 0, of=DAN)
    assert shown(client, headers, DAN)["overall"]["position"] == 0, "also who has no identifier at all"
    state(client, headers, 10, of=BEN, stated_at=(NOW + timedelta(days=9)).isoformat())
    assert shown(client, headers, BEN)["overall"]["stated_at"] == "2024-05-01T12:00:00Z", "and no later than it came"


def test_a_topic_stands_apart_and_a_late_move_to_self_service_counts_for_nothing(
    client: TestClient, headers: Headers
) -> None:
    state(client, headers, 20)
    state(client, headers, 100, APP, topic="orders")
    late = state(client, headers, 80, stated_at=(NOW - timedelta(hours=1)).isoformat()).json()
    assert late == {"profile_id": ANA, "topic": None, "position": 80}, "what counts is not told to whoever may only say"
    data = shown(client, headers)
    assert (data["overall"]["position"], data["topics"]["orders"]["position"]) == (20, 100)


def test_after_a_merge_the_more_human_one_counts_and_an_unmerge_gives_each_their_own(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    state(client, headers, 90)
    state(client, headers, 30, of=BEN)
    with engine.begin() as connection:
        before = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == ANA))
        his = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == BEN))["records"]
        merged = {**before, "records": [*before["records"], *his]}
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=merged))
    assert shown(client, headers)["overall"]["position"] == context(client, headers)["overall"]["position"] == 30
    with engine.begin() as connection:
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=before))
    assert shown(client, headers)["overall"]["position"] == 90
    assert shown(client, headers, BEN)["overall"]["position"] == 30


def test_nobody_who_has_an_address_of_hers_later_gets_her_wishes_with_it(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    state(client, headers, 5)
    with engine.begin() as connection:
        his = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == BEN))
        hers = {"kind": "email", "value": ANA_EMAIL, "category": "contact"}
        shared = {**his, "identifiers": [*his["identifiers"], hers]}
        connection.execute(update(profiles).where(profiles.c.profile_id == BEN).values(document=shared))
        connection.execute(insert(identifiers).values(kind="email", value=ANA_EMAIL, profile_id=BEN))
    assert shown(client, headers, BEN) == context(client, headers, BEN) == NOTHING
    assert shown(client, headers)["overall"]["position"] == 5


def test_nobody_is_turned_about_without_end(client: TestClient, headers: Headers, engine: Engine) -> None:
    for position in range(MOST_A_DAY):
        assert state(client, headers, position, topic="orders" if position % 2 else None).status_code == 201
    refused = state(client, headers, 7)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (429, "dial-changed-too-often")
    assert refused.headers["retry-after"] and state(client, headers, 7, of=BEN).status_code == 201
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE dial_statements DISABLE TRIGGER append_only"))
        connection.execute(update(dial_statements).values(received_at=NOW - timedelta(days=1)))
    assert state(client, headers, 7).status_code == 201


def test_a_topic_is_one_of_the_rules_and_a_channel_one_of_the_purposes(client: TestClient, headers: Headers) -> None:
    for topic in ("Orders", "sylvain_martin_33612345678"):
        answer = state(client, headers, 20, topic=topic)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "topic-unknown")
        assert "orders" in answer.json()["valid"] and topic not in answer.text
    answer = state(client, headers, 20, (Role.BOT, "sylvain_martin"))
    assert answer.status_code == 422 and "chat" in answer.text and "sylvain" not in answer.text


def test_customers_state_and_read_their_own_alone_and_other_roles_and_purposes_do_neither(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    route, form = f"/v1/profiles/{ANA}/dial", {"position": 0, "channel": "app"}
    ben = headers(Role.CUSTOMER, "service", BEN)
    unknown = client.post("/v1/profiles/nobody/dial", json=form, headers=ben)
    assert unknown.status_code == 404 and client.post(route, json=form, headers=ben).content == unknown.content
    assert client.get(route, headers=ben).status_code == 404
    for role, purpose, status in (
        (Role.STEWARD, "service", 403),
        (Role.PRIVACY_OFFICER, "privacy_rights", 403),
        (Role.BOT, "advice", 403),
        (Role.BOT, None, 400),
    ):
        sent = headers(role, purpose)
        for answer in (client.post(route, json=form, headers=sent), client.get(route, headers=sent)):
            assert answer.status_code == status, role
            assert answer.headers["content-type"] == "application/problem+json"
    with engine.connect() as connection:
        assert connection.execute(select(dial_statements)).all() == []
    merged = client.get("/v1/profiles/p-old/dial", headers=headers()).json()
    assert (merged["profile_id"], merged["requested_id"], merged["data"]) == (ANA, "p-old", NOTHING)


@pytest.mark.parametrize(
    "wrong",
    [
        {"position": 101},
        {"position": -1},
        {"position": "20"},
        {"position": 20.5},
        {"position": None},
        {"channel": None},
        {"channel": "Ana's phone"},
        {"topic": "with blanks"},
        {"topic": "a\x00b"},
        {"stated_at": "2024-05-01T12:00:00"},
        {"identifier": ANA_EMAIL},
    ],
)
def test_what_is_no_statement_is_refused(client: TestClient, headers: Headers, wrong: dict[str, Any]) -> None:
    form = {"position": 20, "channel": "chat"} | wrong
    answer = client.post(f"/v1/profiles/{ANA}/dial", json=form, headers=headers(Role.BOT))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, "invalid-request")


def test_a_restricted_persons_dial_is_stored_and_not_shown(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    state(client, headers, 10, of=CHLOE)
    with engine.begin() as connection:
        connection.execute(insert(restrictions).values(record_id="web:chloé", request_id="r_1", since=NOW))
    assert state(client, headers, 0, of=CHLOE).status_code == 201
    answer = client.get(f"/v1/profiles/{CHLOE}/dial", headers=headers()).json()
    assert answer["data"] == NOTHING and {one["category"] for one in answer["withheld"]} >= {"communication"}
    assert context(client, headers, CHLOE) is None


def test_no_statement_is_changed_by_anybody(client: TestClient, headers: Headers, engine: Engine) -> None:
    state(client, headers, 10)
    with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
        connection.execute(update(dial_statements).values(position=90))
    assert shown(client, headers)["overall"]["position"] == 10
