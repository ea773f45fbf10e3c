"""What operators see of requests, and what they do not."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from sqlalchemy import Engine, text

from consent.model import Role
from contracts.settings import Settings
from profile_api.app import create_app
from profile_api.http.telemetry import Overdue, observe
from tests.profile_api.conftest import Headers
from tests.profile_api.people import ANA, ANA_EMAIL, NOW, Features, write_people


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def observed(api_settings: Settings, engine: Engine, database_url: str, spans: InMemorySpanExporter) -> TestClient:
    write_people(engine)
    settings = api_settings.model_copy(update={"metrics_port": 9})
    app = create_app(settings, database_url, Features(), clock=lambda: NOW)
    observe(app, api_settings, spans)
    return TestClient(app, raise_server_exceptions=False)


def test_metrics_and_traces_know_routes_and_no_person(
    observed: TestClient, headers: Headers, spans: InMemorySpanExporter
) -> None:
    sent = headers() | {"User-Agent": ANA_EMAIL, "X-Note": ANA_EMAIL}
    assert observed.get(f"/v1/profiles/{ANA}?note={ANA_EMAIL}", headers=sent).status_code == 200
    assert observed.get(f"/nowhere/{ANA_EMAIL}", headers=sent).status_code == 404
    observed.app.state.tracing.force_flush()  # type: ignore[attr-defined]  # an ASGI application has no `state`
    traced = spans.get_finished_spans()
    assert traced[0].name == "GET /v1/profiles/{profile_id}" and len(traced) == 2
    told = "".join(span.to_json() for span in traced)
    counted = generate_latest(REGISTRY).decode()
    assert 'handler="/v1/profiles/{profile_id}"' in counted
    for secret in (ANA, ANA_EMAIL, "nowhere", "Bearer", "testclient"):
        assert secret not in told and secret not in counted.replace("/v1/profiles/{profile_id}", ""), secret


def test_overdue_requests_are_a_metric_and_no_value_is_no_zero(
    client: TestClient, headers: Headers, engine: Engine
) -> None:
    filed = client.post("/v1/requests", json={"kind": "access"}, headers=headers(Role.CUSTOMER, "privacy_rights", ANA))
    assert filed.status_code == 201

    def told(days: int) -> str:
        registry = CollectorRegistry()
        registry.register(Overdue(engine, lambda: NOW + timedelta(days=days)))
        return generate_latest(registry).decode()

    assert "ocv_privacy_requests_overdue 0.0" in told(days=31)
    assert "ocv_privacy_requests_overdue 1.0" in told(days=32)
    with engine.begin() as connection:
        connection.execute(text("alter table privacy_requests rename to gone"))
    assert "ocv_privacy_requests_overdue" not in told(days=32)
