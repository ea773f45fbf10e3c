"""The law's list: every request is answered in time, in a letter, and what can't be undone takes two."""

from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, update

from consent.model import Role
from consent.notices import LANGUAGES
from consent.purposes import published_purposes
from consent.requests import RequestKind, RequestState
from contracts.settings import Settings
from erasure.four_eyes import check, confirmed
from erasure.journal import NotErasable
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer
from profile_api.privacy_requests.letters import Answered, Outcome, written
from profile_api.privacy_requests.wording import words
from stores.schema import privacy_requests
from tests.attacks.test_law_bundle import CODE
from tests.profile_api.conftest import CASE, Headers
from tests.profile_api.people import ANA, BEN, NOW, Features, write_people

PURPOSES = published_purposes()
OFFICER = (Role.PRIVACY_OFFICER, "privacy_rights")


def file(client: TestClient, headers: Headers, kind: str, person: str = ANA, **more: Any) -> str:
    body = {"kind": kind, "profile_id": person, **more}
    return str(client.post("/v1/requests", json=body, headers=headers(*OFFICER)).json()["request_id"])


def step(client: TestClient, headers: Headers, request_id: str, step: str, note: str = "seen") -> None:
    path = f"/v1/requests/{request_id}/steps"
    assert client.post(path, json={"step": step, "note": note}, headers=headers(*OFFICER)).status_code == 200


def test_the_due_list_says_what_to_do_next_until_when(client: TestClient, headers: Headers, engine: Engine) -> None:
    filed = {kind: file(client, headers, kind) for kind in ("access", "erasure", "portability")}
    step(client, headers, filed["access"], "check_identity")
    step(client, headers, filed["erasure"], "check_identity")
    rectified = file(client, headers, "rectification", BEN, fields={"city": "Lille"})
    step(client, headers, rectified, "check_identity")
    step(client, headers, rectified, "start")
    refused = file(client, headers, "erasure", BEN)
    step(client, headers, refused, "refuse", "must be kept")
    with engine.begin() as connection:
        late = update(privacy_requests).where(privacy_requests.c.request_id == filed["portability"])
        connection.execute(late.values(due_on=NOW.date().replace(day=1).replace(month=4)))
    due = client.get("/v1/requests/due", headers=headers(*OFFICER)).json()["due"]
    assert {one["id"]: one["next_action"] for one in due} == {
        filed["portability"]: "check_identity",
        filed["access"]: "send_bundle",
        filed["erasure"]: "start",
        rectified: "put_right",
    }
    assert (due[0]["id"], due[0]["overdue"], due[0]["days_left"]) == (filed["portability"], True, -30)
    assert (due[1]["due_on"], due[1]["days_left"]) == ("2024-06-01", 31)
    for role in (Role.CUSTOMER, Role.ADVISOR):
        asked = headers(role, "privacy_rights", ANA)
        assert client.get("/v1/requests/due", headers=asked).status_code == 403


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_a_letter_for_every_kind_and_outcome_in_every_language(language: str) -> None:
    seen = set()
    for kind, outcome in product(RequestKind, [*get_args(Outcome)]):
        about = Answered("r_1", kind, outcome, NOW, "2024-06-01", "Ana Durand", "must be kept", ("Offers",))
        letter = written(about, words(language), NOW)
        text, page = letter.as_text(), letter.as_page(language)
        assert "Ana Durand" in text and "r_1" in text and "privacy@maison.example" in text
        assert not CODE.findall(text.replace("r_1", "")), text
        assert f'<html lang="{language}">' in page
        told = outcome in ("extended", "refused", "lifting", "lifted")
        assert ("must be kept" in text) == told, "the reason is told where the law wants it told"
        answered = outcome not in ("received", "checked")
        assert ("CNIL" in text) == answered, "and how to complain"
        seen.add(text)
    assert len(seen) == len(RequestKind) * len(get_args(Outcome)), "each says something of its own"


