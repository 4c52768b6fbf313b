"""Models are loaded when they are first needed, in a turn, and keep nobody waiting who does not need them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.unit.colours import plain, with_encoders

from similis.algorithm import Pipeline
from similis.domain import QueueFull
from similis.service import Settings, _analyst, model_store
from similis.service._analyst import Analyst

Use = Callable[[Analyst], object]
Make = Callable[[int, int], Analyst]
USES: dict[str, tuple[str, Use]] = {
    "text": ("TextEncoder", lambda analyst: analyst.text_encoder("colour-image")),
    "picture": ("ImageEncoder", lambda analyst: analyst.analyse(plain("red"), model="colour-image", crop=False)),
}


@pytest.fixture
def make(settings: Settings, pipeline: Pipeline, tmp_path: Path) -> Make:
    """Makes an analyst of so many slots and so much room that can load encoders of pictures and of texts."""
    store = model_store(with_encoders(settings, tmp_path))
    return lambda slots, room: Analyst(store, lambda: pipeline, slots, room)


@contextmanager
def _loading(patch: pytest.MonkeyPatch, analyst: Analyst, use: str) -> Iterator[Future[object]]:
    """A block in which the model of a use is being loaded for a thread."""
    kind, called = USES[use]
    real, begun, go_on = getattr(_analyst, kind), threading.Event(), threading.Event()

    def load(*arguments: object) -> object:
        begun.set()
        assert go_on.wait(10)
        return real(*arguments)

    patch.setattr(_analyst, kind, load)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(called, analyst)
        try:
            assert begun.wait(10)
            yield waiting
        finally:
            go_on.set()


@pytest.mark.parametrize("use", USES)
def test_a_model_that_is_being_loaded_keeps_nobody_from_others(
    monkeypatch: pytest.MonkeyPatch, make: Make, use: str
) -> None:
    analyst = make(2, 0)
    analyst.warm_up()
    with _loading(monkeypatch, analyst, use) as waiting, ThreadPoolExecutor(1) as pool:
        assert pool.submit(analyst.analyse, plain("red"), crop=False).result(5).vector.shape
        assert len(analyst.models) == 1
        assert not waiting.done()
    assert waiting.result(5)
    assert len(analyst.models) == 2


@pytest.mark.parametrize("use", USES)
def test_who_needs_a_model_that_is_being_loaded_waits_in_the_queue(
    monkeypatch: pytest.MonkeyPatch, make: Make, use: str
) -> None:
    analyst = make(1, 0)
    with _loading(monkeypatch, analyst, use), ThreadPoolExecutor(1) as pool:
        assert analyst.turns.running == 1
        with pytest.raises(QueueFull):
            pool.submit(USES[use][1], analyst).result(5)
    assert USES[use][1](analyst)


def test_a_text_encoder_that_is_there_needs_no_turn(make: Make) -> None:
    analyst = make(1, 0)
    encoder, _ = analyst.text_encoder("colour-image")
    with analyst.turns.turn():
        assert analyst.text_encoder("colour-image")[0] is encoder
