"""Rebuilds from storage: an instance filled beside the live one, which takes no changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from similis.catalogue import Batch, Catalogue, Claim, IndexState, NewPicture, Removal, ScoreCurve
from similis.domain import (
    CapacityReached,
    CapacityTooSmall,
    ImportSource,
    Instance,
    InstanceNotFound,
    InstanceRebuilding,
    InstanceSpec,
    PictureKey,
    TaskFailure,
    TaskKind,
    TaskStatus,
    TaskTaken,
    parse_filter,
)

Open = Callable[[], Catalogue]
MakeInstance = Callable[..., Instance]
MakePicture = Callable[..., NewPicture]
BeginTask = Callable[..., Claim]

_MINUTE = timedelta(minutes=1)
_UID = "5" * 32
_ALL = tuple(TaskKind)


@pytest.fixture
def shop(catalogue: Catalogue, instance: Instance, new_picture: MakePicture) -> Instance:
    """A live instance of two pictures."""
    catalogue.add(instance, [new_picture("old", "a"), new_picture("old", "b")])
    return instance


@pytest.fixture
def claim(shop: Instance, begin_task: BeginTask) -> Claim:
    """To a rebuild of it."""
    return begin_task(shop, TaskKind.REBUILD)


@pytest.fixture
def shadow(catalogue: Catalogue, shop: Instance, claim: Claim) -> Instance:
    """The instance that it fills."""
    return catalogue.shadows.create(claim, shop, _UID)


def _changes(catalogue: Catalogue, instance: Instance, new: NewPicture) -> Iterator[Callable[[], object]]:
    yield lambda: catalogue.add(instance, [new])
    yield lambda: catalogue.update(instance, PictureKey("old", "a"), {"int_attr": 1})
    yield lambda: catalogue.delete(instance, "old")
    yield lambda: catalogue.delete(instance, "old", "a")
    yield lambda: catalogue.delete_matching(instance, parse_filter("int_attr>=0"))


def _check_unchangeable(catalogue: Catalogue, instance: Instance, new: NewPicture) -> None:
    before = catalogue.last_seq(instance)
    for change in _changes(catalogue, instance, new):
        with pytest.raises(InstanceRebuilding, match=r"rebuilt"):
            change()
    assert catalogue.last_seq(instance) == before


def test_a_shadow_is_like_the_live_one_and_hidden(
    open_catalogue: Open, catalogue: Catalogue, shop: Instance, claim: Claim, shadow: Instance
) -> None:
    assert shadow.spec == InstanceSpec(shadow.name, shop.spec.type, shop.spec.region, shop.spec.capacity)
    assert (shadow.index, shadow.model, shadow.dimension) == (shop.index, shop.model, shop.dimension)
    assert (shadow.uid, shadow.picture_count) == (_UID, 0)
    assert (catalogue.shadows.hides(shadow), catalogue.shadows.hides(shop)) == (True, False)
    assert catalogue.instances() == sorted([catalogue.instance("shop"), shadow], key=lambda each: each.name)
    assert catalogue.shadows.retired(datetime.now(UTC)) == []
    catalogue.close()
    again = open_catalogue()
    assert again.shadows.of(claim.task_id) == shadow
    again.verify()


def test_a_name_like_that_of_a_shadow_hides_nothing(catalogue: Catalogue, make_instance: MakeInstance) -> None:
    assert not catalogue.shadows.hides(make_instance("rebuild-1"))


def test_a_live_instance_takes_no_changes_during_a_rebuild(
    catalogue: Catalogue, shop: Instance, claim: Claim, new_picture: MakePicture
) -> None:
    _check_unchangeable(catalogue, shop, new_picture())
    catalogue.index_states.set(shop, "holder", IndexState("segment", 1))
    catalogue.score_curves.set(shop, ScoreCurve(2, None))
    assert len(catalogue.select_ids(shop, None, None)) == 2
    catalogue.tasks.finish(claim, TaskStatus.FAIL, "some_code")
    assert catalogue.instance("shop").picture_count == 2
    assert catalogue.add(shop, [new_picture()]) == [False]


def test_other_instances_and_exports_are_not_concerned(
    catalogue: Catalogue, make_instance: MakeInstance, claim: Claim, new_picture: MakePicture
) -> None:
    assert catalogue.tasks.get(claim.task_id).kind is TaskKind.REBUILD
    other = make_instance("other")
    for change in list(_changes(catalogue, other, new_picture("old", "a"))):
        change()
    catalogue.tasks.create(catalogue.instance("shop"), TaskKind.EXPORT)


def test_only_the_rebuild_fills_a_shadow(
    catalogue: Catalogue, claim: Claim, shadow: Instance, new_picture: MakePicture, now: datetime
) -> None:
    _check_unchangeable(catalogue, shadow, new_picture())
    batch = Batch([new_picture("new"), new_picture("gone"), Removal("gone")], [], 3, 3, 90)
    assert catalogue.importing.apply(claim, shadow, batch, now + _MINUTE).counts.added == 2
    assert catalogue.instance(shadow.name).picture_count == 1


def test_a_filled_shadow_takes_the_place_of_the_live_one(
    catalogue: Catalogue,
    make_instance: MakeInstance,
    shop: Instance,
    claim: Claim,
    shadow: Instance,
    new_picture: MakePicture,
    begin_task: BeginTask,
    now: datetime,
) -> None:
    make_instance("other")
    export = begin_task(shop, TaskKind.EXPORT)
    catalogue.change_index(shop, "milvus")
    catalogue.instance_settings.change("shop", {"capacity": 20_000, "qps": 2.5})
    catalogue.importing.apply(claim, shadow, Batch([new_picture("new")], [], 1, 1, 9), now + _MINUTE)
    live = catalogue.shadows.swap(claim, shop, shadow)
    assert catalogue.instance("shop") == live
    assert (live.id, live.uid, live.picture_count, live.created_at) == (shadow.id, _UID, 1, shop.created_at)
    assert (shadow.index, live.index) == ("faiss", "milvus")
    assert (live.capacity, live.qps) == (20_000, 2.5)
    ended = catalogue.tasks.get(claim.task_id)
    assert (ended.instance, ended.status, ended.counts.added) == ("shop", TaskStatus.SUCCESS, 1)
    (retired,) = catalogue.shadows.retired(datetime.now(UTC))
    assert (retired.id, retired.uid, retired.picture_count) == (shop.id, shop.uid, 2)
    assert (catalogue.shadows.hides(retired), catalogue.shadows.hides(live)) == (True, False)
    assert catalogue.shadows.retired(ended.updated_at - _MINUTE) == []
    assert catalogue.shadows.retired(ended.updated_at) == [retired]
    tasks, total = catalogue.tasks.page(live, _ALL, start=0, num=9)
    assert ([task.id for task in tasks], total) == ([export.task_id, claim.task_id], 2)
    pages = list(catalogue.exporting.pages(live, catalogue.tasks.until_seq(export.task_id)))
    assert [[each.picture.key.product_id for each in page] for page in pages] == [["new"]]
    catalogue.verify()


def test_a_rebuild_under_way_fills_as_much_as_the_instance_may_hold_by_now(
    catalogue: Catalogue, shop: Instance, claim: Claim, shadow: Instance, new_picture: MakePicture, now: datetime
) -> None:
    three = Batch([new_picture("new", name) for name in "abc"], [], 3, 3, 9)
    catalogue.instance_settings.change("shop", {"capacity": 2})
    with pytest.raises(CapacityReached):
        catalogue.importing.apply(claim, shadow, three, now + _MINUTE)
    catalogue.instance_settings.change("shop", {"capacity": 3})
    catalogue.importing.apply(claim, shadow, three, now + _MINUTE)
    with pytest.raises(CapacityTooSmall, match="'shop' is being rebuilt and has already 3 pictures"):
        catalogue.instance_settings.change("shop", {"capacity": 2})
    live = catalogue.shadows.swap(claim, shop, shadow)
    assert (live.picture_count, live.capacity) == (3, 3)
    catalogue.instance_settings.change("shop", {"capacity": 4})
    (retired,) = catalogue.shadows.retired(datetime.now(UTC))
    assert retired.capacity == 3
    catalogue.verify()


def test_a_rebuild_begins_with_the_capacity_of_its_first_moment(
    catalogue: Catalogue, shop: Instance, claim: Claim
) -> None:
    catalogue.instance_settings.change("shop", {"capacity": 20_000})
    assert catalogue.shadows.create(claim, shop, _UID).capacity == 20_000


def test_searches_that_began_before_see_the_old_one_which_takes_no_changes(
    catalogue: Catalogue,
    shop: Instance,
    claim: Claim,
    shadow: Instance,
    new_picture: MakePicture,
    source: ImportSource,
) -> None:
    live = catalogue.shadows.swap(claim, shop, shadow)
    ids = catalogue.select_ids(shop, None, None).tolist()
    assert {each.picture.key.product_id for each in catalogue.pictures(shop, ids).values()} == {"old"}
    _check_unchangeable(catalogue, shop, new_picture())
    for kind in _ALL:
        with pytest.raises(InstanceRebuilding):
            catalogue.tasks.create(shop, kind, None if kind is TaskKind.EXPORT else source)
    assert catalogue.add(live, [new_picture()]) == [False]


def test_what_was_replaced_is_removed_with_its_key(
    catalogue: Catalogue,
    shop: Instance,
    claim: Claim,
    shadow: Instance,
    begin_task: BeginTask,
    new_picture: MakePicture,
) -> None:
    live = catalogue.shadows.swap(claim, shop, shadow)
    (retired,) = catalogue.shadows.retired(datetime.now(UTC))
    assert catalogue.delete_instance(retired.name) == [retired]
    assert catalogue.keyring.to_destroy() == [shop.uid]
    assert catalogue.shadows.retired(datetime.now(UTC)) == []
    assert catalogue.tasks.get(claim.task_id).instance == "shop"
    catalogue.add(live, [new_picture()])
    second = begin_task(live, TaskKind.REBUILD)
    again = catalogue.shadows.create(second, live, "6" * 32)
    assert catalogue.shadows.swap(second, live, again).id == again.id
    catalogue.verify()


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_rebuild_that_fails_leaves_the_live_one_as_it_was(
    catalogue: Catalogue, claim: Claim, shadow: Instance, new_picture: MakePicture, now: datetime, *, cancelled: bool
) -> None:
    before = catalogue.instance("shop")
    catalogue.importing.apply(claim, shadow, Batch([new_picture()], [], 1, 1, 9), now + _MINUTE)
    if cancelled:
        catalogue.tasks.cancel(claim.task_id, now + 2 * _MINUTE)
    else:
        catalogue.tasks.finish(claim, TaskStatus.FAIL, "some_code")
    for write in (
        lambda: catalogue.shadows.swap(claim, before, shadow),
        lambda: catalogue.importing.apply(claim, shadow, Batch([], [], 1, 1, 9), now),
    ):
        with pytest.raises(TaskTaken):
            write()
    assert [each.id for each in catalogue.shadows.retired(datetime.now(UTC))] == [shadow.id]
    catalogue.delete_instance(shadow.name)
    assert catalogue.keyring.to_destroy() == [_UID]
    assert catalogue.instances() == [before]
    assert before.picture_count == 2
    catalogue.verify()


@pytest.mark.parametrize("swapped", [False, True])
def test_a_deleted_instance_takes_its_shadow_along(
    catalogue: Catalogue, shop: Instance, claim: Claim, shadow: Instance, now: datetime, *, swapped: bool
) -> None:
    failure = TaskFailure(1, None, None, "invalid_input", "Words.")
    catalogue.importing.apply(claim, shadow, Batch([], [failure], 1, 1, 9), now + _MINUTE)
    if swapped:
        catalogue.shadows.swap(claim, shop, shadow)
    removed = catalogue.delete_instance("shop")
    assert [each.id for each in removed] == ([shadow.id, shop.id] if swapped else [shop.id, shadow.id])
    assert set(catalogue.keyring.to_destroy()) == {shop.uid, _UID}
    assert (catalogue.instances(), catalogue.tasks.unfinished()) == ([], [])
    assert catalogue.shadows.retired(datetime.now(UTC)) == []
    with pytest.raises(InstanceNotFound):
        catalogue.shadows.swap(claim, shop, shadow)
    catalogue.verify()


def test_an_unknown_end_is_in_the_past(catalogue: Catalogue, claim: Claim, shadow: Instance) -> None:
    catalogue.tasks.finish(claim, TaskStatus.FAIL, "some_code")
    assert catalogue.shadows.retired(datetime.now(UTC)) == [shadow]
