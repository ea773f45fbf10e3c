import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, func, select, update

from consent.model import Role
from profile_api.callers.queries import tries as identify_tries
from stores.schema import audit, call_tries, record_keys
from tests.profile_api.callers.people_on_file import PEOPLE, put_on_file, take_off_file

Ask = Callable[..., Response]
MARIE = {"given_name": ["Marie"], "family_name": ["Morel"], "postcode": ["75011"]}
HOUSEHOLD = {"family_name": ["Morel"], "street": ["12 rue des Lilas"], "phone": ["01 40 00 00 01"]}


@pytest.fixture
def ask(client: TestClient, engine: Engine, headers: Callable[..., dict[str, str]]) -> Ask:
    """Asks who is calling, among the people of `callers.py`."""
    put_on_file(engine)

    def of(call: str = "call-0001", role: Role = Role.BOT, purpose: str = "service", **heard: Any) -> Response:
        body = {"call": call, "heard": heard, "region": "FR"}
        return client.post("/v1/identity/identify", json=body, headers=headers(role, purpose, "p-lea"))

    return of


def audited(engine: Engine) -> list[tuple[str, str | None]]:
    with engine.connect() as connection:
        rows = connection.execute(select(audit).where(audit.c.action == "identify").order_by(audit.c.audit_id)).all()
    assert not any(text in json.dumps(row.decision) for row in rows for text in ("Morel", "1953", "75011"))
    return [(row.outcome, row.profile_id) for row in rows]


def test_a_caller_is_verified_step_by_step_and_only_then_is_the_profile_named(ask: Ask, engine: Engine) -> None:
    first = ask(given_name=["Marie"], family_name=["M, O, R as in Robert, E, L"]).json()
    assert (first["verified"], first["profile_id"], first["candidates"], first["ask"]) == (
        False,
        None,
        [],
        "birth_date",
    )
    second = ask(**MARIE, role=Role.ADVISOR).json()
    assert not second["verified"] and second["profile_id"] is None
    assert [set(one) for one in second["candidates"]] == [{"handle", "probability"}] * len(second["candidates"])
    assert sum(one["probability"] for one in second["candidates"]) + second["none_of_them"] == pytest.approx(
        1, abs=0.05
    )
    assert second["ask"] == "birth_date"
    third = ask(**MARIE, birth_date=["deux juillet mille neuf cent cinquante-trois"], role=Role.ADVISOR).json()
    assert third["verified"] and third["profile_id"] == "p-marie" and third["ask"] is None
    assert third["candidates"][0]["handle"] == second["candidates"][0]["handle"]
    assert audited(engine) == [("not-identified", None), ("not-identified", None), ("identified", "p-marie")]


def test_a_household_is_several_candidates_with_the_field_that_separates_them(ask: Ask) -> None:
    found = ask(**HOUSEHOLD).json()
    assert not found["verified"]
    assert found["candidates"] == [] or max(one["probability"] for one in found["candidates"]) < 0.5
    named = ask(**HOUSEHOLD, given_name=["Jean"]).json()
    assert len(named["candidates"]) >= 2 and max(one["probability"] for one in named["candidates"]) < 0.6
    assert named["ask"] == "birth_date"
    born = ask(**HOUSEHOLD, given_name=["Jean"], birth_date=["27/11/1984"]).json()
    assert born["profile_id"] == "p-son"


def test_what_anybody_can_look_up_verifies_nobody(ask: Ask) -> None:
    directory = {"given_name": ["Lea"], "family_name": ["Diallo"], "street": ["3 quai Sud"], "postcode": ["69001"]}
    found = ask(**directory, city=["Lyon"], email=["lea dot diallo at inbox dot example"]).json()
    assert not found["verified"] and found["candidates"][0]["probability"] > 0.95
    assert found["ask"] == "birth_date"
    assert ask(**directory, birth_date=["2 janvier"]).json()["verified"] is False  # half a date is no secret
    assert ask(**directory, birth_date=["2 janvier 1980"]).json()["profile_id"] == "p-lea"


def test_a_stated_number_is_as_good_as_a_birth_date(ask: Ask) -> None:
    found = ask(
        number=["L, two zero four eight one six"], given_name=["Jean"], family_name=["Morel"], phone=["0140000001"]
    )
    assert found.json()["profile_id"] == "p-jean"


