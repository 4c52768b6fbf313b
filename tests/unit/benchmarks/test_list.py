"""`make bench` tells of every benchmark, and what it runs is there."""

from __future__ import annotations

from pathlib import Path

from benchmarks.__main__ import FOLDER, SHORT, benchmarks

SHARED = {"__main__", "features"}  # what lists them, and what several of them use


def test_every_benchmark_is_listed_with_its_purpose() -> None:
    listed = dict(benchmarks())
    modules = {f"benchmarks.{path.stem}" for path in FOLDER.glob("*.py") if path.stem not in SHARED}
    assert set(listed) == modules | {"benchmarks.inversion"}
    assert all(purpose.endswith(".") for purpose in listed.values())


def test_what_is_run_is_there() -> None:
    ours = [Path(*command[1].split(".")).with_suffix(".py") for command in SHORT if command[1] != "similis"]
    assert ours
    assert [path for path in ours if not (FOLDER.parent / path).is_file()] == []
