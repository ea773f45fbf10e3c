"""Whom the gate denies for the purpose is never a candidate, and is answered as somebody who is not on file."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, delete, select, update

from consent.ledger import Entry, append
from consent.model import ConsentState, LegalBasis, Method, Role
from consent.parts import record_itself
from consent.purposes import published_purposes
from identity.callers import score
from stores.schema import audit, call_tries, profiles, restrictions
from tests.profile_api.callers.people_on_file import put_on_file, take_off_file
from tests.profile_api.conftest import Headers
from tests.profile_api.people import NOW

LEA = {
    "given_name": ["Lea"],
    "family_name": ["Diallo"],
    "birth_date": ["2 janvier 1980"],
    "email": ["lea dot diallo at inbox dot example"],
}
JEAN = {
    "given_name": ["Jean"],
    "family_name": ["Morel"],
    "number": ["L, two zero four eight one six"],
    "phone": ["0140000001"],
}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(client: TestClient, engine: Engine, headers: Headers) -> Ask:
    put_on_file(engine)

    def of(call: str, heard: dict[str, Any]) -> dict[str, Any]:
        body = {"call": call, "heard": heard, "region": "FR"}
        answered: Response = client.post("/v1/identity/identify", json=body, headers=headers(Role.BOT))
        answer = answered.raise_for_status().json()
        answer["candidates"] = [one["probability"] for one in answer["candidates"]]  # a handle is of one call
        return answer | {"audited": _last_audited(engine), "tries": _tries(engine)}

    return of


def _last_audited(engine: Engine) -> tuple[str, str | None]:
    with engine.connect() as connection:
        row = connection.execute(select(audit).order_by(audit.c.audit_id.desc()).limit(1)).one()
    return row.outcome, row.profile_id


def _tries(engine: Engine) -> list[tuple[int, int]]:
    """The tries counted since this was last asked."""
    with engine.begin() as connection:
        counted = connection.execute(select(call_tries.c.tries, call_tries.c.wrong).order_by(call_tries.c.window))
        found = [(row.tries, row.wrong) for row in counted]
        connection.execute(delete(call_tries))
    return found


@pytest.mark.parametrize(("profile_id", "heard"), [("p-lea", LEA), ("p-jean", JEAN)])
@pytest.mark.parametrize("said", ["everything", "a part"])
def test_a_restricted_person_is_answered_as_nobody_until_it_is_lifted(
    ask: Ask, client: TestClient, headers: Headers, engine: Engine, profile_id: str, heard: dict[str, Any], said: str
) -> None:
    heard = heard if said == "everything" else {name: heard[name] for name in ("given_name", "family_name")}
    before = ask("call-before", heard)
    assert before["verified"] == (said == "everything")
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    filed = client.post("/v1/requests", json={"kind": "restriction", "profile_id": profile_id}, headers=officer)
    path = f"/v1/requests/{filed.raise_for_status().json()['request_id']}"
    client.post(f"{path}/steps", json={"step": "check_identity", "note": "called back"}, headers=officer)
    restricted = ask("call-during", heard)
    assert (restricted["verified"], restricted["profile_id"]) == (False, None)
    client.post(f"{path}/lift", json={"note": "told"}, headers=officer).raise_for_status()
    assert ask("call-after-", heard)["verified"] == before["verified"]
    take_off_file(engine, profile_id)
    assert restricted == ask("call-nobody", heard)


def test_one_restricted_record_keeps_the_whole_person_from_being_found(ask: Ask, engine: Engine) -> None:
    with engine.begin() as connection:
        row = {"request_id": "r_1", "record_id": "crm:p-jean-0", "since": NOW}
        connection.execute(restrictions.insert().values(row))
    assert ask("call-0001", JEAN)["audited"] == ("wrong-try", None)  # the number is on the other record


def test_no_value_of_a_restricted_person_is_compared(ask: Ask, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.begin() as connection:
        row = {"request_id": "r_1", "record_id": "crm:p-lea-0", "since": NOW}
        connection.execute(restrictions.insert().values(row))
    compared: list[str] = []
    rank = score.Scorer.rank

    def listening(self: Any, heard: Any, candidates: Any, profiles: int) -> Any:
        compared.extend(one.profile_id for one in candidates)
        return rank(self, heard, candidates, profiles)

    monkeypatch.setattr(score.Scorer, "rank", listening)
    ask("call-0001", LEA | {"phone": ["01 40 00 00 01"], "family_name": ["Morel"]})
    assert compared and "p-lea" not in compared


def test_whose_retention_for_the_purpose_has_ended_is_answered_as_nobody(ask: Ask, engine: Engine) -> None:
    assert ask("call-before", LEA)["verified"]
    with engine.begin() as connection:
        long_ago = NOW - timedelta(days=6 * 366)  # kept still for what the law requires
        connection.execute(update(profiles).where(profiles.c.profile_id == "p-lea").values(updated_at=long_ago))
    ended = ask("call-ended-", LEA)
    assert not ended["verified"]
    take_off_file(engine, "p-lea")
    assert ended == ask("call-nobody", LEA)


@pytest.mark.parametrize(("basis", "found"), [(LegalBasis.CONTRACT, True), (LegalBasis.LEGITIMATE_INTEREST, False)])
def test_an_objection_counts_where_the_purpose_rests_on_a_legitimate_interest(
    ask: Ask, client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch, basis: LegalBasis, found: bool
) -> None:
    service = replace(published_purposes()["service"], legal_basis=basis)
    monkeypatch.setattr(cast(FastAPI, client.app).state.gate, "_purposes", {"service": service})
    with engine.begin() as connection:
        no = Entry(
            identifier=record_itself("crm:p-lea-0"),
            contact_point=None,
            purpose="service",
            state=ConsentState.REFUSED,
            decided_at=NOW - timedelta(days=1),
            channel="office",
            decided_through="office",
            method=Method.IMPORT,
            recorded_by="office",
            notice_version="2024-1",
            given_id="no-1",
        )
        append(connection, [no], NOW)
    assert ask("call-0001", LEA)["verified"] is found
