"""What Ray says when it cannot be used becomes an error that tells what to do; needs no Ray."""

from __future__ import annotations

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
