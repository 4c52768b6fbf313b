"""Runs the command line as a user would, in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from similis.algorithm import _pipeline
from similis.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left: exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command prints
        """Standard output read as JSON."""
        return json.loads(self.out)


Similis = Callable[..., Ran]
Prepare = Callable[[Callable[[], None]], None]


def _made_once(make: Callable[..., object]) -> Callable[..., object]:
    made: dict[str, object] = {}

    def remembered(*arguments: object) -> object:
        key = repr(arguments)
        if key not in made:
            made[key] = make(*arguments)
        return made[key]

    return remembered


# Each command loads the models, which takes longer than most of them. Their files are checked all the same.
_PARTS = ("Backbone", "SubjectHead", "SubjectNetwork", "CategoryHead", "Describer")
_LOADED = {name: _made_once(getattr(_pipeline, name)) for name in _PARTS}


@pytest.fixture
def similis(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    restored: None,  # noqa: ARG001 - else what `serve` sets up would write where this test's output was
) -> Similis:
    """Run `similis …` on a fresh data directory."""
    monkeypatch.setenv("SIMILIS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SIMILIS_THREADS", "1")  # an import then starts one process, not one a processor
    monkeypatch.setenv("COLUMNS", "300")  # long paths of tests stay on one line
    for name, load in _LOADED.items():
        monkeypatch.setattr(_pipeline, name, load)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr("sys.argv", ["similis", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            status: object = 0
        except SystemExit as end:
            status = end.code or 0
        captured = capsys.readouterr()
        assert isinstance(status, int)
        return Ran(status, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def _left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("left")


@pytest.fixture
def prepare(tmp_path: Path, _left: Path) -> Prepare:
    """Fill the data directory: the first test of a module does so, the others copy what it left with its keys."""

    def prepared(fill: Callable[[], None]) -> None:
        if any(_left.iterdir()):
            shutil.copytree(_left, tmp_path, dirs_exist_ok=True)
            return
        fill()
        for part in ("data", "data.keys"):
            shutil.copytree(tmp_path / part, _left / part)

    return prepared