def test_a_request_is_answered_by_its_letter(client: TestClient, headers: Headers) -> None:
    request_id = file(client, headers, "erasure")
    officer, path = headers(*OFFICER), f"/v1/requests/{request_id}/letter"
    first = client.get(path, params={"format": "text"}, headers=officer)
    assert "Bonjour Ana Durand," in first.text and first.headers["content-language"] == "fr"
    note = "<script>invoices</script>"
    step(client, headers, request_id, "refuse", note)
    mine = headers(Role.CUSTOMER, "privacy_rights", "p-old")
    english = client.get(path, params={"language": "en"}, headers=mine)
    assert "We can&#39;t do what you ask" in english.text and "&lt;script&gt;" in english.text
    assert "<script>" not in english.text
    assert client.get(path, headers=headers(Role.CUSTOMER, "privacy_rights", BEN)).status_code == 404


def letter_of(client: TestClient, headers: Headers, request_id: str, **asked: Any) -> str:
    path, asked = f"/v1/requests/{request_id}/letter", {"format": "text", "language": "en"} | asked
    answer = client.get(path, params=asked, headers=headers(*OFFICER))
    return answer.text if answer.status_code == 200 else str(answer.status_code)


def test_the_letter_about_an_objection_says_what_stopped_and_what_goes_on_and_why(
    client: TestClient, headers: Headers
) -> None:
    asked = ["advice", "fraud_prevention"]
    request_id = file(client, headers, "objection", purposes=asked)
    step(client, headers, request_id, "check_identity")
    grounds = {"kind": "compelling_grounds", "purpose": "fraud_prevention", "reason": "An order is under inquiry."}
    made = client.post(f"/v1/profiles/{ANA}/determinations", json=grounds, headers=headers(*OFFICER)).json()
    step(client, headers, request_id, "complete")
    names = {one: PURPOSES[one].name for one in asked}
    english = letter_of(client, headers, request_id)
    [stopped] = [one for one in english.splitlines() if "We have stopped" in one]
    [on] = [one for one in english.splitlines() if "We go on" in one]
    assert names["advice"]["en"] in stopped and names["fraud_prevention"]["en"] not in stopped
    assert names["fraud_prevention"]["en"] in on and "An order is under inquiry." in on
    french = letter_of(client, headers, request_id, language="fr")
    [stopped] = [one for one in french.splitlines() if "Nous avons cessé" in one]
    [on] = [one for one in french.splitlines() if "Nous continuons" in one]
    assert names["fraud_prevention"]["fr"] in on and names["fraud_prevention"]["fr"] not in stopped
    client.post(f"/v1/determinations/{made['determination_id']}/revoke", headers=headers(*OFFICER))
    assert "We go on" in letter_of(client, headers, request_id), "it answers as of the day on which it was answered"


def test_an_objection_that_is_outweighed_in_everything_says_that_nothing_stopped(
    client: TestClient, headers: Headers
) -> None:
    request_id = file(client, headers, "objection", purposes=["fraud_prevention"])
    step(client, headers, request_id, "check_identity")
    grounds = {"kind": "compelling_grounds", "purpose": "fraud_prevention", "reason": "An order is under inquiry."}
    client.post(f"/v1/profiles/{ANA}/determinations", json=grounds, headers=headers(*OFFICER))
    step(client, headers, request_id, "complete")
    text = letter_of(client, headers, request_id)
    assert "We go on" in text and "We have stopped" not in text


def test_the_end_of_a_restriction_is_announced_and_told(client: TestClient, headers: Headers) -> None:
    request_id = file(client, headers, "restriction")
    assert letter_of(client, headers, request_id, announces_end=True) == "409", "nothing is restricted yet"
    step(client, headers, request_id, "check_identity")
    step(client, headers, request_id, "complete")
    assert "do not use it" in letter_of(client, headers, request_id)
    assert "about to end" in letter_of(client, headers, request_id, announces_end=True)
    note = {"note": "The address was confirmed."}
    assert client.post(f"/v1/requests/{request_id}/lift", json=note, headers=headers(*OFFICER)).status_code == 200
    text = letter_of(client, headers, request_id)
    assert "has ended" in text and note["note"] in text and "do not use it" not in text
    assert letter_of(client, headers, request_id, announces_end=True) == "409"


