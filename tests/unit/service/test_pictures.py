"""Adding, changing and deleting pictures, alone and while others search."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.unit.service.finding import PRODUCTS, find, products

from similis.algorithm import Analysis
from similis.domain import (
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    InvalidAttribute,
    InvalidPicture,
    InvalidRegion,
    PictureKey,
    PictureNotFound,
    Region,
    SearchOptions,
    SimilisError,
    parse_filter,
)
from similis.engine import FaissIndex, Hit
from similis.service import App

Draw = Callable[..., bytes]


def test_an_added_picture_is_found_at_once_and_a_deleted_one_never(generic: App, draw: Draw) -> None:
    key = PictureKey("new", "a")
    assert not generic.pictures.add("g", draw(50), key, crop=False).replaced
    assert find(generic, draw(50)).matches[0].key == key
    assert generic.pictures.delete("g", "new") == [key]
    assert key not in {match.key for match in find(generic, draw(50)).matches}
    assert generic.pictures.delete("g", "new") == []
    assert generic.instances.get("g").picture_count == len(PRODUCTS)


def test_a_replaced_picture_is_only_found_as_the_new_one(generic: App, draw: Draw) -> None:
    key = PictureKey("p0", "a")
    assert generic.pictures.add("g", draw(60), key, crop=False).replaced
    assert generic.instances.get("g").picture_count == len(PRODUCTS)
    assert find(generic, draw(60)).matches[0].score == 1.0
    old = next(match for match in find(generic, draw(0)).matches if match.key == key)
    assert old.score < 1.0
    assert old.custom_content is None


def test_delete_by_filter(generic: App) -> None:
    deleted = generic.pictures.delete_matching("g", parse_filter('str_attr="blue"'))
    assert sorted(key.product_id for key in deleted) == ["p1", "p3", "p5"]
    assert generic.instances.get("g").picture_count == 3


def test_update_changes_attributes_and_leaves_features(generic: App, draw: Draw) -> None:
    key = PictureKey("p0", "a")
    updated = generic.pictures.update("g", key, {"int_attr": 77, "str_attr": None, "custom_content": "新"})
    assert (updated.attributes.int_attr, updated.attributes.str_attr, updated.custom_content) == (77, None, "新")
    assert generic.pictures.get("g", key) == updated
    options = SearchOptions(filter=parse_filter("int_attr=77"))
    assert find(generic, draw(0), options).matches[0].score == 1.0


@pytest.mark.parametrize(
    "changes", [{"colour": "red"}, {"int_attr": "1"}, {"custom_content": 1}, {"str_attr": "x" * 129}]
)
def test_bad_updates_change_nothing(generic: App, changes: dict[str, int | str]) -> None:
    key = PictureKey("p0", "a")
    before = generic.pictures.get("g", key)
    with pytest.raises(InvalidAttribute):
        generic.pictures.update("g", key, {"int_attr2": 5, **changes})
    assert generic.pictures.get("g", key) == before


def test_bad_pictures_and_regions_store_nothing(generic: App, draw: Draw) -> None:
    with pytest.raises(InvalidPicture):
        generic.pictures.add("g", b"no picture", PictureKey("bad", "a"))
    with pytest.raises(InvalidRegion):
        generic.pictures.add("g", draw(1), PictureKey("bad", "a"), region=Region(0, 9000, 0, 10))
    assert generic.instances.get("g").picture_count == len(PRODUCTS)


def test_a_region_is_used_and_kept_and_crop_off_means_the_whole(generic: App, draw: Draw) -> None:
    region = Region(20, 200, 30, 210)
    added = generic.pictures.add("g", draw(1), PictureKey("region", "a"), region=region)
    assert added.region == region
    assert generic.pictures.get("g", PictureKey("region", "a")).region == region
    whole = generic.pictures.add("g", draw(1), PictureKey("whole", "a"), crop=False)
    assert whole.region == Region.whole(240, 240)


def test_pictures_that_match_a_filter_come_in_the_order_of_their_addition(generic: App) -> None:
    tree = parse_filter('str_attr="red"')
    matching = generic.pictures.matching("g", tree)
    assert [picture.key.product_id for picture in matching] == ["p0", "p2", "p4"]
    assert matching[1] == generic.pictures.get("g", PictureKey("p2", "a"))
    pages = [generic.pictures.matching("g", tree, num=2, start=start) for start in (0, 2, 4)]
    assert [len(page) for page in pages] == [2, 1, 0]
    assert pages[0] + pages[1] == matching
    with pytest.raises(InstanceNotFound):
        generic.pictures.matching("none", tree)


def test_several_threads_add_search_and_delete_at_once(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
    failures: list[SimilisError] = []
    done = threading.Event()

    def search_on() -> None:
        while not done.is_set():
            try:
                app.search.by_name("g", PictureKey("p0", "0"))
            except PictureNotFound:
                continue
            except SimilisError as error:
                failures.append(error)

    searcher = threading.Thread(target=search_on)
    searcher.start()
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda n: app.pictures.add("g", draw(n % 3), PictureKey(f"p{n % 3}", str(n)), crop=False), range(12)
            )
        )
        list(pool.map(lambda n: app.pictures.delete("g", f"p{n % 3}", str(n)), range(6, 12)))
    done.set()
    searcher.join()
    assert failures == []
    assert app.instances.get("g").picture_count == 6
    found = app.search.by_name("g", PictureKey("p0", "0"))
    assert sorted(match.pic_name for match in found.matches) == sorted(map(str, range(6)))


@pytest.mark.parametrize("times", [1, 4])
def test_a_picture_replaced_during_a_search_is_found(
    generic: App, draw: Draw, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    search, left = FaissIndex.search, [times]

    def replaced_behind(*arguments: Any, **named: Any) -> list[list[Hit]]:  # noqa: ANN401 - as search takes them
        hits = search(*arguments, **named)
        if left[0]:
            left[0] -= 1
            other = threading.Thread(target=_replace, args=(generic, draw(0)))
            other.start()
            other.join(1)  # not for ever: at last nobody may write until the search is done
        return hits

    monkeypatch.setattr(FaissIndex, "search", replaced_behind)
    assert products(find(generic, draw(0)).matches)[0] == "p0"
    assert len(find(generic, draw(0)).matches) == len(PRODUCTS)


def _replace(app: App, picture: bytes) -> None:
    app.pictures.add("g", picture, PictureKey("p0", "a"), crop=False)


@pytest.mark.parametrize("again", [False, True])
def test_an_instance_deleted_while_in_use_is_not_found(
    generic: App, draw: Draw, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    analyse = generic.analyst.analyse

    def deleted_behind(*arguments: Any, **named: Any) -> Analysis:  # noqa: ANN401 - as analyse takes them
        analysis = analyse(*arguments, **named)
        generic.instances.delete("g")
        if again:
            generic.instances.create(InstanceSpec("g", InstanceType.GENERIC))
        return analysis

    monkeypatch.setattr(generic.analyst, "analyse", deleted_behind)
    for use in (lambda: find(generic, draw(0)), lambda: _replace(generic, draw(0))):
        with pytest.raises(InstanceNotFound):
            use()
        if not again:
            generic.instances.create(InstanceSpec("g", InstanceType.GENERIC))


def test_no_index_is_kept_of_a_deleted_instance(generic: App) -> None:
    indexes, instance = generic.search._indexes, generic.instances.get("g")
    generic.instances.delete("g")
    for use in (indexes.current, indexes.rebuild):
        with pytest.raises(InstanceNotFound):
            use(instance)
    assert not indexes._open
