"""Metrics and traces of a serving process, by the libraries for them; neither holds personal data.

Metrics count by the route's template. Traces leave only where an OTLP endpoint is set, and of a span only what is on
the list below: an address holds a profile's id, a header a token.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import prometheus_client
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from prometheus_client import CollectorRegistry, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from prometheus_fastapi_instrumentator import Instrumentator
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from consent.open_requests import overdue_requests
from consent.watching import alerts_since
from contracts.settings import Settings
from profile_api.http.forking import SHARED

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
KEPT = frozenset(
    {
        "http.method", "http.request.method", "http.route", "http.status_code", "http.response.status_code",
        "http.scheme", "url.scheme", "http.flavor", "network.protocol.version", "error.type", "mcp.method.name",
        "mcp.protocol.version", "gen_ai.operation.name", "gen_ai.tool.name", "rpc.response.status_code",
    }
)  # fmt: skip


class Scrubbed(SpanExporter):  # type: ignore[misc]  # not seen by mypy, as all of opentelemetry
    """Hands on spans without whatever could hold personal data: other attributes, events, descriptions."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_scrubbed(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return bool(self._exporter.force_flush(timeout_millis))


class Overdue(Collector):
    """How many privacy requests are overdue, counted when it is asked for; no value where nobody can tell."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine, self._clock = engine, clock

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            with self._engine.connect() as connection:
                now = self._clock()
                count, odd = overdue_requests(connection, now), alerts_since(connection, now - timedelta(days=7))
        except SQLAlchemyError:
            return
        description = "Privacy requests whose last day has passed"
        yield GaugeMetricFamily("ocv_privacy_requests_overdue", description, value=count)
        yield GaugeMetricFamily("ocv_reading_alerts", "Alerts of odd reading in seven days, not looked into", value=odd)


def observe(app: FastAPI, settings: Settings, exporter: SpanExporter | None = None) -> None:
    """Counts and traces this application's requests, as far as the settings ask for it."""
    if settings.metrics_port:
        counting = Instrumentator(should_group_status_codes=False, should_group_untemplated=True)
        counting.instrument(app, metric_namespace="ocv")
    if exporter is None and os.environ.get(ENDPOINT):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter()
    if exporter:
        provider = TracerProvider(resource=Resource.create({"service.name": "one-customer-view"}))
        provider.add_span_processor(BatchSpanProcessor(Scrubbed(exporter)))
        app.state.tracing = provider
        FastAPIInstrumentor.instrument_app(app, tracer_provider=provider, exclude_spans=["receive", "send"])


def serve_metrics(settings: Settings, overdue: Overdue) -> None:
    """Serves the metrics of all workers on a port of the machine itself, where nobody outside reaches them."""
    if settings.metrics_port:
        registry = prometheus_client.REGISTRY
        if SHARED in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # its library does not
        registry.register(overdue)
        prometheus_client.start_http_server(settings.metrics_port, addr="127.0.0.1", registry=registry)


def _scrubbed(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name in KEPT},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