def test_the_letter_about_an_erasure_needs_nobody_to_be_there(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    request_id = file(client, headers, "erasure")
    with engine.begin() as connection:
        gone = {"profile_id": "erased:0", "state": RequestState.DONE.value, "details": {}}
        connection.execute(update(privacy_requests).values(gone))
    text = client.get(f"/v1/requests/{request_id}/letter?format=text", headers=headers(*OFFICER)).text
    assert "Madame, Monsieur," in text and "Nous avons effacé" in text and "Ana" not in text


@pytest.fixture
def two_officers(
    api_settings: Settings, engine: Engine, database_url: str, issuer: DemoIssuer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[TestClient, list[str], dict[str, dict[str, str]]]]:
    """A service in which erasing takes four eyes, what it started, and the headers of two officers."""
    write_people(engine)
    settings = api_settings.model_copy(update={"four_eyes": True})
    app: FastAPI = create_app(settings, database_url, Features(), clock=lambda: NOW)
    started: list[str] = []
    app.state.start_erasing = started.append
    verifier = app.state.verifier
    token = issuer.token(Role.PRIVACY_OFFICER, NOW)
    asked = {"Authorization": f"Bearer {token}", "Purpose": "privacy_rights", CASE: "case-1"}

    async def actor_soon(text: str) -> Any:
        name, _, rest = text.partition("~")
        found = await type(verifier).actor_soon(verifier, rest or name)
        return type(found)(name, found.role, found.profile_id) if rest else found

    monkeypatch.setattr(verifier, "actor_soon", actor_soon)
    named = {one: asked | {"Authorization": f"Bearer {one}~{token}"} for one in ("first", "second")}
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client, started, named


def test_erasing_takes_a_second_officer_where_it_is_configured(
    two_officers: tuple[TestClient, list[str], dict[str, dict[str, str]]], engine: Engine
) -> None:
    client, started, named = two_officers
    body = {"kind": "erasure", "profile_id": ANA}
    request_id = client.post("/v1/requests", json=body, headers=named["first"]).json()["request_id"]
    path = f"/v1/requests/{request_id}"
    for one in ("check_identity", "start"):
        client.post(f"{path}/steps", json={"step": one, "note": "seen"}, headers=named["first"])
    proposed = client.post(f"{path}/erasure", headers=named["first"]).json()
    assert (proposed["steps"][-1]["step"], started) == ("propose_erasure", [])
    [waiting] = client.get("/v1/requests/due", headers=named["second"]).json()["due"]
    assert waiting["next_action"] == "confirm_erasure"
    again = client.post(f"{path}/erasure", headers=named["first"])
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "second-officer-needed")
    with engine.connect() as connection, pytest.raises(NotErasable, match="another confirmed"):
        check(connection, [request_id])  # nor does the command go round it
    assert started == []
    confirmed_by = client.post(f"{path}/erasure", headers=named["second"])
    assert (confirmed_by.status_code, started) == (202, [request_id])
    with engine.connect() as connection:
        check(connection, [request_id])
    assert client.post(f"{path}/erasure", headers=named["first"]).status_code == 202, "it was confirmed: anyone repeats"


def test_four_eyes_are_two_people() -> None:
    assert not confirmed([]) and not confirmed([("erase", "a")])
    assert not confirmed([("propose_erasure", "a"), ("erase", "a")])
    assert not confirmed([("erase", "b"), ("propose_erasure", "a")]), "in this order"
    assert confirmed([("propose_erasure", "a"), ("erase", "b")])
