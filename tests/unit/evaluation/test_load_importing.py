"""What is measured beside an import is measured beside one: that pictures come in is seen to, or told."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from similis.domain import ServiceUnreachable
from similis.evaluation import _load_importing
from similis.evaluation._load_importing import importing_from


class Service:
    """Tells of its import one state after the other, the last one again and again."""

    def __init__(self, *states: tuple[str, int]) -> None:
        self._states: Iterator[tuple[str, int]] = iter(states)
        self._state = states[0]
        self.cancelled = False

    def ask(self, method: str, path: str, _form: object = None) -> dict[str, Any]:
        if method == "GET":
            self._state = ("fail", self._state[1]) if self.cancelled else next(self._states, self._state)
        self.cancelled |= path.endswith("/cancel")
        return {"id": "7", "status": self._state[0], "added": self._state[1], "message": "No processor is left."}


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_load_importing, "_PATIENCE", 0.05)
    monkeypatch.setattr(_load_importing, "_PAUSE", 0.001)


def _beside(service: Service, storage: Path, pictures: Sequence[bytes] = (b"one", b"two")) -> int:
    with importing_from(storage, pictures, service.ask) as imported:
        return imported()


def test_the_block_begins_with_the_first_picture_and_ends_the_import(tmp_path: Path) -> None:
    service = Service(("processing", 0), ("processing", 0), ("processing", 1))
    assert _beside(service, tmp_path) >= 1
    assert service.cancelled
    assert (tmp_path / "1.jpg").read_bytes() == b"two"


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([("processing", 0)], "neither brought a picture in nor ended"),
        ([("processing", 0), ("fail", 0)], "No processor is left"),
    ],
    ids=["waits", "fails"],
)
def test_an_import_that_brings_nothing_in_is_told(states: list[tuple[str, int]], told: str, tmp_path: Path) -> None:
    service = Service(*states)
    with pytest.raises(ServiceUnreachable, match=told):
        _beside(service, tmp_path)
    assert service.cancelled == (states[-1][0] == "processing"), "what goes on is stopped"
