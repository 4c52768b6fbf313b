"""Traces: what a real collector is sent of requests, and what it is not."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from tests.servers.otlp_collector import OtlpCollector
from tests.unit.conftest import Serving

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, InstanceType, Role, Unavailable
from similis.gateway._traces import open_tracing
from similis.service import App, Settings

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
STAGES = {"queue", "decode", "backbone", "subject", "category", "features", "catalogue", "index"}


@pytest.fixture
def collector() -> Iterator[OtlpCollector]:
    collector = OtlpCollector()
    collector.start()
    yield collector
    collector.stop()


def attributes(span: Span) -> Mapping[str, object]:
    return {
        pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes
    }  # all of ours are texts and whole numbers


@pytest.fixture
def sent(
    collector: OtlpCollector, settings: Settings, pipeline: Pipeline, serving: Serving, pictures: list[bytes]
) -> tuple[OtlpCollector, list[str]]:
    """What the collector has after an add that continues a caller's trace, and a call that fails; and all secrets."""
    traced = settings.model_copy(update={"otlp_endpoint": collector.url})
    with App.open(traced, pipeline) as app:
        app.instances.create(InstanceSpec("shop", InstanceType.GENERIC))
        made = app.access.create(Role.WRITER)
        with serving(app) as address:
            headers = {"authorization": f"Bearer {made.key.id}:{made.secret}", "traceparent": CALLER}
            form = {"product_id": "boot-17", "pic_name": "front.jpg", "custom_content": "only for the shop"}
            url = f"{address}/api/v1/instances/shop/pictures"
            added = httpx.post(url, data=form, files={"file": pictures[0]}, headers=headers, timeout=30)
            assert added.status_code == 201
            assert httpx.post(url, data=form, files={"file": b"?"}, headers=headers | {"traceparent": ""}).is_error
    return collector, [made.secret, made.key.id, "boot-17", "front.jpg", "only for the shop", "IHDR"]


def test_a_request_is_a_span_of_its_callers_trace_with_its_stages_below(
    sent: tuple[OtlpCollector, list[str]],
) -> None:
    collector, _ = sent
    added, failed = (span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER)
    below = [span for span in collector.spans if span.parent_span_id == added.span_id]
    assert (added.trace_id.hex(), added.parent_span_id.hex()) == tuple(CALLER.split("-")[1:3])
    assert added.name == "POST /api/v1/instances/{name}/pictures"
    assert {span.name for span in below} == STAGES
    assert all(span.trace_id == added.trace_id for span in below)
    assert all(
        added.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano <= added.end_time_unix_nano
        for span in below
    )
    told = attributes(added)
    assert (told["http.response.status_code"], told["similis.operation"], told["similis.instance"]) == (
        201, "picture.add", "shop",
    )  # fmt: skip
    assert failed.trace_id != added.trace_id
    assert attributes(failed)["similis.outcome"] == "unsupported_format"


def test_no_picture_secret_key_or_product_is_sent(sent: tuple[OtlpCollector, list[str]]) -> None:
    collector, secrets = sent
    assert collector.resources["service.name"] == "similis"
    assert not [secret for secret in secrets if secret.encode() in collector.raw]


def test_nobody_is_told_unless_a_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_tracing(None) is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    tracing = open_tracing(None)
    assert tracing is not None
    tracing.close()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("opentelemetry.exporter")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(Unavailable) as caught:
        open_tracing("http://127.0.0.1:9")
    assert "similis[telemetry]" in caught.value.hint
