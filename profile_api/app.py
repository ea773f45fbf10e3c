"""Puts the application together from settings and opened stores."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime

from anyio import to_thread
from fastapi import FastAPI
from sqlalchemy import Engine

from consent.loading import published_policies
from consent.purposes import published_purposes
from contracts.settings import Settings
from contracts.sources import load_sources
from engagement.zones.deciding import Zones
from profile_api.access.gate import Gate
from profile_api.access.stored import FeatureReader
from profile_api.access.throttle import Limits
from profile_api.audit import routes as audit
from profile_api.bots import routes as bots
from profile_api.bots.mcp import PATH as MCP
from profile_api.bots.mcp import mount_mcp, serving_mcp
from profile_api.callers import routes as callers
from profile_api.consents import routes as consents
from profile_api.console import mount_console
from profile_api.engagement import routes as engagement
from profile_api.engagement.installed import installed_rules
from profile_api.events import routes as events
from profile_api.events.intake import Intake
from profile_api.handoffs import routes as handoffs
from profile_api.http import health
from profile_api.http.api_document import describe_problems
from profile_api.http.auth import Verifier
from profile_api.http.cross_origin import CrossOrigin
from profile_api.http.crowd import Crowd
from profile_api.http.direct import Direct
from profile_api.http.keys import accepted_keys
from profile_api.http.limits import BodyLimit, ProtectiveHeaders
from profile_api.http.once import StatedOnce
from profile_api.http.telemetry import observe
from profile_api.privacy_requests import determination_routes as determinations
from profile_api.privacy_requests import extract_routes as extracts
from profile_api.privacy_requests import intake_routes as intakes
from profile_api.privacy_requests import retention_routes as retention
from profile_api.privacy_requests import routes as requests
from profile_api.profiles import feature_routes as features
from profile_api.profiles import routes as profiles
from profile_api.profiles import timeline_routes as timeline
from profile_api.responses.errors import handle_errors
from profile_api.stewardship import routes as identity
from profile_api.webhooks import routes as webhooks
from read_model.live.erased import guard_of
from read_model.live.inbox import Inbox
from stores.postgres import open_engine

DESCRIPTION = """One customer, one view: advisors, bots and customers read the same profile at the same version.

Send a bearer token and a header `Purpose` with every request. What the purpose, your role or the person's own
decisions do not permit is absent from `data` and explained under `withheld`."""


def create_app(
    settings: Settings,
    database_url: str,
    feature_reader: FeatureReader | None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    redis_url: str | None = None,
) -> FastAPI:
    """The application over these stores; raises NoIssuer where no tokens could be accepted.

    With `redis_url` all workers count requests together, for the limits.
    """
    engine = open_engine(database_url, settings.pool)
    sources = load_sources(settings)
    inbox = Inbox(engine, guard_of(settings, sources))
    app = FastAPI(
        title="One customer view",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        lifespan=_serving(engine, inbox, settings),
    )
    app.state.verifier = Verifier(
        accepted_keys(settings), settings.jwt_issuer, settings.jwt_audience, clock, settings.token_seconds
    )
    limits = Limits(settings, redis_url)
    app.state.gate = Gate(engine, feature_reader, published_policies(), published_purposes(), clock, limits)
    app.state.clock, app.state.settings = clock, settings
    app.state.features, app.state.zones = feature_reader, Zones(installed_rules(settings))
    app.state.sources, app.state.inbox, app.state.intake = sources, inbox, Intake(settings, redis_url)
    # A route is found by trying one after the other.
    asked_most = (profiles, timeline, features, bots, events, engagement, handoffs)
    handled = (identity, consents, requests, intakes, determinations, callers, audit, retention, webhooks, extracts)
    for resource in (*asked_most, health, *handled):
        app.include_router(resource.router)
    mount_console(app)
    mount_mcp(app)
    handle_errors(app)
    describe_problems(app)
    observe(app, settings)
    app.add_middleware(BodyLimit)
    app.add_middleware(StatedOnce)
    app.add_middleware(CrossOrigin, sources=sources)
    app.add_middleware(Crowd, most=settings.at_once)
    app.add_middleware(Direct, mounted=frozenset({MCP}))
    app.add_middleware(ProtectiveHeaders)
    return app


def _serving(
    engine: Engine, inbox: Inbox, settings: Settings
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # A thread that could get no connection would only wait for one.
        to_thread.current_default_thread_limiter().total_tokens = max(1, settings.pool - 2)
        async with serving_mcp(app):
            yield
        inbox.close()
        engine.dispose()

    return lifespan
