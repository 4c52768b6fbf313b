"""What an instance refuses while it is rebuilt from storage, and once it was replaced; ends that come too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from similis.catalogue import Catalogue, Claim, NewPicture
from similis.domain import (
    Instance,
    InstanceRebuilding,
    TaskCancelled,
    TaskKind,
    TaskStatus,
    Tuning,
)

BeginTask = Callable[..., Claim]

_TUNING = Tuning(
    adopted=True, reason="", method="", products=1, pictures=2, queries=2, recall_before=0, recall_after=1,
    precision_before=0, precision_after=1, gain_low=1, gain_high=1, tuned_at=datetime(2030, 1, 2, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture
def shop(catalogue: Catalogue, instance: Instance, new_picture: Callable[..., NewPicture]) -> Instance:
    """A tuned live instance of one picture."""
    catalogue.add(instance, [new_picture("old")])
    catalogue.tunings.set(instance, _TUNING, b"sealed")
    return catalogue.instance("shop")


@pytest.fixture
def claim(shop: Instance, begin_task: BeginTask) -> Claim:
    """To a rebuild of it."""
    return begin_task(shop, TaskKind.REBUILD)


@pytest.fixture
def shadow(catalogue: Catalogue, shop: Instance, claim: Claim) -> Instance:
    """The instance that it fills."""
    return catalogue.shadows.create(claim, shop, "5" * 32)


def test_a_replaced_instance_is_not_moved_to_another_index(
    catalogue: Catalogue, shop: Instance, claim: Claim, shadow: Instance
) -> None:
    moved = catalogue.change_index(shop, "milvus")
    assert (moved.id, moved.index) == (shop.id, "milvus")
    live = catalogue.shadows.swap(claim, shop, shadow)
    with pytest.raises(InstanceRebuilding):
        catalogue.change_index(shop, "faiss")
    assert catalogue.instance("shop") == live


def _check_untunable(catalogue: Catalogue, instance: Instance) -> None:
    changes: list[Callable[[], None]] = [
        lambda: catalogue.tunings.set(instance, _TUNING, b"other"),
        lambda: catalogue.tunings.forget(instance),
    ]
    for change in changes:
        with pytest.raises(InstanceRebuilding):
            change()
    assert catalogue.tunings.transform(instance) == b"sealed"


def test_the_tuning_of_an_instance_stays_during_a_rebuild(
    catalogue: Catalogue, shop: Instance, claim: Claim, shadow: Instance
) -> None:
    _check_untunable(catalogue, shop)
    catalogue.tunings.set(shadow, _TUNING, b"its own")
    live = catalogue.shadows.swap(claim, shop, shadow)
    assert (live.tuning, catalogue.tunings.transform(live)) == (_TUNING, b"its own")
    _check_untunable(catalogue, shop)
    catalogue.tunings.forget(live)
    assert catalogue.instance("shop").tuning is None


def test_an_instance_is_tuned_again_once_a_rebuild_has_failed(
    catalogue: Catalogue, shop: Instance, claim: Claim, shadow: Instance
) -> None:
    catalogue.tasks.finish(claim, TaskStatus.FAIL, "some_code")
    catalogue.tunings.forget(shop)
    with pytest.raises(InstanceRebuilding):
        catalogue.tunings.set(shadow, _TUNING, b"sealed")


def test_a_rebuild_that_is_asked_to_stop_takes_no_place(
    catalogue: Catalogue, shop: Instance, claim: Claim, shadow: Instance, now: datetime
) -> None:
    assert catalogue.tasks.cancel(claim.task_id, now).cancelling
    with pytest.raises(TaskCancelled):
        catalogue.shadows.swap(claim, shop, shadow)
    assert catalogue.instance("shop") == shop
    ended = catalogue.tasks.finish(claim, TaskStatus.FAIL, TaskCancelled.code)
    assert (ended.status, ended.code, ended.cancelling) == (TaskStatus.FAIL, "task_cancelled", False)
    catalogue.verify()


def test_a_task_that_is_asked_to_stop_does_not_end_well(
    catalogue: Catalogue, instance: Instance, begin_task: BeginTask, now: datetime
) -> None:
    claim = begin_task(instance)
    catalogue.tasks.cancel(claim.task_id, now)
    with pytest.raises(TaskCancelled):
        catalogue.tasks.finish(claim, TaskStatus.SUCCESS)
    assert catalogue.tasks.get(claim.task_id).cancelling
