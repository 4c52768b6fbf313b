"""What `/metrics` answers: every interface counts, names are told to whom they belong, and tools can read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from unittest.mock import Mock

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from similis.domain import Instance, Role, StorageFailed
from similis.service import App
from similis.service._lately import Lately

Client = Callable[..., httpx.Client]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
_UNITS = ("seconds", "bytes", "total", "ratio", "info")


def samples(text: str, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The samples of a name, by their labels."""
    return {
        tuple(sorted(sample.labels.items())): sample.value
        for family in read_text(text)
        for sample in family.samples
        if sample.name == name
    }


def operation(name: str, outcome: str, instance: str = "") -> tuple[tuple[str, str], ...]:
    return (("instance_name", instance), ("operation", name), ("outcome", outcome))


@pytest.fixture
def busy(api: httpx.Client, pictures: list[bytes]) -> httpx.Client:
    """A client that has added two pictures, searched, and failed in several ways."""
    for number in range(2):
        form = {"product_id": "p", "pic_name": f"{number}.png"}
        added = api.post("/api/v1/instances/shop/pictures", data=form, files={"file": pictures[number]})
        assert added.status_code == 201
    assert api.post("/api/v1/instances/shop/search", files={"file": pictures[0]}).status_code == 200
    assert api.post("/api/v1/instances/shop/search", files={"file": b"no picture"}).status_code == 400
    assert api.post("/api/v1/instances/nowhere/search", files={"file": pictures[0]}).status_code == 404
    return api


def test_calls_are_counted_by_operation_instance_and_outcome(busy: httpx.Client) -> None:
    counts = samples(busy.get("/metrics").text, "similis_operations_total")
    assert counts[operation("picture.add", "ok", "shop")] == 2
    assert counts[operation("picture.search", "ok", "shop")] == 1
    assert counts[operation("picture.search", "unsupported_format", "shop")] == 1
    assert counts[operation("picture.search", "instance_not_found")] == 1  # what is none gets no label of its own


def test_every_stage_of_a_call_is_timed_once(busy: httpx.Client) -> None:
    counts = samples(busy.get("/metrics").text, "similis_stage_seconds_count")
    times = {dict(labels)["stage"]: count for labels, count in counts.items()}
    for stage in ("decode", "backbone", "subject", "category", "features", "catalogue", "index"):
        assert times[stage] == 3, stage


def test_what_there_is_is_told(busy: httpx.Client, app: App) -> None:
    text = busy.get("/metrics").text
    assert samples(text, "similis_instance_pictures") == {
        (("instance_name", "shop"),): 2,
        (("instance_name", "things"),): 0,
    }
    assert samples(text, "similis_instance_capacity")[(("instance_name", "things"),)] == 2
    assert samples(text, "similis_index_rows") == {(("instance_name", "shop"),): 2}
    assert samples(text, "similis_models_loaded") == {(): 1}
    assert samples(text, "similis_queue_pictures") == {(("state", "running"),): 0, (("state", "waiting"),): 0}
    assert samples(text, "similis_queue_room") == {(): app.analyst.turns.room}
    assert samples(text, "similis_catalogue_up") == {(): 1}


def test_tasks_are_counted_by_kind_and_state(busy: httpx.Client, app: App) -> None:
    app.transfers.start_export("shop")
    counts = samples(busy.get("/metrics").text, "similis_tasks")
    assert sum(counts.values()) == 1
    assert {dict(labels)["kind"] for labels in counts} == {"export"}


def test_names_are_told_to_whom_they_belong(busy: httpx.Client, client: Client) -> None:
    stranger = client(None).get("/metrics").text
    assert "shop" not in stranger
    assert "things" not in stranger
    assert samples(stranger, "similis_operations_total")[operation("picture.add", "ok")] == 2
    assert samples(stranger, "similis_instance_pictures") == {(("instance_name", ""),): 2}
    limited = client(Role.READER, "things").get("/metrics").text
    assert samples(limited, "similis_instance_pictures") == {
        (("instance_name", ""),): 2,
        (("instance_name", "things"),): 0,
    }
    assert "shop" not in limited
    assert busy.get("/metrics").text.count('"shop"') > 5


def test_a_key_that_is_none_is_refused(client: Client) -> None:
    answer = client(None).get("/metrics", headers={"authorization": "Bearer SIMNOBODY:wrong"})
    assert answer.status_code == 401


def test_the_setting_names_instances_to_everyone(
    busy: httpx.Client, client: Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "settings", app.settings.model_copy(update={"metrics_instances": True}))
    assert 'similis_instance_pictures{instance_name="shop"} 2.0' in client(None).get("/metrics").text
    assert busy.get("/healthz").status_code == 200


def test_the_series_of_a_deleted_instance_go(busy: httpx.Client, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_holdings", Lately(app._read_holdings, 0))
    assert 'instance_name="shop"' in busy.get("/metrics").text
    assert busy.delete("/api/v1/instances/shop").status_code == 204
    assert '"shop"' not in busy.get("/metrics").text


def test_who_asks_often_has_the_catalogue_and_files_read_once(
    busy: httpx.Client, client: Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Mock(wraps=app.instances.list)
    monkeypatch.setattr(app.instances, "list", listed)
    for _ in range(3):
        client(None).get("/metrics")
    assert listed.call_count == 1
    assert 'instance_name="shop"' in busy.get("/metrics").text


def test_the_calls_of_a_new_instance_are_told_by_its_name(busy: httpx.Client) -> None:
    busy.get("/metrics")  # which knows what there is for the next seconds
    assert busy.post("/api/v1/instances", json={"name": "new", "type": "generic"}).status_code == 201
    for _ in range(2):
        counts = samples(busy.get("/metrics").text, "similis_operations_total")
        assert counts[operation("instance.create", "ok", "new")] == 1


@pytest.mark.usefixtures("busy")
def test_the_rest_is_told_while_the_catalogue_is_away(
    client: Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = client(None)

    def away() -> list[Instance]:
        raise StorageFailed("The catalogue is away for the test.")

    monkeypatch.setattr(app.instances, "list", away)
    text = stranger.get("/metrics").text
    assert samples(text, "similis_catalogue_up") == {(): 0}
    assert samples(text, "similis_operations_total")[operation("picture.add", "ok")] == 2


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS])
def test_names_and_help_are_as_tools_expect_them(busy: httpx.Client, accept: str) -> None:
    answer = busy.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith(accept.partition(";")[0])
    families = list((read_openmetrics if accept == OPENMETRICS else read_text)(answer.text))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    for family in families:
        assert family.documentation.endswith("."), family.name
        assert re.fullmatch("[a-z][a-z0-9_]*", family.name)
        assert not family.name.endswith("_total") or accept != OPENMETRICS
        assert family.type in {"counter", "gauge", "histogram", "info"}, family.name
        if family.type == "histogram":
            assert family.name.endswith(_UNITS)
