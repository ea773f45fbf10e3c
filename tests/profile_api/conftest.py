"""The application over a database with a few people in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from consent.model import Role
from contracts.identifiers import Identifier
from contracts.settings import Settings
from contracts.sources import demo_keys
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer, demo_issuer
from stores.embedded import Stores
from stores.postgres import open_engine
from stores.roles import as_service
from tests.conftest import new_database
from tests.profile_api.canaries import CanaryFeatures, write_canaries
from tests.profile_api.people import NOW, Features, write_people
from tests.profile_api.world import World

Headers = Callable[..., dict[str, str]]
CASE = "Case-Reference"


@pytest.fixture(scope="session")
def api_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    many = "100000000/hour"  # one advisor asks for everyone in these tests
    local = tmp_path_factory.mktemp("api")
    rates = ("bot_rate", "staff_rate", "customer_rate", "write_rate", "write_key_rate", "write_people")
    free = dict.fromkeys((*rates, "bot_people", "staff_people"), many)
    return Settings(local=local, demo=True, jwks_url=None, **free)


@pytest.fixture(scope="session")
def issuer(api_settings: Settings) -> DemoIssuer:
    return demo_issuer(api_settings)


@pytest.fixture
def features() -> Features:
    return Features()


@pytest.fixture
def client(api_settings: Settings, engine: Engine, database_url: str, features: Features) -> TestClient:
    write_people(engine)
    app = create_app(api_settings, as_service(database_url), features, clock=lambda: NOW)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def headers(issuer: DemoIssuer) -> Headers:
    """The headers of a role and a purpose."""

    def of(
        role: Role = Role.ADVISOR,
        purpose: str | None = "service",
        profile_id: str | None = None,
        identifier: Identifier | None = None,
    ) -> dict[str, str]:
        sent = {"Authorization": f"Bearer {issuer.token(role, NOW, profile_id, identifier)}"}
        return sent | ({"Purpose": purpose} if purpose else {}) | ({} if role is Role.CUSTOMER else {CASE: "case-1"})

    return of


@pytest.fixture(scope="session")
def world(stores: Stores, api_settings: Settings, issuer: DemoIssuer) -> Iterator[World]:
    """The people of `canaries.py`, for all tests that only read."""
    with _new_world(stores, api_settings, issuer) as made:
        yield made


@pytest.fixture
def fresh_world(stores: Stores, api_settings: Settings, issuer: DemoIssuer) -> Iterator[World]:
    """The same people, for a test that changes something."""
    with _new_world(stores, api_settings, issuer) as made:
        yield made


@contextmanager
def _new_world(stores: Stores, settings: Settings, issuer: DemoIssuer) -> Iterator[World]:
    with new_database(stores) as database_url:
        engine, features = open_engine(database_url), CanaryFeatures()
        write_canaries(engine)
        app = create_app(settings, as_service(database_url), features, clock=lambda: NOW)
        yield World(app, engine, features, issuer, demo_keys(settings).server)
        engine.dispose()
