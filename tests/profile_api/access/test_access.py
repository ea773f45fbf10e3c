"""Roles x routes with own, other's and no token: what is not there and what is not theirs answer alike."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import Engine, event, text

from consent.model import Role
from tests.profile_api.canaries import Person, leaked
from tests.profile_api.routes import ROUTES, Kind
from tests.profile_api.truth import TRUTH, may_ask
from tests.profile_api.world import World

OWN, OTHER = Person("ConsentGiven"), Person("ConsentRefused")
BY_PERSON = [
    named
    for named, route in ROUTES.items()
    if route.kind is Kind.PERSONAL and not route.page and "customer" in route.roles
]


@dataclass(frozen=True)
class Nobody(Person):
    """A person of whom nothing is known, asked for by an id and an address that are as long as the other's."""

    @property
    def profile_id(self) -> str:
        return super().profile_id[::-1]

    @property
    def email(self) -> str:
        return super().email.replace("canarycontact", "nobodyatallis")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that reaches the database meanwhile."""
    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        seen.append(re.sub(r" IN \(.*\)", " IN (...)", statement))  # of how many values does not matter

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


async def _asked(world: World, named: str, role: str, purpose: str, person: Person) -> tuple[httpx.Response, list[str]]:
    async with world.client() as client:
        with statements() as seen:
            answer = await world.ask(client, named, role, purpose, person, OWN)
    return answer, seen


@pytest.mark.parametrize("named", BY_PERSON)
def test_a_customer_cannot_tell_another_person_from_nobody(world: World, named: str) -> None:
    for purpose in [one for one in TRUTH if may_ask("customer", one) and ROUTES[named].permits("customer", one)]:
        own, _ = asyncio.run(_asked(world, named, "customer", purpose, OWN))
        assert own.status_code == 200, (named, own.text)
        other, other_statements = asyncio.run(_asked(world, named, "customer", purpose, OTHER))
        nobody, nobody_statements = asyncio.run(_asked(world, named, "customer", purpose, Nobody("ConsentRefused")))
        assert other.status_code == nobody.status_code == 404, (named, purpose)
        assert (other.content, other.headers) == (nobody.content, nobody.headers), named
        assert other_statements == nobody_statements, "as many statements, and the same: the time taken tells nothing"
        assert leaked(other.text) == set()


def test_a_person_found_by_what_may_not_be_known_is_nobody(fresh_world: World) -> None:
    """A channel may call a number sensitive that is an ordinary one elsewhere."""
    path = "update profiles set document = jsonb_set(document, '{identifiers,1,category}', '\"sensitive\"')"
    with fresh_world.engine.begin() as connection:
        connection.execute(text(f"{path} where profile_id = :id"), {"id": OTHER.profile_id})
    hidden, hidden_statements = asyncio.run(
        _asked(fresh_world, "POST /v1/profiles/lookup", "advisor", "service", OTHER)
    )
    nobody, nobody_statements = asyncio.run(
        _asked(fresh_world, "POST /v1/profiles/lookup", "advisor", "service", Nobody("ConsentRefused"))
    )
    assert (hidden.status_code, hidden.content, hidden.headers) == (404, nobody.content, nobody.headers)
    assert hidden_statements == nobody_statements


def test_a_role_that_may_not_ask_learns_nothing_about_who_exists(world: World) -> None:
    for named in BY_PERSON:
        for role in Role:
            purpose = "model_training" if role is not Role.STEWARD else "service"
            known, known_statements = asyncio.run(_asked(world, named, role.value, purpose, OTHER))
            nobody, nobody_statements = asyncio.run(_asked(world, named, role.value, purpose, Nobody("ConsentRefused")))
            assert (known.status_code, known.content) == (403, nobody.content), (named, role)
            assert known_statements == nobody_statements


def test_a_token_of_nobody_in_particular_reads_nobody(world: World) -> None:
    """A customer whose profile is gone, or never was, is no other customer."""
    for named in (one for one in BY_PERSON if ROUTES[one].permits("customer", "service")):

        async def ask(named: str = named) -> httpx.Response:
            async with world.client() as client:
                return await world.ask(client, named, "customer", "service", OTHER, Nobody("ConsentGiven"))

        assert asyncio.run(ask()).status_code == 404
