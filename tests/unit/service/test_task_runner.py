import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from similis.catalogue import Claim
from similis.domain import InstanceSpec, ModelNotFetched, ObjectNotFound, Task, TaskStatus, TaskTaken
from similis.service import App, _hold, _task_runner
from similis.service._hold import Hold
from similis.service._task_runner import TaskRunner, Work


@pytest.fixture
def shop(app: App) -> App:
    app.instances.create(InstanceSpec("shop"))
    return app


def runner(app: App, work: Work) -> TaskRunner:
    return TaskRunner(app._catalogue, work)


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
    assert seen[-1] == ended
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

    tasks = runner(shop, work_for_ever)
    task = shop.transfers.start_export("shop")
    for _ in range(2):
        began.clear()
        tasks.begin(lambda: chores.append(1))
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

    tasks = runner(shop, lambda _task, _hold: None)
    tasks.begin(fail, lambda: chores.append(1))
    wait_for(lambda: len(chores) > 2)
    tasks.end()
    assert "A chore failed with ValueError" in caplog.text
    assert words not in caplog.text


def test_what_the_operator_can_mend_ends_no_task(shop: App) -> None:
    def fail(_task: Task, _hold: Hold) -> None:
        raise ModelNotFetched("A model is not there.", "Fetch it.")

    task = shop.transfers.start_export("shop")
    with pytest.raises(ModelNotFetched):
        runner(shop, fail).work_on(task.id, fail)
    assert not shop.transfers.get(task.id).done
    assert shop.transfers.run(task.id).status is TaskStatus.SUCCESS, "it is free at once"


def test_a_task_that_was_cancelled_is_not_even_begun(shop: App) -> None:
    def fail(_task: Task, _hold: Hold) -> None:
        pytest.fail("it begins")

    task, now = shop.transfers.start_export("shop"), datetime.now(UTC)
    shop._catalogue.tasks.claim(task.id, "killed since", now + timedelta(seconds=0.1), now)
    assert shop.transfers.cancel(task.id).cancelling
    time.sleep(0.2)
    assert runner(shop, fail).work_on(task.id, fail)
    assert shop.transfers.get(task.id).code == "task_cancelled"


def test_a_claim_is_kept_while_the_work_does_not_say_anything(shop: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a rebuild tunes the new instance, or storage does not answer."""
    monkeypatch.setattr(_hold, "_TIME", timedelta(seconds=1.5))
    monkeypatch.setattr(_hold, "_KEPT_EVERY", 0.2)
    monkeypatch.setattr(_hold, "_BEAT", 0.1)
    taken: list[object] = []

    def work(task: Task, _hold: Hold) -> None:
        for _ in range(30):
            time.sleep(0.1)
            now = datetime.now(UTC)
            taken.append(shop._catalogue.tasks.claim(task.id, "another", now + timedelta(seconds=9), now))
        shop._catalogue.tasks.finish(_hold.claim, TaskStatus.SUCCESS)

    task = shop.transfers.start_export("shop")
    runner(shop, work).work_on(task.id, work)
    assert shop.transfers.get(task.id).status is TaskStatus.SUCCESS
    assert taken == [None] * 30


def test_work_is_told_that_another_process_has_its_task(shop: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hold, "_BEAT", 0.05)
    monkeypatch.setattr(_hold, "_KEPT_EVERY", 0.05)
    ended: list[BaseException] = []

    def work(task: Task, hold: Hold) -> None:
        later = datetime.now(UTC) + timedelta(hours=1)
        shop._catalogue.tasks.claim(task.id, "another", later + timedelta(hours=1), later)
        try:
            while True:
                hold.pulse()
                time.sleep(0.01)
        except TaskTaken as error:
            ended.append(error)
            raise

    task = shop.transfers.start_export("shop")
    assert runner(shop, work).work_on(task.id, work)
    assert ended
    assert not shop.transfers.get(task.id).done


def test_a_task_of_another_process_is_looked_at_now_and_then_only(shop: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look locks the row that the other process commits to."""
    task, now = shop.transfers.start_export("shop"), datetime.now(UTC)
    tasks, claim = shop._catalogue.tasks, shop._catalogue.tasks.claim
    claim(task.id, "another", now + timedelta(seconds=60), now)
    looks: list[int] = []

    def counted(task_id: int, holder: str, until: datetime, moment: datetime) -> Claim | None:
        looks.append(task_id)
        return claim(task_id, holder, until, moment)

    monkeypatch.setattr(tasks, "claim", counted)
    waiting = runner(shop, lambda _task, _hold: None)
    waiting.begin()
    time.sleep(2.5)
    waiting.end()
    assert len(looks) == 1


def test_work_that_cannot_be_stopped_is_left_behind(shop: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_task_runner, "_PATIENCE", 0.2)
    began, answers, ended = threading.Event(), threading.Event(), threading.Event()

    def work(_task: Task, hold: Hold) -> None:
        began.set()
        answers.wait(30)
        with pytest.raises(TaskTaken):
            shop._catalogue.tasks.finish(hold.claim, TaskStatus.SUCCESS)
        ended.set()

    task = shop.transfers.start_export("shop")
    tasks = runner(shop, work)
    tasks.begin()
    assert began.wait(20)
    begun = time.monotonic()
    tasks.end()
    assert time.monotonic() - begun < 5
    assert shop.transfers.run(task.id).status is TaskStatus.SUCCESS, "whoever comes next goes on at once"
    answers.set()
    assert ended.wait(20), "what the late thread does counts no more"
