"""The main job through the real parts: pictures in, look-alikes out."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import ExifTags, Image
from tests.unit.service.finding import PRODUCTS, find, products

from similis.algorithm import Pipeline
from similis.domain import (
    Category,
    IncorrectOrientation,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    InvalidSubject,
    PictureKey,
    PictureNotFound,
    Region,
    SearchOptions,
    parse_filter,
)
from similis.service import App, Orientation, Settings

Draw = Callable[..., bytes]


def test_the_same_picture_comes_first_and_is_identical(generic: App, draw: Draw) -> None:
    result = find(generic, draw(3))
    best, second = result.matches[:2]
    assert (best.product_id, best.score, best.hamming_distance) == ("p3", 1.0, 0)
    assert best.sort_expr_values == "7.33136443711219e+24;0"
    assert best.custom_content == "content 3"
    assert second.score < 1.0
    assert result.found == len(PRODUCTS)


def test_another_view_finds_its_product(generic: App, draw: Draw) -> None:
    for product in PRODUCTS:
        result = find(generic, draw(product, view=1))
        assert result.matches[0].product_id == f"p{product}"
        assert result.matches[0].score < 1.0


def test_results_are_sorted_by_relevance_which_follows_the_score(generic: App, draw: Draw) -> None:
    matches = find(generic, draw(2, view=1)).matches
    relevances = [float(match.sort_expr_values.split(";")[0]) for match in matches]
    scores = [match.score for match in matches]
    assert relevances == sorted(relevances, reverse=True)
    assert scores == sorted(scores, reverse=True)
    assert all(match.sort_expr_values.endswith(f";{match.hamming_distance}") for match in matches)


def test_search_by_name_equals_search_by_its_picture(generic: App, draw: Draw) -> None:
    by_name = generic.search.by_name("g", PictureKey("p1", "a"))
    assert by_name.matches == find(generic, draw(1)).matches
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
    result = find(generic, draw(0), options)
    assert sorted(products(result.matches)) == ["p2", "p4"]
    assert result.found == 2


def test_one_result_a_product(generic: App, draw: Draw) -> None:
    for view in (1, 2):
        generic.pictures.add("g", draw(0, view=view), PictureKey("p0", f"view {view}"), crop=False)
    every = find(generic, draw(0))
    distinct = find(generic, draw(0), SearchOptions(distinct_product=True))
    assert every.found == len(PRODUCTS) + 2
    assert sorted(products(distinct.matches)) == sorted(f"p{product}" for product in PRODUCTS)
    assert distinct.matches[0] == every.matches[0]


def test_the_least_score_cuts_the_list(generic: App, draw: Draw) -> None:
    every = find(generic, draw(0, view=1)).matches
    cut = every[1].score
    kept = find(generic, draw(0, view=1), SearchOptions(min_score=cut)).matches
    assert kept == [match for match in every if match.score >= cut]


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
    for product, x in ((1, 30), (3, 370)):  # round ones: one with straight edges would be a picture by itself
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
    same = find(generic, draw(0))
    assert same.good_match
    assert 0 < same.threshold <= 1
    best = find(generic, draw(0, view=1)).matches[0].score
    for threshold in (best, best + 1e-6):
        found = find(generic, draw(0, view=1), SearchOptions(good_match=threshold))
        assert (found.threshold, found.good_match) == (threshold, threshold <= best)


def test_the_settings_say_from_where_a_match_is_good(settings: Settings, pipeline: Pipeline, draw: Draw) -> None:
    with App.open(settings.model_copy(update={"good_match": 0.123}), pipeline) as app:
        app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
        assert find(app, draw(0)).threshold == 0.123
        assert find(app, draw(0), SearchOptions(good_match=0.5)).threshold == 0.5


def test_product_search_stays_inside_the_given_or_stored_category(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("shop", InstanceType.PRODUCT))
    app.pictures.add("shop", draw(1), PictureKey("shoe", "a"), category=Category.SHOES)
    app.pictures.add("shop", draw(1), PictureKey("bag", "a"), category=Category.BAG)
    shoes = app.search.by_picture("shop", draw(1), SearchOptions(category=Category.SHOES))
    assert (products(shoes.matches), shoes.category_id) == (["shoe"], Category.SHOES)
    assert products(app.search.by_name("shop", PictureKey("bag", "a")).matches) == ["bag"]
    other = SearchOptions(category=Category.SHOES)
    assert products(app.search.by_name("shop", PictureKey("bag", "a"), other).matches) == ["shoe"]


def test_product_search_predicts_the_category_it_adds_with(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("shop", InstanceType.PRODUCT))
    added = app.pictures.add("shop", draw(4), PictureKey("p", "a"))
    assert added.category_id in {added.categories[0].category, Category.OTHER}
    assert sum(candidate.probability for candidate in added.categories) == pytest.approx(1, abs=1e-5)
    result = app.search.by_picture("shop", draw(4))
    assert (result.category_id, products(result.matches)) == (added.category_id, ["p"])


def test_a_category_has_no_effect_in_generic_instances(generic: App, draw: Draw) -> None:
    added = generic.pictures.add("g", draw(7), PictureKey("p7", "a"), category=Category.SHOES)
    assert added.category_id == Category.OTHER
    result = find(generic, draw(7), SearchOptions(category=Category.BAG))
    assert result.matches[0].product_id == "p7"


def test_comparison_is_one_for_the_same_picture_only(app: App, draw: Draw) -> None:
    assert app.search.compare(draw(1), draw(1)) == 1.0
    assert app.search.compare(draw(1), draw(2)) < app.search.compare(draw(1), draw(1, view=1)) < 1.0


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
