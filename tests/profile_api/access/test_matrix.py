"""Role x purpose x data category x consent state, over every route: what may not leave leaves no trace.

What is expected comes from `truth.py`, which knows nothing of the code under test.
"""

import asyncio
import logging
import sys
from itertools import product
from typing import Any

import httpx
import pytest
import structlog
from fastapi.routing import APIRoute
from sqlalchemy import Engine, text
from starlette.routing import Mount
from starlette.routing import Route as PlainRoute

from consent.decide import decide
from consent.loading import published_policies
from consent.model import Actor, ConsentEvent, ConsentState, Role
from consent.purposes import published_purposes
from contracts.categories import Category
from contracts.identifiers import Identifier
from profile_api.access.masking import Mask
from profile_api.access.stored import StoredEvent, StoredProfile
from stores.schema import profiles, timeline
from tests.profile_api.canaries import NEVER, WORDS, Person, canary, leaked
from tests.profile_api.people import NOW
from tests.profile_api.routes import ROUTES, Kind, Route
from tests.profile_api.truth import AT_THE_ROUTES, TRUTH, may_ask, visible
from tests.profile_api.world import World


def declared(kind: Kind) -> list[str]:
    return [named for named, route in ROUTES.items() if route.kind is kind]


def roles_of(route: Route) -> list[str]:
    return ["advisor"] if route.page else [role.value for role in Role]


def test_every_route_of_the_service_is_declared(world: World) -> None:
    found = set()
    for route in world.app.routes:
        if isinstance(route, Mount):
            found.add(f"MOUNT {route.path}")
        elif isinstance(route, APIRoute | PlainRoute):
            found |= {f"{method} {route.path}" for method in route.methods or () if method != "HEAD"}
    missing, gone = sorted(found - set(ROUTES)), sorted(set(ROUTES) - found)
    assert not missing, (
        f"expected every route in tests/profile_api/routes.py, found none of {missing}; add a line for each: "
        "`personal(...)` if its answer holds anything about a person (it is then asked by every role, for every "
        "purpose, in every consent state), `acting(...)` if it changes something, `collects(...)` if it takes data "
        "in, `open_()` only if it needs no token and tells nothing about people"
    )
    assert not gone, f"expected only routes that exist in tests/profile_api/routes.py, found {gone}; remove them"


def test_the_truth_table_knows_every_purpose_role_category_and_state() -> None:
    assert set(TRUTH) == set(published_purposes())
    assert set(WORDS) == {state.value for state in ConsentState}


def test_every_decision_is_as_the_truth_table_says(capsys: pytest.CaptureFixture[str]) -> None:
    purposes, policies, tried = published_purposes(), published_policies(), 0
    for role, purpose, state, restricted in product(Role, TRUTH, ConsentState, (False, True)):
        event = ConsentEvent("c", Identifier("email", "a@inbox.example"), purpose, state, NOW, "2020-1")
        events = () if state is ConsentState.UNKNOWN else (event,)
        decision = decide(policies, events, Actor("a", role), purposes[purpose], Category, NOW, restricted)
        assert decision.allowed == visible(role, purpose, state, restricted), (role, purpose, state, restricted)
        assert {one.category for one in decision.withheld} == set(Category) - decision.allowed
        tried += len(Category)
    with capsys.disabled():
        sys.stdout.write(f"\nmatrix: {tried} cells decided (role x purpose x category x state)\n")


def test_whatever_the_decision_the_mask_lets_out_what_is_allowed_and_nothing_else(world: World) -> None:
    with world.engine.connect() as connection:
        stored = connection.execute(profiles.select().where(profiles.c.profile_id == Person("ConsentGiven").profile_id))
        row = stored.one()
        profile = StoredProfile(row.profile_id, row.counts, row.document)
        events = connection.execute(timeline.select().where(timeline.c.profile_id == profile.profile_id)).all()
    features = world.features.read(profile.profile_id, "service")
    for number in range(2 ** len(Category)):
        allowed = {category for at, category in enumerate(Category) if number >> at & 1}
        mask = Mask(profile, allowed)
        assert leaked(mask.profile().model_dump_json()) == allowed
        assert leaked(mask.features(features, lambda _: ()).model_dump_json()) == allowed
        shown = [
            mask.event(StoredEvent(event.event_id, event.occurred_at, event.document))
            for event in events
            if event.document["categories"].get("type") in allowed
        ]
        assert leaked("".join(event.model_dump_json() for event in shown)) == allowed


