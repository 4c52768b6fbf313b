"""Tasks of several gateways that use one database at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import pytest

from similis.catalogue import Batch, Catalogue, Claim, NewPicture, StoredPicture
from similis.domain import (
    ConnectionNotFound,
    ImportSource,
    Instance,
    InstanceNotFound,
    InstanceRebuilding,
    InstanceSpec,
    TaskKind,
    TaskRunning,
    TaskStatus,
    TaskTaken,
)

MakePicture: TypeAlias = Callable[..., NewPicture]
BeginTask: TypeAlias = Callable[..., Claim]
pytestmark = [
    pytest.mark.usefixtures("database_kind"),
    pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True),
]
_MOMENT = datetime(2030, 1, 2, tzinfo=UTC)


def test_of_several_gateways_one_begins_a_task_and_one_works_on_it(
    catalogue: Catalogue, other: Catalogue, instance: Instance, source: ImportSource, now: datetime
) -> None:
    def create(number: int) -> int | None:
        try:
            return (catalogue, other)[number % 2].tasks.create(instance, TaskKind.IMPORT, source).id
        except TaskRunning:
            return None

    def claim(number: int) -> Claim | None:
        until = now + timedelta(minutes=1)
        return (catalogue, other)[number % 2].tasks.claim(task_id, str(number), until, now)

    with ThreadPoolExecutor(8) as pool:
        (task_id,) = [made for made in pool.map(create, range(8)) if made is not None]
        assert len([claimed for claimed in pool.map(claim, range(8)) if claimed is not None]) == 1


@pytest.mark.slow
def test_a_line_is_applied_once_by_gateways_that_take_a_task_from_each_other(
    catalogue: Catalogue,
    other: Catalogue,
    instance: Instance,
    source: ImportSource,
    new_picture: MakePicture,
    now: datetime,
) -> None:
    """Every claim is over as soon as it is made, so that each holder is overtaken at any moment."""
    task = catalogue.tasks.create(instance, TaskKind.IMPORT, source)
    lines = 25

    def work(number: int) -> int:
        at, lost = (catalogue, other)[number % 2], 0
        for turn in range(10_000):
            claim = at.tasks.claim(task.id, f"{number} {turn}", now, now)
            assert claim is not None
            line = at.importing.checkpoint(task.id).line + 1
            if line > lines:
                return lost
            batch = Batch([new_picture(str(line))], [], 1, line, line)
            try:
                at.importing.apply(claim, instance, batch, now)
            except TaskTaken:
                lost += 1
        return -1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) > 0
    counts = catalogue.tasks.get(task.id).counts
    assert (counts.lines, counts.added, counts.replaced) == (lines, lines, 0)
    catalogue.verify()


def test_nothing_acknowledged_is_lost_when_a_rebuild_takes_the_place_of_an_instance(
    catalogue: Catalogue,
    other: Catalogue,
    instance: Instance,
    new_picture: MakePicture,
    begin_task: BeginTask,
    now: datetime,
) -> None:
    catalogue.add(instance, [new_picture("first")])
    counts = {"before": 0, "refused": 0, "after": 0}
    done = threading.Event()

    def add() -> list[str]:
        kept = []
        for number in range(10_000):
            found = other.instance("shop")
            try:
                other.add(found, [new_picture(str(number))])
            except InstanceRebuilding:
                counts["refused"] += 1
            else:
                kept.append(str(number))
                counts["before" if found.id == instance.id else "after"] += 1
                if done.is_set() and counts["after"] > 20:
                    return kept
        return kept

    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(add)
        while not counts["before"]:
            pass
        claim = begin_task(instance, TaskKind.REBUILD)
        shadow = catalogue.shadows.create(claim, instance, "5" * 32)
        names = [page.picture.key.product_id for page in _pictures(catalogue, instance)]  # as storage would have them
        batch = Batch([new_picture(name) for name in names], [], 1, 1, 1)
        catalogue.importing.apply(claim, shadow, batch, now)
        while not counts["refused"]:
            pass
        live = catalogue.shadows.swap(claim, instance, shadow)
        done.set()
        kept = adding.result(60)
    assert {"first", *kept} == {each.picture.key.product_id for each in _pictures(catalogue, live)}
    assert min(counts.values()) > 0
    catalogue.verify()


def _pictures(catalogue: Catalogue, instance: Instance) -> list[StoredPicture]:
    pages = catalogue.exporting.pages(instance, catalogue.last_seq(instance))
    return [stored for page in pages for stored in page]


def test_an_instance_deleted_while_it_is_replaced_leaves_nothing(
    catalogue: Catalogue, other: Catalogue, new_picture: MakePicture, begin_task: BeginTask, source: ImportSource
) -> None:
    assert other.connections.get(source.connection)
    with ThreadPoolExecutor(2) as pool:
        for number in range(15):
            made = catalogue.create_instance(
                InstanceSpec("shop"), uid=f"{number:032}", index="faiss", model="m", dimension=8
            )
            catalogue.add(made, [new_picture()])
            claim = begin_task(made, TaskKind.REBUILD)
            shadow = catalogue.shadows.create(claim, made, f"{number:031}s")
            swapping = pool.submit(catalogue.shadows.swap, claim, made, shadow)
            removed = pool.submit(other.delete_instance, "shop").result(30)
            assert isinstance(swapping.exception(30), InstanceNotFound | None)
            assert {each.id for each in removed} == {made.id, shadow.id}
            assert catalogue.instances() == []
    catalogue.verify()


def test_a_connection_is_not_removed_under_a_task_that_begins(
    catalogue: Catalogue, other: Catalogue, instance: Instance, source: ImportSource
) -> None:
    connection, _ = catalogue.connections.get(source.connection)

    def remove() -> bool:
        try:
            other.connections.remove(source.connection)
        except TaskRunning:
            return False
        return True

    with ThreadPoolExecutor(1) as pool:
        for _ in range(30):
            removing = pool.submit(remove)
            try:
                task = catalogue.tasks.create(instance, TaskKind.IMPORT, source)
            except ConnectionNotFound:
                assert removing.result(30)
                catalogue.connections.add(connection, None)
                continue
            assert not removing.result(30)
            claim = catalogue.tasks.claim(task.id, "me", _MOMENT, _MOMENT)
            assert claim is not None
            catalogue.tasks.finish(claim, TaskStatus.SUCCESS)
