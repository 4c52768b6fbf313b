"""Counts of calls: no name that is none becomes one, and there are never many."""

from __future__ import annotations

import pytest

from similis.gateway import _operation_counts as module
from similis.gateway._operation_counts import UNNAMED, OperationCounts


def told(counts: OperationCounts, *shown: str) -> dict[tuple[str, ...], float]:
    family = counts.family(lambda name: name in shown)
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def test_a_name_counts_from_its_first_success_on() -> None:
    counts = OperationCounts()
    for outcome in ("instance_not_found", "ok", "invalid_picture"):
        counts.add("picture.add", "shop", outcome)
    assert told(counts, "shop") == {
        ("picture.add", UNNAMED, "instance_not_found"): 1,
        ("picture.add", "shop", "ok"): 1,
        ("picture.add", "shop", "invalid_picture"): 1,
    }


def test_names_that_are_not_shown_are_added_up() -> None:
    counts = OperationCounts()
    for name in ("a", "b", "b", "c"):
        counts.add("picture.search", name, "ok")
    assert told(counts, "a") == {("picture.search", "a", "ok"): 1, ("picture.search", UNNAMED, "ok"): 3}


def test_the_names_of_what_was_deleted_go_and_sums_never_fall() -> None:
    counts = OperationCounts()
    counts.add("picture.add", "a", "ok")
    counts.add("picture.add", "b", "ok")
    counts.add("key.list", None, "ok")
    before = told(counts)
    counts.keep({"b"})
    assert told(counts) == before == {("picture.add", UNNAMED, "ok"): 2, ("key.list", UNNAMED, "ok"): 1}
    assert told(counts, "a", "b") == {
        ("picture.add", UNNAMED, "ok"): 1, ("picture.add", "b", "ok"): 1, ("key.list", UNNAMED, "ok"): 1,
    }  # fmt: skip
    counts.add("picture.add", "a", "instance_not_found")
    assert ("picture.add", "a", "instance_not_found") not in told(counts, "a")


def test_there_are_never_more_names_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_NAMES", 2)
    counts = OperationCounts()
    for number in range(5):
        counts.add("instance.create", f"shop{number}", "ok")
    assert {labels[1] for labels in told(counts, *(f"shop{number}" for number in range(5)))} == {
        "shop0", "shop1", UNNAMED,
    }  # fmt: skip
