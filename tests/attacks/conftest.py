"""Attacks go through the service and the jobs as they are: these are the fixtures of their tests."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from contracts.settings import Settings
from contracts.sources import demo_keys
from profile_api.app import create_app
from profile_api.http.keys import DemoIssuer
from tests.attacks.clocks import ask_after, people
from tests.attacks.household import household
from tests.attacks.site import ANNA, ANNA_SAYS, Site
from tests.profile_api.conftest import api_settings, client, features, fresh_world, headers, issuer, world
from tests.profile_api.people import NOW
from tests.profile_api.stewardship.conftest import ask, kept, owners
from tests.profile_api.stewardship.lake import KeptFeatures, write_lake
from tests.spark_jobs.conftest import lake

__all__ = [
    "api_settings",
    "ask",
    "ask_after",
    "client",
    "features",
    "fresh_world",
    "headers",
    "household",
    "issuer",
    "kept",
    "lake",
    "owners",
    "people",
    "world",
]


@pytest.fixture
def site(api_settings: Settings, engine: Engine, database_url: str, issuer: DemoIssuer) -> Iterator[Site]:
    """A web site, customers on file, and one of them who has an account that the site's server told us of."""
    write_lake(engine)
    app = create_app(api_settings, database_url, KeptFeatures(), clock=lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        made = Site(client, engine, issuer, demo_keys(api_settings), app.state.sources)
        made.server({"type": "identify", "userId": ANNA["user_id"], "traits": ANNA_SAYS})
        yield made
