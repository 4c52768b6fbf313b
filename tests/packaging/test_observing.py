"""Dashboard and alerts: whatever they ask for is among what `/metrics` answers, with the labels that it has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tools.reference._metrics import example

PACKAGING = Path(__file__).parents[2] / "packaging"
ALERTS = PACKAGING / "prometheus" / "similis.alerts.yml"
DASHBOARD = PACKAGING / "grafana" / "similis.json"
_METRIC = re.compile(r"\b(?:similis|process)_\w+")
_SELECTED = re.compile(r"\b((?:similis|process)_\w+)\{([^}]*)\}")
_BY = re.compile(r"\bby \(([^)]*)\)")
_PROMETHEUS_OWN = {"job", "instance", "le"}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def alerts() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(ALERTS.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (rule["expr"] for rule in alerts())


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """The labels of every sample that `/metrics` can have, by its name."""
    families = text_string_to_metric_families(example().decode())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


def test_every_metric_that_is_asked_for_is_there(known: dict[str, set[str]]) -> None:
    asked = {name for expression in expressions() for name in _METRIC.findall(expression)}
    assert len(asked) > 15
    assert asked <= set(known)


def test_every_label_that_is_asked_for_is_there(known: dict[str, set[str]]) -> None:
    for expression in expressions():
        names = _METRIC.findall(expression)
        there = _PROMETHEUS_OWN.union(*(known[name] for name in names))
        for name, selector in _SELECTED.findall(expression):
            assert set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector)) <= known[name] | _PROMETHEUS_OWN, expression
        for group in _BY.findall(expression):
            assert {label.strip() for label in group.split(",")} <= there, expression


def test_everything_of_similis_is_on_the_dashboard(known: dict[str, set[str]]) -> None:
    shown = " ".join(target["expr"] for panel in panels() for target in panel.get("targets", ()))
    of_ours = {re.sub("_(bucket|sum|count|total|created)$", "", name) for name in known if name.startswith("similis")}
    assert not [name for name in of_ours if name not in shown]


def test_panels_lie_apart() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_every_alert_says_what_to_look_at() -> None:
    for rule in alerts():
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith(".")
        assert rule["labels"]["severity"] in {"page", "ticket"}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not installed")
def test_prometheus_takes_alerts_and_figures() -> None:
    promtool = shutil.which("promtool") or ""
    subprocess.run([promtool, "check", "rules", ALERTS], check=True)
    subprocess.run([promtool, "check", "metrics"], input=example(), check=True)
