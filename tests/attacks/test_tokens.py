"""Who says so: a customer's token reads by what the issuer bound it to, whatever is joined, parted or claimed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from sqlalchemy import Engine, insert, select

from consent.model import Actor, Role
from consent.requests import RequestStep
from contracts.identifiers import Identifier
from contracts.settings import Settings
from erasure import run as erasing
from erasure.journal import NotErasable
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer
from profile_api.privacy_requests.queries.requests import check_whose, find, move
from profile_api.responses.errors import Problem
from stores.schema import audit, identifiers, privacy_requests, redirects
from tests.profile_api.canaries import Person
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, BEN, BEN_EMAIL, FAMILY_PHONE, NOW
from tests.profile_api.routes import ROUTES, Kind
from tests.profile_api.stewardship.conftest import ask, kept, owners
from tests.profile_api.stewardship.lake import KeptFeatures
from tests.profile_api.world import World

__all__ = ["ask", "kept", "owners"]

As = Callable[..., Any]
WHY = {"reason": "she called"}
ANNA, ANNE, ZOE = (Identifier("customer_number", number) for number in "136")


@pytest.fixture
def speaking(
    api_settings: Settings, database_url: str, kept: KeptFeatures, issuer: DemoIssuer, owners: dict[str, str]
) -> As:
    """Calls a route as a customer whose token is bound to an identifier, to an id, or to both."""
    client = TestClient(create_app(api_settings, database_url, kept, clock=lambda: NOW), raise_server_exceptions=False)

    def call(
        path: str,
        by: Identifier | None = None,
        profile_id: str | None = None,
        json: Any = None,
        purpose: str = "service",
    ) -> Any:
        token = issuer.token(Role.CUSTOMER, NOW, profile_id, by)
        sent = {"Authorization": f"Bearer {token}", "Purpose": purpose}
        return client.request("POST" if json is not None else "GET", path, json=json, headers=sent)

    return call


def records_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return sorted(one["value"] for one in answer.json()["data"]["identifiers"] if one["kind"] == "customer_number")


def merge(ask: As) -> None:
    """Makes Zoé a part of Anna."""
    ask("POST", "/v1/identity/overrides", {"left": "crm:6", "right": "crm:1", "kind": "same", **WHY})


def test_a_token_bound_to_an_identifier_follows_the_person_through_merge_and_unmerge(
    ask: As, owners: dict[str, str], speaking: As
) -> None:
    anna, zoe = owners["crm:1"], owners["crm:6"]
    assert records_of(speaking(f"/v1/profiles/{zoe}", ZOE)) == ["6"]
    assert speaking(f"/v1/profiles/{anna}", ZOE).status_code == 404
    merge(ask)
    assert records_of(speaking(f"/v1/profiles/{zoe}", ZOE)) == records_of(speaking(f"/v1/profiles/{anna}", ANNA))
    ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "records": ["crm:6"], **WHY})
    assert records_of(speaking(f"/v1/profiles/{zoe}", ZOE)) == ["6"]
    assert speaking(f"/v1/profiles/{anna}", ZOE).status_code == 404
    assert "6" not in records_of(speaking(f"/v1/profiles/{anna}", ANNA))


def test_a_token_bound_to_an_id_never_reads_another_person_once_records_went_apart(
    ask: As, owners: dict[str, str], speaking: As
) -> None:
    anna, zoe = owners["crm:1"], owners["crm:6"]
    assert speaking(f"/v1/profiles/{anna}", profile_id=anna).status_code == 200
    merge(ask)
    assert speaking(f"/v1/profiles/{anna}", profile_id=zoe).status_code == 200, "an id that was merged away"
    ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "records": ["crm:6"], **WHY})
    for bound in (anna, zoe):  # nobody can tell whom an issuer meant that bound its token while they were one
        for read in (anna, zoe):
            for path in ("", "/timeline", "/features", "/consents", "/audit"):
                purpose = "privacy_rights" if path == "/audit" else "service"
                answer = speaking(f"/v1/profiles/{read}{path}", profile_id=bound, purpose=purpose)
                assert answer.status_code == 404, (bound, read, path)
        assert speaking("/v1/requests", profile_id=bound, json={"kind": "erasure"}).status_code in (403, 404)
        filed = speaking("/v1/requests", profile_id=bound, json={"kind": "erasure"}, purpose="privacy_rights")
        said = speaking(f"/v1/profiles/{bound}/consents/withdraw", profile_id=bound, json={"purpose": "analytics"})
        assert (filed.status_code, said.status_code) == (404, 404)


def test_an_id_that_stays_with_the_other_person_opens_nothing_for_the_first(
    ask: As, owners: dict[str, str], speaking: As
) -> None:
    anna = owners["crm:1"]
    assert owners["crm:3"] == anna, "two sisters whom the evidence takes for one"
    ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "records": ["crm:1", "crm:2"], **WHY})
    assert speaking(f"/v1/profiles/{anna}", profile_id=anna).status_code == 404, "the id is her sister's now"
    assert records_of(speaking(f"/v1/profiles/{anna}", ANNE)) == ["3"]
    found = speaking("/v1/profiles/lookup", ANNA, json={"kind": "customer_number", "value": "1"})
    assert records_of(found) == ["1", "2"]
    assert speaking(f"/v1/profiles/{anna}", ANNA).status_code == 404
    assert speaking(f"/v1/profiles/{anna}", ANNA, profile_id=anna).status_code == 404, "the two do not agree"


def test_a_request_filed_while_two_were_one_is_shown_to_neither_afterwards(
    ask: As, owners: dict[str, str], speaking: As, engine: Engine
) -> None:
    anna = owners["crm:1"]
    merge(ask)
    fields = {"fields": {"given_name": "Zoé-Marie"}}
    filed = speaking("/v1/requests", ZOE, json={"kind": "rectification", **fields}, purpose="privacy_rights")
    path = f"/v1/requests/{filed.json()['request_id']}"
    assert speaking(path, ZOE, purpose="privacy_rights").status_code == 200
    ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "records": ["crm:6"], **WHY})
    for one in (ANNA, ZOE):
        assert speaking(path, one, purpose="privacy_rights").status_code == 404
        assert speaking("/v1/requests", one, purpose="privacy_rights").json() == {"requests": []}
    with engine.connect() as connection:
        assert connection.scalar(select(privacy_requests.c.state)) == "identity_checked", "the officer goes on with it"


def test_a_request_is_not_carried_out_on_a_profile_that_became_another_persons(
    ask: As, owners: dict[str, str], speaking: As, engine: Engine
) -> None:
    anna, officer = owners["crm:1"], Actor("paul", Role.PRIVACY_OFFICER)
    filed = speaking("/v1/requests", ANNE, json={"kind": "erasure"}, purpose="privacy_rights").json()
    later = NOW + timedelta(hours=1)
    with engine.begin() as connection:
        request = find(connection, filed["request_id"])
        check_whose(connection, request, later)
        erasing.check_whose(connection, request, later)
    ask("POST", "/v1/identity/unmerge", {"profile_id": anna, "records": ["crm:3"], **WHY})
    with engine.begin() as connection:
        for step in (RequestStep.START, RequestStep.COMPLETE):
            with pytest.raises(Problem) as refused:
                move(connection, request, officer, step, None, later)
            assert (refused.value.status, refused.value.kind) == (409, "identity-changed")
        with pytest.raises(NotErasable, match="file it anew for the profile that is theirs"):
            erasing.check_whose(connection, request, later)
        under_a_merged_id = replace(request, profile_id="p-merged-away")
        erasing.check_whose(connection, under_a_merged_id, later)
        connection.execute(insert(redirects).values(old_id="p-merged-away", profile_id=anna))
        with pytest.raises(NotErasable):
            erasing.check_whose(connection, under_a_merged_id, later)
        assert move(connection, request, officer, RequestStep.REFUSE, "please file again", later).state == "refused"


@pytest.fixture
def by(client: TestClient, issuer: DemoIssuer) -> As:
    def call(path: str, bound: Identifier, json: Any = None, purpose: str = "service") -> Any:
        sent = {"Authorization": f"Bearer {issuer.token(Role.CUSTOMER, NOW, None, bound)}", "Purpose": purpose}
        return client.request("POST" if json is not None else "GET", path, json=json, headers=sent)

    return call


def test_a_token_bound_to_what_several_share_or_nobody_has_opens_nothing_and_tells_nothing(by: As) -> None:
    answers = {
        (bound.value, path): by(path, bound, body).text
        for bound in (Identifier("phone", FAMILY_PHONE), Identifier("email", "nobody@inbox.example"))
        for path, body in (
            (f"/v1/profiles/{BEN}", None),
            ("/v1/profiles/nobody", None),
            ("/v1/profiles/lookup", {"kind": "phone", "value": FAMILY_PHONE}),
            ("/v1/bot/context", {"identifier": {"kind": "phone", "value": FAMILY_PHONE}}),
            (f"/v1/profiles/{BEN}/consents/refuse", {"purpose": "analytics"}),
        )
    }
    assert len(set(answers.values())) == 1, answers
    assert "profile-not-found" in next(iter(answers.values()))
    for bound in (Identifier("phone", FAMILY_PHONE), Identifier("email", "nobody@inbox.example")):
        assert by("/v1/requests", bound, {"kind": "access"}, "privacy_rights").status_code == 404
        assert by("/v1/requests", bound, None, "privacy_rights").status_code == 404


def test_a_token_stops_opening_a_profile_once_somebody_else_carries_its_identifier_too(by: As, engine: Engine) -> None:
    mine = Identifier("email", BEN_EMAIL)
    assert by(f"/v1/profiles/{BEN}", mine).status_code == 200
    with engine.begin() as connection:
        connection.execute(insert(identifiers).values(kind="email", value=BEN_EMAIL, profile_id=ANA))
    for path in (BEN, ANA):
        assert by(f"/v1/profiles/{path}", mine).status_code == 404
    assert by(f"/v1/profiles/{ANA}", Identifier("email", ANA_EMAIL)).status_code == 200


def test_over_every_route_a_bound_token_opens_what_an_id_of_the_same_person_opens_and_no_more(
    fresh_world: World,
) -> None:
    me, other = Person("ConsentGiven"), Person("ConsentRefused")
    client = TestClient(fresh_world.app, raise_server_exceptions=False)

    def ask(named: str, person: Person, **bound: Any) -> tuple[int, str]:
        route = ROUTES[named]
        purpose = "service" if not route.only or "service" in route.only else min(route.only)
        call = fresh_world.request(named, "customer", purpose, person)
        token = fresh_world.issuer.token(Role.CUSTOMER, NOW, **bound)
        call["headers"] |= {"Cookie": f"ocv_advisor={token}"} if route.page else {"Authorization": f"Bearer {token}"}
        answer = client.request(**call)
        return answer.status_code, answer.text if answer.status_code >= 400 else ""

    mine = {"identifier": Identifier("email", me.email)}
    for named in sorted(one for one in ROUTES if ROUTES[one].kind in (Kind.PERSONAL, Kind.ACTING)):
        theirs = ask(named, other, **mine)
        assert theirs == ask(named, other, profile_id=me.profile_id), named
        names_them = "{profile_id}" in named or named in ("POST /v1/profiles/lookup", "POST /v1/bot/context")
        assert not names_them or theirs[0] >= 300, named
        own = ask(named, me, **mine)
        if named.startswith("POST") and own[0] < 300:  # what it did is done
            continue
        assert own == ask(named, me, profile_id=me.profile_id), named


@pytest.mark.parametrize(
    "identifier",
    [
        "ana@inbox.example",
        7,
        [],
        {},
        {"kind": "email"},
        {"kind": "email", "value": "no address"},
        {"kind": 7, "value": 7},
    ]
    + [{"kind": "email", "value": "a\x00@inbox.example"}, {"kind": "email", "value": ANA_EMAIL, "also": 1}, True],
)
def test_a_claim_that_is_no_identifier_is_no_token(identifier: Any, client: TestClient, issuer: DemoIssuer) -> None:
    claims = {"iss": "https://issuer.demo.example", "aud": "one-customer-view", "sub": "ana", "role": "customer"}
    claims |= {"iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60, "identifier": identifier}
    token = jwt.encode({"alg": "ES256", "kid": "demo"}, claims, issuer.current(None).keys[0], ["ES256"])
    sent = {"Authorization": f"Bearer {token}", "Purpose": "service"}
    assert client.get(f"/v1/profiles/{ANA}", headers=sent).status_code == 401


def test_the_audit_says_which_customer_asked(by: As, engine: Engine, headers: Headers) -> None:
    by(f"/v1/profiles/{ANA}", Identifier("email", ANA_EMAIL))
    by("/v1/requests", Identifier("email", ANA_EMAIL), {"kind": "access"}, "privacy_rights")
    with engine.connect() as connection:
        assert set(connection.scalars(select(audit.c.actor))) == {f"customer:{ANA}"}