def test_every_route_shows_what_the_truth_table_allows_and_leaves_no_trace_of_the_rest(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def walk() -> int:
        tried = 0
        async with world.client() as client:
            for named in declared(Kind.PERSONAL):
                route = ROUTES[named]
                for role, purpose in product(roles_of(route), TRUTH):
                    for state in _states(role, purpose):
                        tried += await _cell(world, client, named, role, purpose, state)
        return tried

    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as entries:
        tried = asyncio.run(walk())
    logged = str(entries) + "".join(one.getMessage() for one in caplog.records if not one.name.startswith("http"))
    assert leaked(logged) == set(), "the logs hold personal data"
    assert "inbox.example" not in logged and "p-Consent" not in logged
    with capsys.disabled():
        sys.stdout.write(f"\nmatrix: {tried} cells asked over {len(declared(Kind.PERSONAL))} routes about people\n")


def _states(role: str, purpose: str) -> tuple[str, ...]:
    if not may_ask(role, purpose):
        return ("ConsentGiven",)
    rests_on_a_choice = TRUTH[purpose][0] in ("consent", "legitimate_interest")
    return AT_THE_ROUTES if rests_on_a_choice else AT_THE_ROUTES[1:3]


async def _cell(world: World, client: httpx.AsyncClient, named: str, role: str, purpose: str, state: str) -> int:
    """Asks one route as one role for one purpose about a person of one state; returns how many cells that were."""
    route, person = ROUTES[named], Person(state)
    allowed = visible(role, purpose, state, repair=route.repairs)
    cell = (named, role, purpose, state)
    answer = await world.ask(client, named, role, purpose, person)
    if not may_ask(role, purpose) or not route.permits(role, purpose):
        assert answer.status_code == 403, (cell, answer.status_code)
        assert leaked(answer.text) == set(), cell
        return len(Category)
    if route.by and route.by not in TRUTH[purpose][2].split():
        nobody = Person("ConsentNobody")
        other = await world.ask(client, named, role, purpose, nobody)
        assert answer.status_code == other.status_code, cell
        assert person.anonymous(answer.text) == nobody.anonymous(other.text), (*cell, "can be told from nobody")
        assert leaked(answer.text) == set(), cell
        return len(Category)
    assert answer.status_code == 200, (cell, answer.status_code, answer.text)
    assert leaked(answer.text) == allowed & route.shows, cell
    if not route.page:
        body = answer.json()
        assert {one["category"] for one in body["withheld"]} == set(Category) - allowed, cell
        assert all(one["reason"] and one["policy"] for one in body["withheld"]), cell
        assert body["decision"]["policy"] and body["decision"]["notice_version"], cell
        if allowed:
            assert body["consent"]["marketing_email"]["state"] == state, cell
        else:
            assert set(body["consent"]) <= {purpose}, (*cell, "other decisions are told")
    tried = len(Category)
    hidden_ones = sorted(set(Category) - allowed)
    twins = {"ConsentGiven": hidden_ones, "ConsentWithdrawn": hidden_ones[::3]}.get(state, [])
    for hidden in twins:
        twin = Person(state, Category(hidden))
        other = await world.ask(client, named, role, purpose, twin)
        assert other.status_code == 200, cell
        assert twin.anonymous(other.text) == person.anonymous(answer.text), (*cell, f"{hidden} can be told apart")
        tried += 1
    return tried


def test_whoever_acts_needs_a_role_and_a_purpose_that_the_route_serves(
    fresh_world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def walk() -> int:
        person, tried = Person("ConsentGiven"), 0
        async with fresh_world.client() as client:
            for named, role, purpose in product(declared(Kind.ACTING), [role.value for role in Role], TRUTH):
                answer = await fresh_world.ask(client, named, role, purpose, person)
                cell = (named, role, purpose, answer.status_code, answer.text)
                refused = not may_ask(role, purpose) or not ROUTES[named].permits(role, purpose)
                assert answer.status_code == 403 if refused else answer.status_code not in (401, 403), cell
                assert answer.status_code < 500, cell
                assert leaked(answer.text) <= (set() if refused else visible(role, purpose, person.state)), cell
                tried += 1
        return tried

    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as entries:
        tried = asyncio.run(walk())
    assert leaked(str(entries) + "".join(one.getMessage() for one in caplog.records)) == set()
    with capsys.disabled():
        sys.stdout.write(f"\nmatrix: {tried} cells asked over {len(declared(Kind.ACTING))} routes that act\n")


def test_what_takes_data_in_gives_none_out_and_wants_a_write_key(fresh_world: World) -> None:
    async def walk() -> None:
        person = Person("ConsentGiven")
        async with fresh_world.client() as client:
            for named in declared(Kind.COLLECTS):
                kept = await fresh_world.ask(client, named, "advisor", None, person)
                assert kept.is_success, (named, kept.text)
                assert leaked(kept.text) == set() and "p-" not in kept.text, named
                request = fresh_world.request(named, "advisor", None, person)
                request["headers"] = {"Authorization": f"Bearer {fresh_world.issuer.token(Role.PRIVACY_OFFICER, NOW)}"}
                assert (await client.request(**request)).status_code == 401, "a reader's token is no write key"

    asyncio.run(walk())


def test_no_route_answers_without_a_token_and_none_without_a_purpose(world: World) -> None:
    async def walk() -> None:
        person = Person("ConsentGiven")
        async with world.client() as client:
            for named, route in ROUTES.items():
                if route.kind is Kind.OPEN:
                    continue
                nobody = await world.ask(client, named, None, "service", person)
                assert nobody.status_code == (303 if route.page else 401), named
                assert leaked(nobody.text) == set(), named
                if route.kind in (Kind.PERSONAL, Kind.ACTING):
                    for purpose in (None, "", "curiosity"):
                        aimless = await world.ask(client, named, "advisor", purpose, person)
                        assert aimless.status_code == 400, (named, purpose, aimless.text)
                        assert leaked(aimless.text) == set(), named

    asyncio.run(walk())


@pytest.mark.parametrize("broken", ["audit", "consent_events", "profiles", "policies", "features"])
def test_what_is_broken_lets_nothing_out(world: World, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_engine(*_: Any) -> None:
        raise RuntimeError(NEVER)

    async def walk() -> None:
        async with world.client() as client:
            for named, route in ROUTES.items():
                needs = {"audit", "policies"} | (
                    {"consent_events", "profiles"} if route.kind is Kind.PERSONAL else set()
                )
                if route.kind not in (Kind.PERSONAL, Kind.ACTING) or broken not in needs | route.rests_on:
                    continue
                role, purpose = _anybody(route)
                answer = await world.ask(client, named, role, purpose, Person("ConsentGiven"))
                assert answer.status_code == 503, (named, answer.status_code)
                if not route.page:
                    assert answer.headers["content-type"] == "application/problem+json", named
                    assert answer.json()["type"].endswith(":unavailable") and "data" not in answer.json(), named
                assert leaked(answer.text) == set(), named

    if broken == "policies":
        monkeypatch.setattr("consent.decide.is_authorized_batch", no_engine)
    elif broken == "features":
        monkeypatch.setattr(world.features, "broken", True)
    else:
        _rename(world.engine, broken, "gone")
    try:
        asyncio.run(walk())
    finally:
        if broken in ("audit", "consent_events", "profiles"):
            _rename(world.engine, "gone", broken)


def _anybody(route: Route) -> tuple[str, str]:
    """A role and a purpose that the route has nothing against."""
    pairs = product(["advisor"] if route.page else [role.value for role in Role], TRUTH)
    return next((role, purpose) for role, purpose in pairs if may_ask(role, purpose) and route.permits(role, purpose))


def _rename(engine: Engine, table: str, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"alter table {table} rename to {name}"))


def test_the_canaries_would_be_seen(world: World) -> None:
    """The alarm itself works: every category's canary is in the store, and is found however it is written."""
    for category in Category:
        assert leaked(f"x {canary(category).upper()} y") == {category.value}
    assert leaked("Canary contact 48,151,623.1") == {"contact"}
    assert leaked(NEVER) == {"unlabelled"}
