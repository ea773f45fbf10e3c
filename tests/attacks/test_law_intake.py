"""The law's list: whoever is known by no profile can ask, and is answered in time."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, insert, select, text

from consent.model import Role
from contracts.identifiers import Identifier
from erasure.operational.intakes import forget, forget_or_redact, redact
from erasure.people.redaction import ERASED
from erasure.people.subject import Subject
from stores.schema import identifiers, intakes, metadata
from tests.attacks.test_law_bundle import bundle
from tests.profile_api.conftest import CASE, Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, NOW

OFFICER = (Role.PRIVACY_OFFICER, "privacy_rights")
SAID = "I was a customer once, erase Gustave Otherman"


def take(client: TestClient, headers: Headers, **form: Any) -> dict[str, Any]:
    body = {"kind": "access", "channel": "letter", "name": "Gustave Otherman", **form}
    answer = client.post("/v1/intakes", json=body, headers=headers(*OFFICER))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_request_without_a_profile_is_taken_in_and_due_from_the_day_it_came(
    client: TestClient, headers: Headers
) -> None:
    came = NOW - timedelta(days=20)
    taken = take(client, headers, received_at=came.isoformat(), contact_kind="email", contact="G.O@Inbox.example")
    assert (taken["state"], taken["due_on"], taken["contact"]) == ("open", "2024-05-11", "g.o@inbox.example")
    [waiting] = client.get("/v1/requests/due", headers=headers(*OFFICER)).json()["due"]
    assert (waiting["what"], waiting["next_action"], waiting["days_left"]) == ("intake", "match", 10)
    letter = client.get(f"/v1/intakes/{taken['intake_id']}/letter?format=text", headers=headers(*OFFICER)).text
    assert "Bonjour Gustave Otherman," in letter and "11 mai 2024" in letter
    for form, detail in (
        ({"name": None}, "a name, or a `contact`"),
        ({"received_at": (NOW + timedelta(days=1)).isoformat()}, "in the past"),
        ({"contact_kind": "email", "contact": "no address"}, "email"),
    ):
        body = {"kind": "access", "channel": "letter", "name": "x"} | form
        refused = client.post("/v1/intakes", json=body, headers=headers(*OFFICER))
        assert (refused.status_code, detail in refused.json()["detail"]) == (422, True), refused.text
    for role in (Role.CUSTOMER, Role.ADVISOR):
        asked = headers(role, "privacy_rights", ANA)
        assert client.get("/v1/intakes", headers=asked).status_code == 403


def test_what_is_claimed_in_an_intake_joins_finds_and_changes_nobody(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    def everything() -> dict[str, Any]:
        with engine.connect() as connection:
            counted = {
                one.name: connection.scalar(select(func.count()).select_from(one)) for one in metadata.sorted_tables
            }
            held = connection.execute(select(identifiers).order_by(*identifiers.c)).all()
        return {name: count for name, count in counted.items() if name not in ("intakes", "audit")} | {"held": held}

    before, lookup = everything(), {"kind": "email", "value": "new@inbox.example"}
    taken = take(client, headers, kind="erasure", contact_kind="email", contact=ANA_EMAIL, name="Ana Durand")
    take(client, headers, contact_kind="email", contact="new@inbox.example")
    assert everything() == before, "a claim is kept apart"
    assert client.post("/v1/profiles/lookup", json=lookup, headers=headers()).status_code == 404
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    assert client.get("/v1/requests", headers=mine).json()["requests"] == []
    assert client.get(f"/v1/requests/{taken['intake_id']}", headers=mine).status_code == 404


def test_an_officer_matches_it_and_the_identity_is_still_to_be_checked(client: TestClient, headers: Headers) -> None:
    came = NOW - timedelta(days=20)
    taken = take(client, headers, received_at=came.isoformat(), said=SAID)
    path, officer = f"/v1/intakes/{taken['intake_id']}", headers(*OFFICER)
    looked = {"kind": "email", "value": ANA_EMAIL}
    by_intake = officer | {CASE: taken["intake_id"]}
    assert client.post("/v1/profiles/lookup", json=looked, headers=by_intake).status_code == 200
    assert client.post(f"{path}/match", json={"profile_id": "nobody"}, headers=officer).status_code == 404
    odd = client.post(f"{path}/match", json={"profile_id": ANA, "purposes": ["advice"]}, headers=officer)
    assert odd.status_code == 422
    filed = client.post(f"{path}/match", json={"profile_id": ANA}, headers=officer)
    assert filed.status_code == 201
    request = filed.json()
    assert (request["state"], request["due_on"], request["kind"]) == ("received", "2024-05-11", "access")
    again = client.post(f"{path}/match", json={"profile_id": BEN}, headers=officer)
    assert (again.status_code, again.json()["type"].rpartition(":")[2]) == (409, "step-not-possible")
    assert client.get(f"/v1/profiles/{ANA}", headers=by_intake).status_code == 200
    other = client.get(f"/v1/profiles/{BEN}", headers=by_intake)
    assert other.status_code == 403, "a matched intake is a case of its person alone"
    unknown = client.get(f"/v1/profiles/{ANA}", headers=officer | {CASE: "i_123456"})
    assert unknown.status_code == 403
    matched = client.get("/v1/intakes?state=matched", headers=officer).json()["intakes"]
    assert [one["request_id"] for one in matched] == [request["request_id"]]


@pytest.mark.parametrize("kind", ["objection", "rectification"])
def test_what_a_kind_needs_is_said_when_it_is_matched(client: TestClient, headers: Headers, kind: str) -> None:
    path = f"/v1/intakes/{take(client, headers, kind=kind)['intake_id']}/match"
    needed = {"objection": {"purposes": ["advice"]}, "rectification": {"fields": {"city": "Lille"}}}[kind]
    officer = headers(*OFFICER)
    assert client.post(path, json={"profile_id": ANA}, headers=officer).status_code == 422
    assert client.post(path, json={"profile_id": ANA, **needed}, headers=officer).status_code == 201


def test_one_that_is_nobodys_is_closed_with_a_letter(client: TestClient, headers: Headers) -> None:
    taken = take(client, headers, language="en")
    path, officer = f"/v1/intakes/{taken['intake_id']}", headers(*OFFICER)
    assert client.post(f"{path}/close", headers=officer).json()["state"] == "closed"
    assert "We found nothing" in client.get(f"{path}/letter?format=text", headers=officer).text
    assert client.post(f"{path}/close", headers=officer).status_code == 409
    assert client.get("/v1/requests/due", headers=officer).json()["due"] == []
    looked = {"kind": "email", "value": ANA_EMAIL}
    closed = client.post("/v1/profiles/lookup", json=looked, headers=officer | {CASE: taken["intake_id"]})
    assert closed.status_code == 403, "a closed intake is no case any more"
    assert client.post("/v1/intakes/i_1/close", headers=officer).status_code == 404


def test_what_was_received_is_in_the_persons_bundle_and_goes_with_them(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    taken = take(client, headers, kind="portability", said=SAID)
    officer = headers(*OFFICER)
    client.post(f"/v1/intakes/{taken['intake_id']}/match", json={"profile_id": ANA}, headers=officer)
    take(client, headers, contact_kind="email", contact=ANA_EMAIL)
    kept = take(client, headers, contact_kind="email", contact="other@inbox.example")
    assert SAID in bundle(client, headers)["requests.json"]
    with engine.begin() as connection:
        assert forget(connection, [ANA], [], [Identifier("email", ANA_EMAIL)]) == 2
        assert connection.scalars(select(intakes.c.intake_id)).all() == [kept["intake_id"]]
        row = connection.scalar(text("SELECT string_agg(t::text, '') FROM intakes t"))
        assert SAID not in row


MARION = Subject(
    full_names={"marion|fontloup"},
    words={"fontloup", "marion fontloup"},
    values={"3 rue Haute", "marion@inbox.example"},
)


@pytest.mark.parametrize(
    "form",
    [
        {"name": "Marion Fontloup", "contact_kind": "postal", "contact": "3 rue Haute, Lyon"},
        {"name": "Mme FONTLOUP, Màrion", "contact_kind": "postal", "contact": "poste restante, Lyon"},
        {"name": None, "contact_kind": "postal", "contact": "M., 3 RUE HAUTE, Lyon", "said": "please"},
        {"name": "the same", "contact_kind": "email", "contact": "Marion@inbox.example"},
    ],
    ids=["name and address", "name spelt otherwise", "address alone", "e-mail"],
)
def test_an_unmatched_intake_keeps_its_day_and_not_the_name_or_address_of_who_was_erased(
    client: TestClient, headers: Headers, engine: Engine, form: dict[str, Any]
) -> None:
    taken = take(client, headers, kind="erasure", **form)
    other = take(client, headers, contact_kind="postal", contact="5 rue Haute, Lyon")
    with engine.begin() as connection:
        assert (redact(connection, MARION), redact(connection, MARION)) == (1, 0)
    found = {one["intake_id"]: one for one in client.get("/v1/intakes", headers=headers(*OFFICER)).json()["intakes"]}
    texts = {name: ERASED for name in ("name", "contact", "said") if form.get(name)}
    assert found == {taken["intake_id"]: taken | texts, other["intake_id"]: other}
    due = client.get("/v1/requests/due", headers=headers(*OFFICER)).json()["due"]
    assert {one["id"] for one in due} == {taken["intake_id"], other["intake_id"]}


def test_an_intake_of_somebody_else_that_names_who_was_erased_can_still_be_answered(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    form = {"name": "Paul Fontloup", "contact_kind": "postal", "contact": "1 place Basse, Lyon"}
    take(client, headers, **form, said="as you wrote to Marion Fontloup in May")
    with engine.begin() as connection:
        assert redact(connection, MARION) == 1
    [left] = client.get("/v1/intakes", headers=headers(*OFFICER)).json()["intakes"]
    assert (left["name"], left["contact"]) == (f"Paul {ERASED}", "1 place Basse, Lyon")
    assert left["said"] == f"as you wrote to {ERASED} in May"


def test_the_counts_of_an_erasure_say_what_became_of_intakes(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    take(client, headers, kind="erasure", name="Marion Fontloup")
    taken = take(client, headers, kind="erasure", name="Marion Fontloup")
    match = f"/v1/intakes/{taken['intake_id']}/match"
    request = client.post(match, json={"profile_id": ANA}, headers=headers(*OFFICER)).json()["request_id"]
    with engine.begin() as connection:
        found = forget_or_redact(connection, MARION, [request])
    assert found == {"intakes": 1, "intakes_redacted": 1}


def test_nobody_but_officers_reads_an_intake(client: TestClient, headers: Headers, engine: Engine) -> None:
    row = {"intake_id": "i_1a", "kind": "access", "channel": "web", "language": "fr", "state": "open", "said": SAID}
    row |= {"received_at": NOW, "due_on": NOW.date(), "recorded_by": "o"}
    with engine.begin() as connection:
        connection.execute(insert(intakes).values(row))
    for role, purpose in (
        (Role.CUSTOMER, "privacy_rights"),
        (Role.ADVISOR, "service"),
        (Role.BOT, "service"),
        (Role.STEWARD, "identity_resolution"),
    ):
        asked = headers(role, purpose, ANA)
        for method, path in (("GET", ""), ("GET", "/i_1a/letter"), ("POST", "/i_1a/close"), ("POST", "/i_1a/match")):
            json = {"profile_id": ANA} if path.endswith("match") else None
            answer = client.request(method, f"/v1/intakes{path}", json=json, headers=asked)
            assert answer.status_code == 403 and "Otherman" not in answer.text, (role, path)
