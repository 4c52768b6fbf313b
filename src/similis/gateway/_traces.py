"""Traces by OpenTelemetry: a span for each request, and one for each stage of it; no picture, secret or product."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from similis.domain import Unavailable
from similis.gateway._watch import Watch

if TYPE_CHECKING:  # the extra `telemetry` may not be installed
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PATH = "/v1/traces"
_NANOSECONDS = 1_000_000_000


def open_tracing(endpoint: str | None) -> Tracing | None:
    """Return what follows requests; None where neither setting nor OpenTelemetry's own variables name a collector.

    Args:
        endpoint: base URL of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`.

    Raises:
        Unavailable: the packages that it takes are not installed.
    """
    if endpoint is None and not any(os.environ.get(name) for name in _ENDPOINTS):
        return None
    try:
        return Tracing(_provider(endpoint))
    except ImportError:
        raise Unavailable(
            "Traces need the packages of OpenTelemetry.", "Install them: pip install 'similis[telemetry]'."
        ) from None


class Tracing:
    """Begins a trace, or goes on with that of the caller, for each request.

    Args:
        provider: where spans go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("similis")

    def begin(self, watch: Watch) -> Trace:
        """Follow a request from now on."""
        return Trace(self._tracer, watch)

    def close(self) -> None:
        """Send what is left to be sent."""
        self._provider.shutdown()


class Trace:
    """The span of one request.

    Attributes:
        id: of the trace, as logs and collectors write it.
    """

    def __init__(self, tracer: Tracer, watch: Watch) -> None:
        from opentelemetry.trace import SpanKind, format_trace_id  # noqa: PLC0415 - of an extra

        self._tracer = tracer
        self._watch = watch
        self._span = tracer.start_span(watch.method, _callers(watch), SpanKind.SERVER)
        self.id = format_trace_id(self._span.get_span_context().trace_id)

    def end(self) -> None:
        """Complete the span once the request has ended; its stages become spans below it."""
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - of an extra

        if self._span.is_recording():
            _describe(self._span, self._watch)
            below = set_span_in_context(self._span)
            for lap in self._watch.laps:
                begun = lap.ended - round(lap.seconds * _NANOSECONDS)
                self._tracer.start_span(lap.stage, below, start_time=begun).end(lap.ended)
        self._span.end()


def _describe(span: Span, watch: Watch) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - of an extra

    entry = watch.entry
    span.update_name(f"{watch.method} {watch.route}")
    told: dict[str, str | int | None] = {
        "http.request.method": watch.method,
        "http.route": watch.route,
        "http.response.status_code": watch.status,
        "http.request.body.size": watch.received,
        "similis.request_id": watch.request_id,
        "similis.operation": entry.action and str(entry.action),
        "similis.outcome": entry.outcome if entry.action else None,
        "similis.instance": entry.instance_name,
    }
    span.set_attributes({name: value for name, value in told.items() if value is not None})
    if watch.status >= HTTPStatus.INTERNAL_SERVER_ERROR or not watch.status:
        span.set_status(StatusCode.ERROR)


def _callers(watch: Watch) -> Context:
    """The trace that the caller's headers name, if any."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - of an extra

    headers = Headers(scope=watch.scope)
    carrier = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    return TraceContextTextMapPropagator().extract(carrier)


def _provider(endpoint: str | None) -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - of an extra
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource({"service.name": "similis"}).merge(OTELResourceDetector().detect())  # variables go before
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    url = None if endpoint is None else endpoint.rstrip("/") + _PATH
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return provider
