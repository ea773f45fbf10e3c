"""The application over the people of `canaries.py`, called as the lines of `routes.py` say."""

from collections import defaultdict
from dataclasses import dataclass

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine

from consent.model import Role
from profile_api.keys import DemoIssuer
from tests.profile_api.canaries import CanaryFeatures, Person
from tests.profile_api.people import NOW
from tests.profile_api.routes import ROUTES


@dataclass
class World:
    app: FastAPI
    engine: Engine
    features: CanaryFeatures
    issuer: DemoIssuer

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
        """One call of a declared route, as its line in `routes.py` says; customers ask for themselves or as told."""
        route = ROUTES[named]
        method, _, path = named.partition(" ")
        token = self.issuer.token(Role(role), NOW, (customer or person).profile_id) if role else None
        headers: dict[str, str] = {}
        form = route.form(person) if route.form else None
        if route.page:
            headers |= {"Cookie": f"ocv_advisor={token}"} if token else {}
            form = {**(form or {}), **({"purpose": purpose} if purpose is not None else {})}
        else:
            headers |= {"Authorization": f"Bearer {token}"} if token else {}
            headers |= {"Purpose": purpose} if purpose is not None else {}
        return await client.request(
            method,
            path.format_map(defaultdict(lambda: "r_unknown", profile_id=person.profile_id)),
            headers=headers,
            json=route.json(person) if route.json else None,
            data=form,
            params=route.query(person),
        )
