import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.deadly import DEADLY, DeadlyModels, StillbornModels
from threadpoolctl import threadpool_info

from similis.algorithm import Pipeline, SubjectMode
from similis.domain import (
    DamagedPicture,
    InvalidPicture,
    ModelNotFetched,
    QueueFull,
    Unavailable,
    UnsupportedFormat,
    watching_stages,
)
from similis.service import App, Settings
from similis.service._analyst import Analyst
from similis.service._processes import Analysing, Models, ParallelAnalyst

pytestmark = pytest.mark.slow  # each starts processes that load models
Draw = Callable[..., bytes]


@pytest.fixture
def analyst(settings: Settings) -> Iterator[ParallelAnalyst]:
    made = ParallelAnalyst(DeadlyModels(settings.models, SubjectMode.FAST), 2)
    yield made
    made.close()


def test_other_processes_find_the_same_bits_and_the_same_faults(
    analyst: ParallelAnalyst, pipeline: Pipeline, draw: Draw
) -> None:
    for crop in (True, False):
        found, expected = analyst.analyse(draw(1), crop=crop), pipeline.analyse(draw(1), crop=crop)
        assert found.subject == expected.subject
        assert np.array_equal(found.vector, expected.vector)
    with pytest.raises(UnsupportedFormat) as raised:
        analyst.analyse(b"no picture")
    assert raised.value.message
    assert raised.value.hint


def test_a_picture_that_kills_its_process_is_told_from_those_beside_it(analyst: ParallelAnalyst, draw: Draw) -> None:
    pictures = [DEADLY if number in {3, 9} else draw(number) for number in range(12)]

    def analyse(data: bytes) -> bool:
        try:
            analyst.analyse(data)
        except InvalidPicture as error:
            assert isinstance(error, DamagedPicture)
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(analyse, pictures)) == [data != DEADLY for data in pictures]


def test_a_process_that_is_killed_costs_nothing(analyst: ParallelAnalyst, draw: Draw) -> None:
    analyst.analyse(draw(0))
    with ThreadPoolExecutor(6) as threads:
        found = [threads.submit(analyst.analyse, draw(number)) for number in range(12)]
        victim = multiprocessing.active_children()[0]
        os.kill(victim.pid or 0, signal.SIGKILL)
        for each in found:
            assert each.result().vector.shape == (512,)


def test_processes_that_are_all_told_to_end_are_replaced(analyst: ParallelAnalyst, draw: Draw) -> None:
    """Some service managers tell every process of a service to end, and not its first alone."""
    analyst.warm_up()
    for each in (children := multiprocessing.active_children()):
        os.kill(each.pid or 0, signal.SIGTERM)
    assert len(children) == 2
    assert analyst.analyse(draw(1)).vector.shape == (512,)
    assert not {each.pid for each in children} & {each.pid for each in multiprocessing.active_children()}


def test_who_watches_is_told_the_stages_of_other_processes(analyst: ParallelAnalyst, draw: Draw) -> None:
    told: list[str] = []
    with watching_stages(lambda name, _seconds: told.append(name)):
        analyst.analyse(draw(1))
    assert told == ["queue", "decode", "backbone", "subject", "category", "features"]


def test_the_queue_has_an_end(settings: Settings, draw: Draw) -> None:
    analyst = ParallelAnalyst(Models(settings.models, SubjectMode.FAST), 1, room=0)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(analyst.analyse, draw(number)) for number in range(8)]
    analyst.close()
    refused = [isinstance(each.exception(), QueueFull) for each in asked]
    assert refused.count(False) in range(2, 8)  # one in work, one in front of the process


def test_a_missing_model_is_told_at_the_start(tmp_path: Path) -> None:
    analyst = ParallelAnalyst(Models(tmp_path, SubjectMode.FAST), 1)
    with pytest.raises(ModelNotFetched):
        analyst.warm_up()
    analyst.close()


@pytest.mark.parametrize(("where", "kind"), [(Analysing.PROCESSES, ParallelAnalyst), (Analysing.INSIDE, Analyst)])
def test_a_service_analyses_where_the_settings_say(settings: Settings, where: Analysing, kind: type[Analyst]) -> None:
    with App.open(settings.model_copy(update={"analysing": where}), serving=True) as app:
        assert type(app.analyst) is kind
    with App.open(settings) as app:
        assert type(app.analyst) is Analyst


def test_no_process_adds_up_in_more_threads_than_one(analyst: ParallelAnalyst) -> None:
    """Several processes that did would be several times slower."""
    libraries = analyst._all.submit(threadpool_info).result()
    assert {each["num_threads"] for each in libraries if each["user_api"] == "blas"} == {1}


def test_processes_that_cannot_live_are_not_blamed_on_pictures(settings: Settings, draw: Draw) -> None:
    analyst = ParallelAnalyst(StillbornModels(settings.models, SubjectMode.FAST), 2)
    with pytest.raises(Unavailable, match="end as soon as they are started"):
        analyst.analyse(draw(1))
    analyst.close()


def test_processes_are_there_only_while_there_is_much_to_do(analyst: ParallelAnalyst, draw: Draw) -> None:
    for _ in range(2):
        with analyst.busy():
            with analyst.busy():
                analyst.analyse(draw(0))
            assert multiprocessing.active_children()
        assert not multiprocessing.active_children()


def test_the_processes_end_with_theirs(tmp_path: Path, settings: Settings, draw: Draw) -> None:
    """Also when that was killed and could not tell them."""
    (tmp_path / "a.png").write_bytes(draw(1))
    program = tmp_path / "program.py"
    program.write_text(
        "import multiprocessing, os, pathlib, signal, sys\n"
        "from similis.algorithm import SubjectMode\n"
        "from similis.service._processes import Models, ParallelAnalyst\n"
        "if __name__ == '__main__':\n"
        "    analyst = ParallelAnalyst(Models(pathlib.Path(sys.argv[1]), SubjectMode.FAST), 2)\n"
        "    analyst.analyse(pathlib.Path(sys.argv[2]).read_bytes())\n"
        "    print(*(each.pid for each in multiprocessing.active_children()), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
        "utf-8",
    )
    ran = subprocess.run(
        [sys.executable, program, settings.models, tmp_path / "a.png"], stdout=subprocess.PIPE, text=True, check=False
    )
    assert ran.returncode == -signal.SIGKILL
    children = [Path("/proc") / pid for pid in ran.stdout.split()]
    assert children
    until = time.monotonic() + 20
    while any(_runs(child) for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(process: Path) -> bool:
    try:
        return "Z (zombie)" not in (process / "status").read_text("utf-8")
    except FileNotFoundError:
        return False


def test_models_make_an_analyst_anywhere(settings: Settings, draw: Draw, pipeline: Pipeline) -> None:
    found = Models(settings.models, SubjectMode.FAST).analyst().analyse(draw(2))
    assert np.array_equal(found.vector, pipeline.analyse(draw(2)).vector)
