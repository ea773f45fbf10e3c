"""Feedback through the API: a rejected suggestion stays away until its evidence changes, and nobody is rated."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import ProgrammingError

from consent.model import Role
from profile_api.engagement.feedback import MOST_A_DAY
from stores.schema import audit, profiles, restrictions, suggestion_feedback
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, BEN, CHLOE, DAN, NOW

REJECTED = {"outcome": "rejected", "reason": "done_already"}


def cards(client: TestClient, headers: Headers, of: str = ANA, attempts: int = 1, role: Role = Role.ADVISOR) -> Any:
    form = {"who": {"profile_id": of}, "channel": "phone", "intents": ["order_status"], "attempts": attempts}
    answer = client.post("/v1/engagement/next-step", json=form, headers=headers(role))
    return {one["source"]["rule"]: one["uuid"] for one in answer.json()["data"]["suggestions"]}


def give(client: TestClient, headers: Headers, of: str = ANA, role: Role = Role.ADVISOR, **more: Any) -> Any:
    form = {"suggestion": str(uuid4()), "rule": "start_where_it_stopped", **REJECTED, **more}
    return client.post(f"/v1/profiles/{of}/feedback", json=form, headers=headers(role, profile_id=of))


def test_a_rejected_suggestion_stays_away_for_everybody_until_its_evidence_changes(
    client: TestClient, headers: Headers
) -> None:
    before = cards(client, headers)
    assert before.keys() == {"complaint_first", "start_where_it_stopped"}
    rejected = before["start_where_it_stopped"]
    answer = give(client, headers, suggestion=rejected)
    assert (answer.status_code, answer.json()) == (
        201,
        {"profile_id": ANA, "suggestion": rejected, "outcome": "rejected"},
    )
    for role in (Role.ADVISOR, Role.BOT):
        assert cards(client, headers, role=role).keys() == {"complaint_first"}
    assert "start_where_it_stopped" in cards(client, headers, attempts=2), "one more attempt has failed"
    assert "start_where_it_stopped" in cards(client, headers, BEN), "of somebody else nothing was said"


@pytest.mark.parametrize("became", [{"outcome": "accepted", "reason": None}, {"outcome": "changed"}])
def test_a_suggestion_that_was_taken_up_may_come_again(
    client: TestClient, headers: Headers, became: dict[str, Any]
) -> None:
    before = cards(client, headers)
    assert give(client, headers, suggestion=before["start_where_it_stopped"], **became).status_code == 201
    assert cards(client, headers) == before
    give(client, headers, suggestion=before["start_where_it_stopped"])
    assert cards(client, headers) != before, "the latest word counts"
    give(client, headers, suggestion=before["start_where_it_stopped"], **became)
    assert cards(client, headers) == before


def test_nobody_floods_a_person_with_feedback(client: TestClient, headers: Headers) -> None:
    for _ in range(MOST_A_DAY):
        assert give(client, headers).status_code == 201
    refused = give(client, headers)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (429, "feedback-too-often")
    assert give(client, headers, BEN).status_code == 201


def test_feedback_is_kept_under_their_records_and_names_nobody_who_gave_it(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    given = {give(client, headers, role=role).status_code for role in (Role.ADVISOR, Role.BOT)}
    with engine.connect() as connection:
        rows = connection.execute(select(suggestion_feedback)).mappings().all()
        acts = connection.execute(select(audit)).all()
    assert given == {201} and {row["record_id"] for row in rows} == {"crm:42", "web:7"}
    actors = {act.actor for act in acts}
    for row in rows:
        assert row["given_on"] == NOW.date() and row["outcome"] == "rejected"
        assert not actors & {str(value) for value in row.values()} and not {"advisor", "bot"} & {
            *map(str, row.values())
        }
    for act in acts:
        assert (act.action, act.purpose, act.profile_id, act.outcome) == (
            "suggestion-feedback",
            "service",
            ANA,
            "answered",
        )
        assert "rejected" not in str(act.decision), "the audit does not say what it was"
    assert give(client, headers, DAN).status_code == 201, "also of who has no identifier at all"


def test_after_a_merge_what_either_rejected_stays_away_and_an_unmerge_gives_each_their_own(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    uuid = cards(client, headers)["start_where_it_stopped"]
    give(client, headers, BEN, suggestion=uuid)
    assert "start_where_it_stopped" in cards(client, headers)
    with engine.begin() as connection:
        before = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == ANA))
        his = connection.scalar(select(profiles.c.document).where(profiles.c.profile_id == BEN))["records"]
        merged = {**before, "records": [*before["records"], *his]}
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=merged))
    assert "start_where_it_stopped" not in cards(client, headers)
    with engine.begin() as connection:
        connection.execute(update(profiles).where(profiles.c.profile_id == ANA).values(document=before))
    assert "start_where_it_stopped" in cards(client, headers)
    assert "start_where_it_stopped" not in cards(client, headers, BEN)


def test_of_a_restricted_person_feedback_is_stored_and_not_used(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    uuid = cards(client, headers, CHLOE)["start_where_it_stopped"]
    with engine.begin() as connection:
        connection.execute(insert(restrictions).values(record_id="web:chloé", request_id="r_1", since=NOW))
    assert give(client, headers, CHLOE, suggestion=uuid).status_code == 201
    assert cards(client, headers, CHLOE)["start_where_it_stopped"] == uuid
    with engine.begin() as connection:
        connection.execute(delete(restrictions))
    assert "start_where_it_stopped" not in cards(client, headers, CHLOE)


def test_whoever_gets_no_suggestions_gives_no_feedback(client: TestClient, headers: Headers, engine: Engine) -> None:
    route, form = f"/v1/profiles/{ANA}/feedback", {"suggestion": str(uuid4()), "rule": "complaint_first", **REJECTED}
    for role, purpose, status in (
        (Role.CUSTOMER, "service", 403),
        (Role.STEWARD, "service", 403),
        (Role.PRIVACY_OFFICER, "privacy_rights", 403),
        (Role.ADVISOR, "advice", 403),
        (Role.ADVISOR, None, 400),
    ):
        sent = headers(role, purpose, ANA if role is Role.CUSTOMER else None)
        answer = client.post(route, json=form, headers=sent)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), role
    assert give(client, headers, "nobody").status_code == 404
    with engine.connect() as connection:
        assert connection.execute(select(suggestion_feedback)).all() == []
    assert give(client, headers, "p-old").json()["profile_id"] == ANA


def test_what_is_no_feedback_is_refused_and_nothing_is_stored(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"rule": "flatter_them"}, "suggestion-unknown"),
        ({"suggestion": "Ana"}, "invalid-request"),
        ({"outcome": "ignored"}, "invalid-request"),
        ({"reason": "Ana was rude"}, "invalid-request"),
        ({"reason": None}, "invalid-request"),
        ({"outcome": "changed", "reason": None}, "invalid-request"),
        ({"outcome": "accepted"}, "invalid-request"),
        ({"advisor": "a-1"}, "invalid-request"),
        ({"note": "she was rude"}, "invalid-request"),
    ]
    for form, kind in wrong:
        answer = give(client, headers, **form)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (422, kind), form
        assert "Ana" not in answer.text and "flatter" not in answer.text
    with engine.connect() as connection:
        assert connection.execute(select(suggestion_feedback)).all() == []


def test_no_feedback_is_changed_by_anybody(client: TestClient, headers: Headers, engine: Engine) -> None:
    give(client, headers)
    with pytest.raises(ProgrammingError, match="append-only"), engine.begin() as connection:
        connection.execute(update(suggestion_feedback).values(outcome="accepted"))
