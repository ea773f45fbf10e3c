"""The audit as people read it: their own, and one reader's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, text

from consent.model import Role
from stores.schema import metadata
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, BEN

OFFICER = (Role.PRIVACY_OFFICER, "privacy_rights")


@contextmanager
def queries_of_the_audit() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if "FROM audit" in statement:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def test_customers_see_who_read_what_of_them_and_nothing_of_others(client: TestClient, headers: Headers) -> None:
    client.get(f"/v1/profiles/{ANA}", headers=headers())
    client.get(f"/v1/profiles/{ANA}", headers=headers(Role.BOT, "personalisation"))
    client.get(f"/v1/profiles/{BEN}", headers=headers())
    own = headers(Role.CUSTOMER, "privacy_rights", "p-old")
    with queries_of_the_audit() as queries:
        body = client.get(f"/v1/profiles/{ANA}/audit", headers=own).json()
    assert len(queries) == 1
    told = [(one["actor"], one["purpose"], one["policy"], one["profile_id"]) for one in body["data"]["entries"]]
    assert told == [
        (None, "personalisation", "consent-missing", ANA),
        (None, "service", "contract", ANA),
    ]
    assert [one["role"] for one in body["data"]["entries"]] == ["bot", "advisor"]
    assert body["data"]["entries"][0]["withheld"]["identity"] == "consent-missing"
    again = client.get(f"/v1/profiles/{ANA}/audit", headers=headers(*OFFICER)).json()["data"]["entries"]
    assert [one["action"] for one in again] == ["audit", "profile", "profile"], "reading the audit is recorded as well"
    assert client.get(f"/v1/profiles/{BEN}/audit", headers=own).status_code == 404


def test_an_officer_sees_what_a_reader_asked_for_page_by_page(client: TestClient, headers: Headers) -> None:
    for purpose in ("service", "resale", "advice"):
        client.get(f"/v1/profiles/{ANA}", headers=headers(purpose=purpose))
    with queries_of_the_audit() as queries:
        page = client.get("/v1/audit/readers/demo-advisor?limit=2", headers=headers(*OFFICER)).json()
    assert len(queries) == 1
    assert [(one["purpose"], one["outcome"]) for one in page["entries"]] == [
        ("advice", "answered"),
        ("resale", "refused"),
    ]
    rest = client.get(
        "/v1/audit/readers/demo-advisor", params={"before": page["next_before"]}, headers=headers(*OFFICER)
    ).json()
    assert ([one["purpose"] for one in rest["entries"]], rest["next_before"]) == (["service"], None)


@pytest.mark.parametrize("role", [Role.ADVISOR, Role.BOT, Role.STEWARD, Role.CUSTOMER])
def test_nobody_else_sees_readers(client: TestClient, headers: Headers, role: Role) -> None:
    for purpose in ("service", "privacy_rights"):
        answer = client.get("/v1/audit/readers/demo-advisor", headers=headers(role, purpose, ANA))
        assert answer.status_code == 403


def test_what_a_customer_is_called_at_the_issuer_is_kept_nowhere(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    own = headers(Role.CUSTOMER, "privacy_rights", ANA)
    assert client.get(f"/v1/profiles/{BEN}/audit", headers=own).status_code == 404
    withdrawn = {"purpose": "personalisation"}
    assert client.post(f"/v1/profiles/{ANA}/consents/withdraw", json=withdrawn, headers=own).status_code == 201
    objection = {"kind": "objection", "purposes": ["advice"]}
    assert client.post("/v1/requests", json=objection, headers=own).status_code == 201
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            kept = connection.scalars(text(f'SELECT t::text FROM "{table.name}" t')).all()
            assert not [row for row in kept if "demo-customer" in row], table.name
    read = client.get(f"/v1/audit/readers/customer:{ANA}", headers=headers(*OFFICER)).json()
    assert [one["action"] for one in read["entries"]] == ["request-file", "consent-withdraw", "audit"]
