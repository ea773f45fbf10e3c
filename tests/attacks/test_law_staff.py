"""The law's list: customers learn by which role they were read, staff say what case they read for."""

import asyncio
import io
import zipfile

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select

from consent.model import Role
from stores.schema import audit, identity_history, redirects
from tests.profile_api.canaries import Person
from tests.profile_api.conftest import CASE, Headers
from tests.profile_api.people import ANA, BEN, NOW
from tests.profile_api.routes import ROUTES, Kind
from tests.profile_api.world import World

STAFF = ("demo-advisor", "demo-bot", "demo-privacy_officer", "demo-steward")
REMARK = "her brother Gustave Otherman called about it"


def test_no_answer_to_a_customer_names_who_read_them(fresh_world: World) -> None:
    """Every route, after staff of every role have read and acted on the person."""
    person = Person("ConsentGiven")

    async def walk() -> None:
        async with fresh_world.client() as client:
            for named, route in ROUTES.items():
                if route.kind in (Kind.PERSONAL, Kind.ACTING):
                    for role in ("advisor", "steward", "privacy_officer", "bot"):
                        for purpose in ("service", "privacy_rights", "identity_resolution"):
                            await fresh_world.ask(client, named, role, purpose, person)
            asked = 0
            for named, route in ROUTES.items():
                if route.kind is Kind.OPEN or route.page:
                    continue
                for purpose in ("service", "privacy_rights"):
                    answer = await fresh_world.ask(client, named, "customer", purpose, person)
                    assert not [name for name in STAFF if name in answer.text], (named, answer.text)
                    asked += answer.is_success
            assert asked

    asyncio.run(walk())


@pytest.fixture
def remarked(client: TestClient, engine: Engine) -> TestClient:
    line = {"history_id": "h", "at": NOW, "kind": "merged", "profile_id": ANA, "other_id": "p-old"}
    line |= {"records": ["crm:42"], "reason": REMARK, "actor": "demo-steward"}
    with engine.begin() as connection:
        connection.execute(insert(identity_history).values(line))
    return client


def test_a_stewards_remark_about_a_third_party_is_in_no_bundle(remarked: TestClient, headers: Headers) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    filed = remarked.post("/v1/requests", json={"kind": "access", "profile_id": ANA}, headers=officer).json()
    path = f"/v1/requests/{filed['request_id']}"
    note = {"step": "check_identity", "note": REMARK}
    assert remarked.post(f"{path}/steps", json=note, headers=officer).status_code == 200
    mine = headers(Role.CUSTOMER, "privacy_rights", ANA)
    seen = remarked.get(path, headers=mine).json()
    assert [(one["step"], one["actor"], one["note"]) for one in seen["steps"]] == [
        (step, "privacy_officer", None) for step in ("receive", "check_identity", "start")
    ]
    with zipfile.ZipFile(io.BytesIO(remarked.get(f"{path}/bundle", headers=mine).content)) as archive:
        for name in archive.namelist():
            said = archive.read(name).decode()
            assert "Otherman" not in said and not [one for one in STAFF if one in said], name


def test_the_reason_of_a_refusal_is_told_to_the_person(client: TestClient, headers: Headers) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    filed = client.post("/v1/requests", json={"kind": "erasure", "profile_id": ANA}, headers=officer).json()
    path, told = f"/v1/requests/{filed['request_id']}", "invoices must be kept"
    client.post(f"{path}/steps", json={"step": "refuse", "note": told}, headers=officer)
    seen = client.get(path, headers=headers(Role.CUSTOMER, "privacy_rights", ANA)).json()
    assert (seen["steps"][-1]["note"], seen["steps"][-1]["actor"]) == (told, "privacy_officer")