def test_nobody_and_somebody_below_the_threshold_are_answered_alike(ask: Ask) -> None:
    somebody = ask(call="call-of-somebody", number=["l-204816"])
    nobody = ask(call="call-of-nobody-", number=["l-999999"])
    assert somebody.json() == nobody.json()
    unlike = ask(given_name=["Marie"], family_name=["Morel"], birth_date=["25/12/1999"], city=["Marseille"]).json()
    unknown = ask(given_name=["Zoe"], family_name=["Quux"], birth_date=["25/12/1999"], city=["Marseille"]).json()
    assert unlike | {"wrong_tries_left": 0} == unknown | {"wrong_tries_left": 0}
    taken = [one.elapsed for one in (somebody, nobody)]
    assert all(one >= timedelta(milliseconds=40) for one in taken)


def test_wrong_tries_of_a_call_end(ask: Ask, engine: Engine) -> None:
    for day in range(10, 10 + identify_tries.WRONG_OF_A_CALL):
        assert ask(**MARIE, birth_date=[f"{day}/07/1953"]).status_code == 200
    refused = ask(**MARIE, birth_date=["02/07/1953"])
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (429, "too-many-tries")
    assert int(refused.headers["Retry-After"]) > 0
    assert audited(engine)[-2:] == [("wrong-try", None), ("too-many-tries", None)]
    assert ask(call="another-call", **MARIE, birth_date=["02/07/1953"]).json()["verified"]


def test_wrong_tries_of_an_hour_end_whatever_the_call(
    ask: Ask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(identify_tries.WRONG_OF_AN_HOUR, Role.ADVISOR, 2)
    for call in ("call-aaaa", "call-bbbb"):
        assert ask(call, Role.ADVISOR, **MARIE, birth_date=["01/01/1990"]).status_code == 200
    assert ask("call-cccc", Role.ADVISOR, **MARIE).status_code == 429
    assert ask("call-cccc", Role.BOT, **MARIE).status_code == 200
    with engine.begin() as connection:  # an hour later
        connection.execute(update(call_tries).values(window=func.replace(call_tries.c.window, "hour", "past hour")))
    assert ask("call-cccc", Role.ADVISOR, **MARIE).status_code == 200


def test_what_the_caller_cannot_tell_is_not_asked_again(ask: Ask, client: TestClient, headers: Any) -> None:
    body = {"call": "call-0001", "heard": MARIE, "cannot_tell": ["birth_date", "phone"]}
    found = client.post("/v1/identity/identify", json=body, headers=headers()).json()
    assert found["candidates"] and found["ask"] == "email"


def test_five_guesses_in_one_request_are_no_birth_date(ask: Ask) -> None:
    found = ask(**MARIE, birth_date=[f"{day:02d}/07/1953" for day in range(1, 6)]).json()
    assert not found["verified"] and found["wrong_tries_left"] == identify_tries.WRONG_OF_A_CALL - 1


def test_the_tries_hold_nothing_that_was_said_or_by_which_call(ask: Ask, engine: Engine) -> None:
    ask(call="0140000001-call", **MARIE)
    with engine.connect() as connection:
        rows = [str(tuple(row)) for row in connection.execute(select(call_tries))]
    assert rows and not any(said in row for row in rows for said in ("0140000001", "Morel", "75011", "p-marie"))


@pytest.mark.parametrize(
    ("role", "purpose", "kind"),
    [
        (Role.CUSTOMER, "service", "role-not-permitted"),
        (Role.STEWARD, "service", "role-not-permitted"),
        (Role.ADVISOR, "advice", "purpose-not-suited"),
        (Role.BOT, "marketing_email", "purpose-not-suited"),
    ],
)
def test_only_advisors_and_bots_find_out_who_calls_and_only_to_serve(
    ask: Ask, role: Role, purpose: str, kind: str
) -> None:
    refused = ask(role=role, purpose=purpose, **MARIE)
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, kind)


def test_a_record_that_goes_is_found_no_more(ask: Ask, engine: Engine) -> None:
    take_off_file(engine, "p-lea")
    found = ask(given_name=["Lea"], family_name=["Diallo"], birth_date=["1980-01-02"], postcode=["69001"]).json()
    assert found["candidates"] == [] and not found["verified"]
    with engine.connect() as connection:
        assert not connection.scalar(select(func.count()).where(record_keys.c.record_id.like("%p-lea%")))
    assert set(PEOPLE) > {"p-marie"} and ask(**MARIE, birth_date=["1953-07-02"]).json()["profile_id"] == "p-marie"


def test_a_request_that_says_nothing_or_too_much_is_refused_without_repeating_it(ask: Ask) -> None:
    for heard in (
        {},
        {"birth_date": ["secret"] * 6},
        {"password": ["secret"]},
        {"city": [{"text": "secret", "confidence": 2}]},
    ):
        refused = ask(**heard)
        assert refused.status_code == 422 and "secret" not in refused.text
