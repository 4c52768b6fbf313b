import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from similis.domain import InstanceSpec, ObjectNotFound, Task, TaskStatus
from similis.service import App
from similis.service._hold import Hold
from similis.service._task_runner import TaskRunner, Work


@pytest.fixture
def shop(app: App) -> App:
    app.instances.create(InstanceSpec("shop"))
    return app


def runner(app: App, work: Work, chore: Callable[[], None] = lambda: None) -> TaskRunner:
    return TaskRunner(app._catalogue, work, chore)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_failure_ends_a_task_with_its_code(shop: App) -> None:
    def fail(_task: Task, _hold: Hold) -> None:
        raise ObjectNotFound("It is not there.", "Put it there.")

    task = shop.transfers.start_export("shop")
    seen: list[Task] = []
    assert runner(shop, fail).work_on(task.id, fail, seen.append)
    ended = shop.transfers.get(task.id)
    assert seen == [ended]
    assert (ended.status, ended.code, ended.message) == (
        TaskStatus.FAIL,
        "object_not_found",
        "It is not there. Put it there.",
    )
    assert not runner(shop, fail).work_on(task.id, fail), "it has ended"


def test_what_nobody_foresaw_ends_a_task_without_its_words(shop: App, caplog: pytest.LogCaptureFixture) -> None:
    words = " ".join(("some", "bytes of a picture"))  # the log shows the line that fails

    def fail(_task: Task, _hold: Hold) -> None:
        raise ValueError(words)

    task = shop.transfers.start_export("shop")
    with caplog.at_level(logging.INFO):
        runner(shop, fail).work_on(task.id, fail)
    assert shop.transfers.get(task.id).code == "internal_error"
    assert "ValueError" in caplog.text
    assert words not in caplog.text + shop.transfers.get(task.id).message


def test_a_task_that_another_process_works_on_is_left_to_it(shop: App) -> None:
    task, now = shop.transfers.start_export("shop"), datetime.now(UTC)
    shop._catalogue.tasks.claim(task.id, "another", now + timedelta(seconds=30), now)

    def fail(_task: Task, _hold: Hold) -> None:
        pytest.fail("it is another's")

    assert not runner(shop, fail).work_on(task.id, fail)


def test_threads_take_up_tasks_stop_with_them_and_begin_again(shop: App) -> None:
    began, chores = threading.Event(), []

    def work_for_ever(_task: Task, hold: Hold) -> None:
        began.set()
        while True:
            hold.pulse()
            time.sleep(0.01)

    tasks = runner(shop, work_for_ever, lambda: chores.append(1))
    task = shop.transfers.start_export("shop")
    for _ in range(2):
        began.clear()
        tasks.begin()
        assert began.wait(20)
        begun = time.monotonic()
        tasks.end()
        assert time.monotonic() - begun < 10
        assert not shop.transfers.get(task.id).done
    tasks.begin()
    assert began.wait(20)
    shop.transfers.cancel(task.id)
    wait_for(lambda: shop.transfers.get(task.id).done)
    tasks.end()
    assert shop.transfers.get(task.id).code == "task_cancelled"
    assert chores


def test_a_chore_that_fails_does_not_end_the_others(shop: App, caplog: pytest.LogCaptureFixture) -> None:
    chores, words = [], " ".join(("some", "secret"))

    def fail() -> None:
        chores.append(1)
        raise ValueError(words)

    tasks = runner(shop, lambda _task, _hold: None, fail)
    tasks.begin()
    wait_for(lambda: len(chores) > 1)
    tasks.end()
    assert "A chore failed with ValueError" in caplog.text
    assert words not in caplog.text