def test_a_merged_away_id_reads_its_own_requests_and_no_others(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    """Whichever id the token or the request names: one that was merged away, another such, or the one that stands."""
    with engine.begin() as connection:
        connection.execute(insert(redirects).values(old_id="p-older", profile_id=ANA))
    filed = {}
    for name, kind in (("p-old", "access"), (ANA, "portability")):
        answer = client.post(
            "/v1/requests", json={"kind": kind}, headers=headers(Role.CUSTOMER, "privacy_rights", name)
        )
        filed[kind] = answer.json()["request_id"]
    for name in ("p-old", "p-older", ANA):
        mine = headers(Role.CUSTOMER, "privacy_rights", name)
        listed = client.get("/v1/requests", headers=mine).json()["requests"]
        assert {one["request_id"] for one in listed} == set(filed.values()), name
        for request_id in filed.values():
            assert client.get(f"/v1/requests/{request_id}", headers=mine).status_code == 200, name
            assert client.get(f"/v1/requests/{request_id}/bundle", headers=mine).status_code == 200, name
    ben = headers(Role.CUSTOMER, "privacy_rights", BEN)
    for request_id in filed.values():
        assert client.get(f"/v1/requests/{request_id}", headers=ben).status_code == 404


@pytest.mark.parametrize(
    ("role", "purpose"),
    [
        (Role.PRIVACY_OFFICER, "privacy_rights"),
        (Role.ADVISOR, "fraud_prevention"),
        (Role.STEWARD, "fraud_prevention"),
    ],
)
@pytest.mark.parametrize("named", [None, "", "x", "anna durand", "ana@inbox.example", "0612345678", "case-1\x00"])
def test_who_reads_for_fraud_prevention_or_rights_says_for_which_case(
    client: TestClient, headers: Headers, engine: Engine, role: Role, purpose: str, named: str | None
) -> None:
    asked = headers(role, purpose)
    del asked[CASE]
    refused = client.get(f"/v1/profiles/{ANA}", headers=asked | ({CASE: named} if named is not None else {}))
    assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (400, "reference-required")
    assert client.get(f"/v1/profiles/{ANA}", headers=asked | {CASE: "FRAUD-2024/17"}).status_code == 200
    with engine.connect() as connection:
        rows = connection.execute(select(audit.c.outcome, audit.c.decision).order_by(audit.c.audit_id)).all()
    assert [(row.outcome, row.decision.get("reference")) for row in rows] == [
        ("refused", None),
        ("answered", "FRAUD-2024/17"),
    ]


def test_every_route_about_a_person_wants_the_case(fresh_world: World) -> None:
    async def walk() -> None:
        tried = set()
        async with fresh_world.client() as client:
            for named, route in ROUTES.items():
                if route.kind not in (Kind.PERSONAL, Kind.ACTING):
                    continue
                for role, purpose in (
                    ("privacy_officer", "privacy_rights"),
                    ("advisor", "fraud_prevention"),
                    ("steward", "fraud_prevention"),
                ):
                    if not route.permits(role, purpose) or (route.page and role != "advisor"):
                        continue
                    request = fresh_world.request(named, role, purpose, Person("ConsentGiven"))
                    request["headers"].pop(CASE, None)
                    if request["data"]:
                        request["data"].pop("reference", None)
                    answer = await client.request(**request)
                    tried.add((named, answer.status_code))
        without = {named for named, status in tried if status != 400}
        # Lists and subscriptions are about no one person; a filed request is the case; others name it in their path.
        assert {named for named in without if "{request_id}" not in named} == {
            "POST /v1/requests",
            "GET /v1/audit/alerts",
            "POST /v1/audit/alerts/review",
            "GET /v1/audit/left-out",
            "GET /v1/requests",
            "GET /v1/requests/due",
            "POST /v1/intakes",
            "GET /v1/intakes",
            "POST /v1/webhooks",
            "GET /v1/extracts",
            "GET /v1/webhooks",
            "DELETE /v1/webhooks/{subscription_id}",
            "POST /v1/webhooks/{subscription_id}/replay",
            "POST /v1/webhooks/{subscription_id}/rotate",
        }

    asyncio.run(walk())


def test_a_request_of_one_person_is_no_case_for_reading_another(client: TestClient, headers: Headers) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    filed = client.post("/v1/requests", json={"kind": "access", "profile_id": "p-old"}, headers=officer).json()
    named = officer | {CASE: filed["request_id"]}
    withdrawn = {"purpose": "analytics"}
    for path in ("", "/timeline", "/features", "/audit", "/consents"):
        assert client.get(f"/v1/profiles/{ANA}{path}", headers=named).status_code == 200, path
        for other in (named, officer | {CASE: "r_1234567890"}):
            refused = client.get(f"/v1/profiles/{BEN}{path}", headers=other)
            assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "reference-not-suited")
    decided = client.post(f"/v1/profiles/{BEN}/consents/withdraw", json=withdrawn, headers=named)
    assert decided.status_code == 403, "nor for deciding"
    assert client.post(f"/v1/profiles/{ANA}/consents/withdraw", json=withdrawn, headers=named).status_code == 201


def test_who_files_or_steps_is_recorded_with_the_request(client: TestClient, headers: Headers, engine: Engine) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    del officer[CASE]
    filed = client.post("/v1/requests", json={"kind": "access", "profile_id": ANA}, headers=officer).json()
    assert client.get(f"/v1/requests/{filed['request_id']}", headers=officer).status_code == 200
    with engine.connect() as connection:
        named = connection.scalars(select(audit.c.decision["reference"].astext)).all()
    assert named == [filed["request_id"]] * 2
    page = client.get(f"/v1/profiles/{ANA}/audit", headers=officer | {CASE: "case-2"}).json()["data"]["entries"]
    assert page[-1]["reference"] == filed["request_id"]


def test_a_customers_own_case_needs_no_number(client: TestClient, headers: Headers) -> None:
    assert client.get(f"/v1/profiles/{ANA}", headers=headers(Role.CUSTOMER, "privacy_rights", ANA)).status_code == 200


def test_no_standing_subscription_goes_round_the_case(client: TestClient, headers: Headers) -> None:
    officer = headers(Role.PRIVACY_OFFICER, "privacy_rights")
    form = {"url": "https://8.8.8.8/hook", "kinds": ["profile.updated"], "purpose": "fraud_prevention"}
    for role in ("advisor", "steward"):
        assert client.post("/v1/webhooks", json=form | {"role": role}, headers=officer).status_code == 422
