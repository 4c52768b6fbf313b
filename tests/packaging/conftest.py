"""Wheel and sdist as they are given away, and an environment into which nothing but them and what they need goes."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_OF_PYTHON = ("PYTHON", "VIRTUAL_ENV", "SIMILIS_")


@dataclass(frozen=True, slots=True)
class Distributions:
    """The two files that `make dist` makes."""

    wheel: Path
    sdist: Path


@dataclass(frozen=True, slots=True)
class Installation:
    """An environment with Similis in it, which knows nothing of this checkout."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of processes that run from it: the models that were fetched are used, no setting else."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OF_PYTHON)}
        models = {name: value for name, value in os.environ.items() if name == "SIMILIS_MODELS"}
        return {**kept, **models, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def run(self, *command: str, folder: Path | None = None) -> str:
        """Run one of its programs elsewhere than in the checkout and give what it prints."""
        ran = subprocess.run(
            [str(self.folder / "bin" / command[0]), *command[1:]], cwd=folder or self.folder,
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Built as `make dist` builds them: the wheel from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Distributions(wheel, sdist)


@pytest.fixture(scope="session")
def installation(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An empty environment, then what the lock file names for running, then the wheel."""
    installation = Installation(tmp_path_factory.mktemp("installation"))
    venv.create(installation.folder, with_pip=True)
    lock = str(ROOT / "requirements" / "run.lock")
    pip = ("python", "-m", "pip", "install", "--quiet", "--no-compile")
    installation.run(*pip, "--require-hashes", "--requirement", lock)
    installation.run(*pip, "--no-deps", str(distributions.wheel))
    return installation
