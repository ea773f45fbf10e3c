"""The application over the people of `canaries.py`, called as the lines of `routes.py` say."""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from consent.model import Role
from profile_api.http.keys import DemoIssuer
from tests.profile_api.canaries import CanaryFeatures, Person
from tests.profile_api.people import NOW
from tests.profile_api.routes import ROUTES, Kind


@dataclass
class World:
    app: FastAPI
    engine: Engine
    features: CanaryFeatures
    issuer: DemoIssuer
    write_key: str
    now: datetime = NOW

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://matrix.example")

    async def ask(
        self,
        client: httpx.AsyncClient,
        named: str,
        role: str | None,
        purpose: str | None,
        person: Person,
        customer: Person | None = None,
    ) -> httpx.Response:
        """One call of a declared route; customers ask for themselves, or as they are told."""
        return await client.request(**self.request(named, role, purpose, person, customer))

    def request(
        self, named: str, role: str | None, purpose: str | None, person: Person, customer: Person | None = None
    ) -> dict[str, Any]:
        """The call of a declared route, as its line in `routes.py` says."""
        route = ROUTES[named]
        method, _, path = named.partition(" ")
        token = self.issuer.token(Role(role), self.now, (customer or person).profile_id) if role else None
        headers: dict[str, str] = {}
        form = route.form(person) if route.form else None
        if route.page:
            headers |= {"Cookie": f"ocv_advisor={token}"} if token else {}
            form = {**(form or {}), **({"purpose": purpose} if purpose is not None else {}), "reference": "case-1"}
        elif route.kind is Kind.COLLECTS:
            headers |= self.as_source() if role else {}
        else:
            headers |= {"Authorization": f"Bearer {token}"} if token else {}
            headers |= {"Purpose": purpose} if purpose is not None else {}
            headers |= {"Case-Reference": "case-1"} if role != Role.CUSTOMER else {}
        return {
            "method": method,
            "url": path.format(**self.path_names(named) | {"profile_id": person.profile_id}),
            "headers": headers,
            "json": route.json(person) if route.json else None,
            "data": form,
            "params": route.query(person),
        }

    def as_source(self) -> dict[str, str]:
        """How a source of live events says who it is."""
        return {"Authorization": f"Basic {b64encode(f'{self.write_key}:'.encode()).decode()}"}

    @staticmethod
    def path_names(named: str) -> dict[str, str]:
        """A value for everything that the path of a route names."""
        return {name: "unknown" for name in re.findall(r"{(\w+)}", named)}
