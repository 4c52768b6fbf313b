"""What Ray says when it cannot be used becomes an error that tells what to do; needs no Ray."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from similis.domain import Unavailable
from similis.transfer import _ray_cluster
from similis.transfer._ray_cluster import connected


class FailingRay(SimpleNamespace):
    """A Ray that cannot be started, and notes that what was begun is ended."""

    error: Exception
    ended = False

    def is_initialized(self) -> bool:
        return False

    def init(self, **_options: object) -> None:
        raise self.error

    def shutdown(self) -> None:
        self.ended = True


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Exception("The current node timed out during startup.\nMore of it."), "The current node timed out during"),
        (TypeError(), "TypeError"),
        (OSError("No space left on device"), "No space left"),
    ],
    ids=["plain", "without-words", "known"],
)
def test_whatever_ray_raises_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    ray = FailingRay(error=error)
    monkeypatch.setattr(_ray_cluster, "ray_package", lambda: ray)
    with pytest.raises(Unavailable, match=told) as raised, connected(None):
        pytest.fail("there is no Ray")
    assert "\n" not in raised.value.message
    assert "temporary files" in raised.value.hint
    assert ray.ended


class SlowRay(SimpleNamespace):
    """A Ray whose first start leaves a process behind and fails, as on a machine that was too busy."""

    left: subprocess.Popen[bytes] | None = None
    directories: list[Path]

    def is_initialized(self) -> bool:
        return False

    def init(self, *, _temp_dir: str, **_options: object) -> None:
        self.directories.append(Path(_temp_dir))
        if self.left is None:
            script = "print(flush=True); import time; time.sleep(60)"
            self.left = subprocess.Popen([sys.executable, "-c", script, f"{_temp_dir}/gcs"], stdout=subprocess.PIPE)
            assert self.left.stdout
            with self.left.stdout as said:
                said.readline()  # before it runs, nobody can see whose it is
            raise Exception("The current node timed out during startup.")  # noqa: TRY002 - as Ray does

    def shutdown(self) -> None:
        """It knows of no process."""


def test_a_start_that_took_too_long_is_cleared_away_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ray = SlowRay(directories=[])
    monkeypatch.setattr(_ray_cluster, "ray_package", lambda: ray)
    with connected(None) as started:
        assert started is ray
        first, second = ray.directories
        assert not first.exists()
        assert second.exists()
        assert ray.left is not None
        assert ray.left.wait(10) == -signal.SIGKILL
    assert not second.exists()
