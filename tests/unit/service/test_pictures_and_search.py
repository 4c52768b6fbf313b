"""The main job through the real parts: pictures in, look-alikes out."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from PIL import ExifTags, Image

from similis.algorithm import Analysis, Pipeline
from similis.domain import (
    Attributes,
    Category,
    IncorrectOrientation,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    InvalidAttribute,
    InvalidPicture,
    InvalidRegion,
    InvalidSubject,
    Match,
    PictureKey,
    PictureNotFound,
    Region,
    SearchOptions,
    SearchResult,
    SimilisError,
    parse_filter,
)
from similis.engine import FaissIndex, Hit
from similis.service import App, Orientation, Settings

Draw = Callable[..., bytes]
PRODUCTS = range(6)


@pytest.fixture
def generic(app: App, draw: Draw) -> App:
    """An instance `g` with six products, picture `a` of each, even ones red."""
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
    for product in PRODUCTS:
        app.pictures.add(
            "g",
            draw(product),
            PictureKey(f"p{product}", "a"),
            crop=False,
            custom_content=f"content {product}",
            attributes=Attributes(int_attr=product, str_attr="red" if product % 2 == 0 else "blue"),
        )
    return app


def _find(app: App, picture: bytes, options: SearchOptions = SearchOptions()) -> SearchResult:
    """Search by the whole picture, which spares most tests the time of finding the subject."""
    return app.search.by_picture("g", picture, options, crop=False)


def _products(matches: list[Match]) -> list[str]:
    return [match.product_id for match in matches]


def test_the_same_picture_comes_first_and_is_identical(generic: App, draw: Draw) -> None:
    result = _find(generic, draw(3))
    best, second = result.matches[:2]
    assert (best.product_id, best.score, best.hamming_distance) == ("p3", 1.0, 0)
    assert best.sort_expr_values == "7.33136443711219e+24;0"
    assert best.custom_content == "content 3"
    assert second.score < 1.0
    assert result.found == len(PRODUCTS)


def test_another_view_finds_its_product(generic: App, draw: Draw) -> None:
    for product in PRODUCTS:
        result = _find(generic, draw(product, view=1))
        assert result.matches[0].product_id == f"p{product}"
        assert result.matches[0].score < 1.0


def test_results_are_sorted_by_relevance_which_follows_the_score(generic: App, draw: Draw) -> None:
    matches = _find(generic, draw(2, view=1)).matches
    relevances = [float(match.sort_expr_values.split(";")[0]) for match in matches]
    scores = [match.score for match in matches]
    assert relevances == sorted(relevances, reverse=True)
    assert scores == sorted(scores, reverse=True)
    assert all(match.sort_expr_values.endswith(f";{match.hamming_distance}") for match in matches)


def test_search_by_name_equals_search_by_its_picture(generic: App, draw: Draw) -> None:
    by_name = generic.search.by_name("g", PictureKey("p1", "a"))
    assert by_name.matches == _find(generic, draw(1)).matches
    with pytest.raises(PictureNotFound):
        generic.search.by_name("g", PictureKey("p1", "nothing"))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_join_to_the_whole_list(generic: App, size: int) -> None:
    key = PictureKey("p0", "a")
    whole = generic.search.by_name("g", key, SearchOptions(num=100)).matches
    pages = [
        match
        for start in range(0, len(whole), size)
        for match in generic.search.by_name("g", key, SearchOptions(num=size, start=start)).matches
    ]
    assert pages == whole


def test_identical_pictures_are_ordered_by_key_on_every_page(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
    for name in ("c", "a", "d", "b"):
        app.pictures.add("g", draw(1), PictureKey("same", name), crop=False)
    pages = [
        app.search.by_name("g", PictureKey("same", "d"), SearchOptions(num=1, start=start)).matches[0]
        for start in range(4)
    ]
    assert [match.pic_name for match in pages] == ["a", "b", "c", "d"]
    assert {match.score for match in pages} == {1.0}


def test_filters_keep_only_what_matches(generic: App, draw: Draw) -> None:
    options = SearchOptions(filter=parse_filter('str_attr="red" AND int_attr>0'))
    result = _find(generic, draw(0), options)
    assert sorted(_products(result.matches)) == ["p2", "p4"]
    assert result.found == 2


def test_one_result_a_product(generic: App, draw: Draw) -> None:
    for view in (1, 2):
        generic.pictures.add("g", draw(0, view=view), PictureKey("p0", f"view {view}"), crop=False)
    every = _find(generic, draw(0))
    distinct = _find(generic, draw(0), SearchOptions(distinct_product=True))
    assert every.found == len(PRODUCTS) + 2
    assert sorted(_products(distinct.matches)) == sorted(f"p{product}" for product in PRODUCTS)
    assert distinct.matches[0] == every.matches[0]


def test_the_least_score_cuts_the_list(generic: App, draw: Draw) -> None:
    every = _find(generic, draw(0, view=1)).matches
    cut = every[1].score
    kept = _find(generic, draw(0, view=1), SearchOptions(min_score=cut)).matches
    assert kept == [match for match in every if match.score >= cut]


def test_an_added_picture_is_found_at_once_and_a_deleted_one_never(generic: App, draw: Draw) -> None:
    key = PictureKey("new", "a")
    assert not generic.pictures.add("g", draw(50), key, crop=False).replaced
    assert _find(generic, draw(50)).matches[0].key == key
    assert generic.pictures.delete("g", "new") == [key]
    assert key not in {match.key for match in _find(generic, draw(50)).matches}
    assert generic.pictures.delete("g", "new") == []
    assert generic.instances.get("g").picture_count == len(PRODUCTS)


def test_a_replaced_picture_is_only_found_as_the_new_one(generic: App, draw: Draw) -> None:
    key = PictureKey("p0", "a")
    assert generic.pictures.add("g", draw(60), key, crop=False).replaced
    assert generic.instances.get("g").picture_count == len(PRODUCTS)
    assert _find(generic, draw(60)).matches[0].score == 1.0
    old = next(match for match in _find(generic, draw(0)).matches if match.key == key)
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
    assert _find(generic, draw(0), options).matches[0].score == 1.0


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


@pytest.mark.parametrize("size", [240, 120])
def test_each_of_several_things_in_a_picture_is_found_by_its_region(generic: App, draw: Draw, size: int) -> None:
    scene = Image.new("RGB", (600, 600), (250, 250, 248))
    places = {1: (20, 20), 3: (330, 40), 4: (150, 330)}
    for product, corner in places.items():
        scene.paste(Image.open(io.BytesIO(draw(product, size=size))), corner)
    buffer = io.BytesIO()
    scene.save(buffer, "PNG")
    for product, (x, y) in places.items():
        result = generic.search.by_picture("g", buffer.getvalue(), region=Region(x, x + size, y, y + size))
        assert result.matches[0].product_id == f"p{product}"


def test_each_subject_of_a_picture_can_be_searched_for(generic: App, draw: Draw) -> None:
    scene = Image.new("RGB", (640, 300), (250, 250, 248))
    for product, x in ((0, 30), (1, 370)):
        generic.pictures.add("g", draw(product), PictureKey(f"p{product}", "a"))
        scene.paste(Image.open(io.BytesIO(draw(product))), (x, 30))
    buffer = io.BytesIO()
    scene.save(buffer, "PNG")
    main = generic.search.by_picture("g", buffer.getvalue()).subject
    assert main is not None
    assert len(main.regions) == 3  # two subjects and the whole picture
    for number, region in enumerate(main.regions[:-1], start=1):
        subject = generic.search.by_picture("g", buffer.getvalue(), subject=number).subject
        assert subject is not None
        assert (subject.region, subject.regions) == (region, main.regions)
    with pytest.raises(InvalidSubject, match="2 found"):
        generic.search.by_picture("g", buffer.getvalue(), subject=3)


def test_an_answer_says_whether_it_holds_a_good_match(generic: App, draw: Draw) -> None:
    same = _find(generic, draw(0))
    assert same.good_match
    assert 0 < same.threshold <= 1
    best = _find(generic, draw(0, view=1)).matches[0].score
    for threshold in (best, best + 1e-6):
        found = _find(generic, draw(0, view=1), SearchOptions(good_match=threshold))
        assert (found.threshold, found.good_match) == (threshold, threshold <= best)


def test_the_settings_say_from_where_a_match_is_good(settings: Settings, pipeline: Pipeline, draw: Draw) -> None:
    with App.open(settings.model_copy(update={"good_match": 0.123}), pipeline) as app:
        app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
        assert _find(app, draw(0)).threshold == 0.123
        assert _find(app, draw(0), SearchOptions(good_match=0.5)).threshold == 0.5


def test_product_search_stays_inside_the_given_or_stored_category(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("shop", InstanceType.PRODUCT))
    app.pictures.add("shop", draw(1), PictureKey("shoe", "a"), category=Category.SHOES)
    app.pictures.add("shop", draw(1), PictureKey("bag", "a"), category=Category.BAG)
    shoes = app.search.by_picture("shop", draw(1), SearchOptions(category=Category.SHOES))
    assert (_products(shoes.matches), shoes.category_id) == (["shoe"], Category.SHOES)
    assert _products(app.search.by_name("shop", PictureKey("bag", "a")).matches) == ["bag"]
    other = SearchOptions(category=Category.SHOES)
    assert _products(app.search.by_name("shop", PictureKey("bag", "a"), other).matches) == ["shoe"]


def test_product_search_predicts_the_category_it_adds_with(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("shop", InstanceType.PRODUCT))
    added = app.pictures.add("shop", draw(4), PictureKey("p", "a"))
    assert added.category_id in {added.categories[0].category, Category.OTHER}
    assert sum(candidate.probability for candidate in added.categories) == pytest.approx(1)
    result = app.search.by_picture("shop", draw(4))
    assert (result.category_id, _products(result.matches)) == (added.category_id, ["p"])


def test_a_category_has_no_effect_in_generic_instances(generic: App, draw: Draw) -> None:
    added = generic.pictures.add("g", draw(7), PictureKey("p7", "a"), category=Category.SHOES)
    assert added.category_id == Category.OTHER
    result = _find(generic, draw(7), SearchOptions(category=Category.BAG))
    assert result.matches[0].product_id == "p7"


def test_comparison_is_one_for_the_same_picture_only(app: App, draw: Draw) -> None:
    assert app.search.compare(draw(1), draw(1)) == 1.0
    assert app.search.compare(draw(1), draw(2)) < app.search.compare(draw(1), draw(1, view=1)) < 1.0


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


def test_a_comparison_in_an_instance_has_the_score_of_its_searches(generic: App, draw: Draw) -> None:
    first, second = draw(0), draw(1)
    generic.pictures.add("g", first, PictureKey("cropped", "a"))
    found = generic.search.by_picture("g", second, SearchOptions(num=len(PRODUCTS) + 1)).matches
    [match] = [match for match in found if match.product_id == "cropped"]
    assert generic.search.compare_in("g", first, second) == pytest.approx(match.score, abs=0.002)
    assert generic.search.compare_in("g", first, first) == 1.0
    with pytest.raises(InstanceNotFound):
        generic.search.compare_in("none", first, second)


def test_a_comparison_can_refuse_turned_pictures(generic: App) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "JPEG", exif=exif)
    turned = buffer.getvalue()
    assert generic.search.compare_in("g", turned, turned) == generic.search.compare(turned, turned) == 1.0
    with pytest.raises(IncorrectOrientation):
        generic.search.compare_in("g", turned, turned, orientation=Orientation.REFUSE)


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
    assert _products(_find(generic, draw(0)).matches)[0] == "p0"
    assert len(_find(generic, draw(0)).matches) == len(PRODUCTS)


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
    for use in (lambda: _find(generic, draw(0)), lambda: _replace(generic, draw(0))):
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
