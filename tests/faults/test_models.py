"""Model files that are missing, altered or not to be read: nothing starts with them, and it is said what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from similis.service import Settings

_COMMAND = "from similis.cli import main; main()"
# As the user `nobody`, where the test is root: root reads whatever it likes. What a command needs is loaded before by
# one that fails, for another user may not be able to read it.
_AS_NOBODY = """
import contextlib, io, os, sys
from similis.cli import main
wanted, sys.argv = sys.argv, ["similis", "models", "fetch", "nothing", "--json"]
with contextlib.suppress(SystemExit), contextlib.redirect_stderr(io.StringIO()):
    main()
if not os.geteuid():
    os.setuid(65534)
sys.argv = wanted
main()
"""
Draw = Callable[..., bytes]


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    status: int
    out: str
    err: str

    def refusal(self) -> tuple[str, str]:
        """Code and hint of the error that it printed."""
        told = json.loads(self.err)
        return told["code"], told["hint"]


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command with a models directory of its own, `models`."""

    def ran(*arguments: object, script: str = _COMMAND, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-c", script, *map(str, arguments), "--json"],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "SIMILIS_MODELS": "models", "SIMILIS_DATA": "data", **environment},
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return ran


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the models, in which something may be harmed."""
    shutil.copytree(Settings().models, tmp_path / "models")
    return tmp_path / "models"


def _alter(models: Path) -> None:
    """Exchange one byte amid the weights: the file can be loaded as before."""
    (file,) = models.glob("efficientnet-*.onnx")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.slow
def test_the_service_does_not_start_with_an_altered_model(models: Path, run: Run) -> None:
    _alter(models)
    ran = run("serve", "--port", 0)
    code, hint = ran.refusal()
    assert (ran.status, code, ran.out) == (3, "model_damaged", "")
    assert "similis models fetch" in hint


@pytest.mark.slow
def test_nothing_is_analysed_with_an_altered_model(models: Path, run: Run, tmp_path: Path, draw: Draw) -> None:
    (tmp_path / "a.png").write_bytes(draw(1))
    assert run("instance", "create", "shop", "--type", "generic").status == 0
    _alter(models)
    ran = run("add", "shop", "a.png")
    assert (ran.status, ran.refusal()[0]) == (3, "model_damaged")
    assert json.loads(run("instance", "show", "shop").out)["picture_count"] == 0
    verified = run("models", "verify")
    assert verified.status == 1
    assert json.loads(verified.out)["models"]["efficientnet-lite2"].startswith("model_damaged: ")


@pytest.mark.slow
def test_the_service_does_not_start_without_models(run: Run) -> None:
    ran = run("serve", "--port", 0)
    code, hint = ran.refusal()
    assert (ran.status, code, ran.out) == (3, "model_not_fetched", "")
    assert "similis models fetch" in hint


@pytest.mark.slow
def test_the_service_does_not_start_where_models_cannot_be_reached(run: Run, tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to("models")  # a circle, which not even root can follow
    ran = run("serve", "--port", 0)
    code, hint = ran.refusal()
    assert (ran.status, code, ran.out) == (3, "model_not_fetched", "")
    assert "SIMILIS_MODELS" in hint


@pytest.mark.slow
@pytest.mark.parametrize("command", [("models", "list"), ("models", "fetch")])
def test_models_that_may_not_be_read_are_explained(
    models: Path, run: Run, public_directory: Path, command: tuple[str, ...]
) -> None:
    place = public_directory / "models"
    shutil.move(models, place)
    place.chmod(0o000)
    public_directory.chmod(0o777)  # where that user makes its data
    ran = run(*command, script=_AS_NOBODY, SIMILIS_MODELS=str(place), SIMILIS_DATA=str(public_directory / "data"))
    place.chmod(0o755)
    code, hint = ran.refusal()
    assert (ran.status, code) == (3, "model_not_fetched")
    assert "SIMILIS_MODELS names another directory" in hint
    assert "Permission denied" in ran.err
