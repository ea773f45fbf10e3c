"""A web site whose customers are known, and what an outsider can send to it and read of it."""

import json
from base64 import b64encode
from dataclasses import dataclass
from itertools import count
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine, select

from consent.model import Role
from contracts.sources import DEMO_SOURCE, DemoKeys, Sources, user_hash
from profile_api.http.keys import DemoIssuer
from read_model.live.projection import project, waiting
from stores import schema
from tests.profile_api.people import NOW

_numbers = count()

ANNA = {"email": "anna.roux@mail.example", "phone": "+33199000123", "customer_number": "1", "user_id": "u-anna"}
LUC = {"email": "luc@mail.example", "national_id": "184127645108946", "customer_number": "4"}
ZOE = {"email": "zoe@post.example", "customer_number": "6"}
ANNA_SAYS = {"email": ANNA["email"], "firstName": "Anna", "lastName": "Roux"}
BROWSER_OF_ANNA = "0b5e7c52-anna"


@dataclass
class Site:
    """The live source of the demonstration, in front of the application."""

    client: TestClient
    engine: Engine
    issuer: DemoIssuer
    keys: DemoKeys
    sources: Sources

    def send(
        self,
        *messages: dict[str, Any],
        key: str | None = None,
        path: str = "/v1/events/batch",
        gpc: bool = False,
        context: dict[str, Any] | None = None,
    ) -> Response:
        """Sends messages with a key, the browser's unless told otherwise, and projects what was accepted."""
        named = [{"messageId": f"n{next(_numbers)}", "timestamp": str(NOW)} | one for one in messages]
        single = path.rpartition("/")[2] not in ("batch", "import")
        body = named[0] if single else {"batch": named} | ({"context": context} if context else {})
        given = b64encode(f"{key or self.keys.browser}:".encode()).decode()
        headers = {"Authorization": f"Basic {given}"} | ({"Sec-GPC": "1"} if gpc else {})
        answer = self.client.post(path, content=json.dumps(body), headers=headers)
        self.project()
        return answer

    def server(self, *messages: dict[str, Any]) -> Response:
        return self.send(*messages, key=self.keys.server)

    def signed(self, user: str, **more: Any) -> dict[str, Any]:
        """A message of a browser whose user the site has signed."""
        context = {"userHash": user_hash(self.keys.user_secret, user).decode()} | more.pop("context", {})
        return {"type": "identify", "userId": user, "context": context} | more

    def project(self) -> None:
        with self.engine.begin() as connection:
            while rows := waiting(connection, 200):
                project(connection, rows, self.sources, NOW)

    def ask(self, path: str, body: Any = None, role: Role = Role.BOT, of: str | None = None, **more: str) -> Response:
        """A question of a reader, for the service."""
        headers = {"Authorization": f"Bearer {self.issuer.token(role, NOW, of)}", "Purpose": "service"} | more
        return self.client.request("GET" if body is None else "POST", path, json=body, headers=headers)

    def finds(self, kind: str, value: str, path: str = "/v1/profiles/lookup") -> Response:
        body = {"kind": kind, "value": value, "region": "FR"}
        return self.ask(path, {"identifier": body} if path == "/v1/bot/context" else body)

    def owner(self, record_id: str) -> str | None:
        with self.engine.connect() as connection:
            of = schema.records.c
            found: str | None = connection.scalar(select(of.profile_id).where(of.record_id == record_id))
            return found

    def of_user(self, user: str) -> str | None:
        return self.owner(f"{DEMO_SOURCE}:{user}")

    def claimants(self) -> list[str]:
        """The profiles of those who are not known: visitors, and who claims to be a user."""
        with self.engine.connect() as connection:
            of = schema.records.c
            query = select(of.profile_id, of.record_id).order_by(of.record_id)
            rows = connection.execute(query).all()
        return [
            one for one, record in rows if record.startswith((f"{DEMO_SOURCE}:visitor-", f"{DEMO_SOURCE}:claimant-"))
        ]

    def everything(self) -> dict[str, dict[str, Any]]:
        """Every row that says anything of people, by table and key."""
        keys = {
            schema.profiles: ("profile_id",),
            schema.identifiers: ("kind", "value", "profile_id"),
            schema.redirects: ("old_id",),
            schema.timeline: ("event_id",),
            schema.records: ("record_id",),
            schema.record_keys: ("key", "record_id"),
            schema.live_records: ("record_id",),
            schema.live_assignments: ("record_id",),
            schema.consent_events: ("consent_id",),
            schema.restrictions: ("record_id", "request_id"),
            schema.overrides: ("override_id",),
        }
        with self.engine.connect() as connection:
            return {
                table.name: {
                    json.dumps([row[name] for name in key]): {**row}
                    for row in connection.execute(select(table)).mappings()
                }
                for table, key in keys.items()
            }

    def documents(self, profile_id: str) -> dict[str, Any]:
        with self.engine.connect() as connection:
            of = schema.profiles.c
            found: dict[str, Any] = connection.scalar(select(of.document).where(of.profile_id == profile_id))
            return found

    def decided(self) -> list[tuple[str, str, str, str]]:
        with self.engine.connect() as connection:
            of = schema.consent_events.c
            query = select(of.identifier_kind, of.identifier, of.purpose, of.state).order_by(of.sequence)
            return [tuple(row) for row in connection.execute(query)]


def unchanged(site: Site, before: dict[str, dict[str, Any]]) -> None:
    """Everything that was there is there as it was, and no identifier found its way to somebody new."""
    after = site.everything()
    for table, rows in before.items():
        assert {key: after[table].get(key) for key in rows} == rows, table
    held = {(row["kind"], row["value"]) for row in before["identifiers"].values()}
    new = {(row["kind"], row["value"]) for key, row in after["identifiers"].items() if key not in before["identifiers"]}
    assert not new & held and {kind for kind, _ in new} <= {"visitor_id", "user_id"}
    assert not after["redirects"].keys() - before["redirects"].keys()


def events_on(site: Site, profile_id: str | None) -> list[str]:
    rows = site.everything()["timeline"].values()
    return sorted(row["document"]["type"] for row in rows if row["profile_id"] == profile_id)


def new_records(site: Site, before: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for key, row in site.everything()["records"].items() if key not in before["records"]]
