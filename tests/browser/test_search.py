"""The search page: a picture in, the same product out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Request, Route, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.conftest import Theme, Visitor
from tests.browser.driving import drop, paste, visit
from tests.browser.searching import MOTORCYCLE, asked, first, picture, searched, unfold
from tests.browser.shop import PHOTOS, Shop, photo
from tests.browser.troubles import Troubles


def test_the_empty_page_says_what_it_does(page: Page) -> None:
    main = visit(page, f"search/{PHOTOS}")
    expect(main.get_by_text("Drop a picture here, choose or paste one")).to_be_visible()
    expect(main.get_by_text("forgets the picture")).to_be_visible()
    expect(main.get_by_role("region", name="Results")).to_be_hidden()
    assert violations(page) == []


def test_a_dropped_picture_is_found(page: Page) -> None:
    results = searched(page)
    expect(results.get_by_role("heading", name="18 results")).to_be_visible()
    expect(first(page).get_by_role("heading")).to_have_text("1. left-motorcycle")
    expect(first(page)).to_contain_text("1.00")
    expect(first(page)).to_contain_text("Identical features")
    expect(first(page)).to_contain_text("str_attr motorcycle")
    expect(first(page)).to_contain_text("no. 10")
    expect(results.get_by_role("status")).to_have_text("2 good matches")
    expect(page.get_by_role("img", name="The picture that is searched with")).to_be_visible()
    assert violations(page) == []


def test_a_chosen_picture_is_found(page: Page) -> None:
    visit(page, f"search/{PHOTOS}")
    page.locator("input[type=file]").first.set_input_files(MOTORCYCLE)
    expect(first(page)).to_contain_text("left-motorcycle")


def test_a_pasted_picture_is_found_and_takes_the_place_of_the_one_before(page: Page) -> None:
    searched(page)
    paste(page, photo("space-rocket"))
    expect(first(page)).to_contain_text("space-rocket")


def test_a_picture_dropped_beside_the_zone_counts_as_well(page: Page) -> None:
    searched(page)
    drop(page, ".results h2", photo("coffee-cup"))
    expect(first(page)).to_contain_text("coffee-cup")


def test_results_come_page_after_page(page: Page) -> None:
    results = searched(page)
    number = page.get_by_role("spinbutton", name="Results")
    number.fill("10")
    expect(results.get_by_role("status")).to_contain_text("10 shown")
    more = page.get_by_role("button", name="Show more")
    assert asked(page, more.click)["start"] == "10"
    expect(page.locator(".match")).to_have_count(18)
    expect(more).to_be_hidden()
    expect(page.locator(".match h3").nth(10)).to_be_focused()
    names = page.locator(".match h3").all_inner_texts()
    assert len(set(names)) == 18


def test_without_a_good_match_the_page_says_so(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "rings.png"
    rings = Image.new("RGB", (200, 200), "white")
    for number, colour in enumerate(("red", "lime", "blue", "yellow", "magenta", "cyan")):
        ImageDraw.Draw(rings).ellipse((15 * number, 15 * number, 199 - 15 * number, 199 - 15 * number), fill=colour)
    rings.save(path)
    results = searched(page, path)
    expect(results.get_by_text("No good match", exact=True)).to_be_visible()
    expect(results.get_by_text("Nothing scores 0.91 or more")).to_be_visible()
    expect(results.get_by_role("status")).to_have_text("no good match")
    assert violations(page) == []


def test_similar_to_a_result_and_back_by_the_browser(page: Page) -> None:
    results = searched(page)
    page.get_by_role("button", name="Similar to old-coins, old-coins.jpg").click()
    expect(page.get_by_role("region", name="Query")).to_contain_text("old-coins")
    expect(first(page)).to_contain_text("old-coins")
    assert parse_qs(urlsplit(page.url).fragment.partition("?")[2])["product_id"] == ["old-coins"]
    expect(results.get_by_role("heading", name="18 results")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("img", name="The picture that is searched with")).to_be_visible()
    expect(first(page)).to_contain_text("left-motorcycle")


def test_back_to_the_picture(page: Page) -> None:
    searched(page)
    page.get_by_role("button", name="Similar to old-coins, old-coins.jpg").click()
    page.get_by_role("button", name="Back to the picture").click()
    expect(first(page)).to_contain_text("left-motorcycle")


def test_an_address_names_a_stored_picture_and_a_new_picture_leaves_it(page: Page) -> None:
    visit(page, f"search/{PHOTOS}?product_id=space-rocket&pic_name=space-rocket.jpg")
    expect(first(page)).to_contain_text("space-rocket")
    drop(page, ".drop", MOTORCYCLE)
    expect(first(page)).to_contain_text("left-motorcycle")
    assert "?" not in page.url


def test_a_stored_picture_that_is_gone_is_told(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(404)
    visit(page, f"search/{PHOTOS}?product_id=nothing&pic_name=nowhere")
    expect(page.get_by_role("alert")).to_contain_text("nothing")


@pytest.fixture
def gallery(shop: Shop) -> str:
    """An instance that tells where the shop's own pictures are, one of which is missing."""
    name = shop.instance("generic", [MOTORCYCLE, photo("right-motorcycle")])
    template = {"picture_url": "https://pictures.example/{product_id}/{pic_name}?note={custom_content}"}
    shop.operator.patch(f"/api/v1/instances/{name}", json=template).raise_for_status()
    shop.add(name, photo("space-rocket"), product_id="a b/c", custom_content="x&y")
    return name


def test_the_shops_own_pictures_are_shown_where_they_load(page: Page, gallery: str, troubles: Troubles) -> None:
    troubles.expect_host("pictures.example")
    calls: list[Request] = []

    def answer(route: Route) -> None:
        calls.append(route.request)
        route.fulfill(path=photo("space-rocket"))

    page.route("https://pictures.example/**", answer)
    searched(page, photo("space-rocket"), f"search/{gallery}")
    expect(page.get_by_role("img", name="space-rocket.jpg of a b/c")).to_be_visible()
    expect(page.locator(".match img")).to_have_count(1)  # the others have no custom content for the URL
    expect(page.locator(".match .blank")).to_have_count(2)
    assert calls[0].url == "https://pictures.example/a%20b%2Fc/space-rocket.jpg?note=x%26y"
    assert "referer" not in calls[0].all_headers()
    expect(page.get_by_text("Similis keeps no pictures.")).to_have_count(0)


def test_a_picture_that_does_not_load_gives_way_to_a_placeholder(
    page: Page, gallery: str, troubles: Troubles
) -> None:
    troubles.expect_host("pictures.example")
    troubles.expect_refusal(404)
    page.route("https://pictures.example/**", lambda route: route.fulfill(status=404))
    searched(page, photo("space-rocket"), f"search/{gallery}")
    expect(page.locator(".match .blank")).to_have_count(3)


def test_without_a_template_the_page_says_why_there_are_no_pictures(page: Page, reader_page: Page) -> None:
    searched(page)
    expect(page.get_by_text("Similis keeps no pictures.")).to_have_count(1)
    expect(page.get_by_role("link", name="Set the template")).to_have_attribute("href", f"#/instance/{PHOTOS}")
    searched(reader_page)
    expect(reader_page.get_by_text("Similis keeps no pictures.")).to_be_visible()
    expect(reader_page.get_by_role("link", name="Set the template")).to_have_count(0)


def test_results_as_a_grid(page: Page) -> None:
    searched(page)
    page.get_by_role("button", name="Grid").click()
    boxes = [page.locator(".match").nth(number).bounding_box() for number in (0, 1)]
    assert boxes[0] and boxes[1] and boxes[0]["y"] == boxes[1]["y"]
    page.get_by_role("button", name="List").click()
    expect(page.get_by_role("button", name="List")).to_have_attribute("aria-pressed", "true")


def test_the_time_is_told_by_stage(page: Page) -> None:
    results = searched(page)
    results.get_by_text("from question to answer").click()
    stages = results.get_by_label("Time by stage")
    for stage in ("Look at it", "Find the subject", "Search", "On the way"):
        expect(stages.get_by_text(stage, exact=True)).to_be_visible()


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that the service refuses."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "words.jpg").write_text("no picture")
    picture(folder, (60, 60), "small.png")
    (folder / "damaged.jpg").write_bytes(MOTORCYCLE.read_bytes()[:2000])
    return folder


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("words.jpg", "no picture that can be read"),
        ("small.png", "100 to 4096 pixels"),
        ("damaged.jpg", "truncated or broken"),
    ],
)
def test_a_bad_picture_is_told_beside_it(page: Page, troubles: Troubles, wrong: Path, name: str, told: str) -> None:
    troubles.expect_refusal(400)
    visit(page, f"search/{PHOTOS}")
    drop(page, ".drop", wrong / name)
    query = page.get_by_role("region", name="Query")
    expect(query.get_by_role("alert")).to_contain_text(told)
    expect(page.get_by_role("button", name="Search with a smaller copy")).to_have_count(0)
    assert violations(page) == []
    drop(page, ".drop", MOTORCYCLE)
    expect(first(page)).to_contain_text("left-motorcycle")
    expect(query.get_by_role("alert")).to_have_count(0)


def _large(folder: Path) -> Sequence[Path]:
    """Too many bytes, and sides that are too long."""
    heavy = folder / "heavy.bmp"
    with Image.open(MOTORCYCLE) as motorcycle:
        motorcycle.resize((1300, 1300)).save(heavy)
    return heavy, picture(folder, (4200, 300), "long.png")


@pytest.mark.parametrize("which", [0, 1], ids=["bytes", "sides"])
def test_a_large_picture_is_searched_by_a_smaller_copy(
    page: Page, troubles: Troubles, tmp_path: Path, which: int
) -> None:
    troubles.expect_refusal(400, 413)
    visit(page, f"search/{PHOTOS}")
    drop(page, ".drop", _large(tmp_path)[which])
    query = page.get_by_role("region", name="Query")
    expect(query.get_by_role("alert")).to_be_visible()
    query.get_by_role("button", name="Search with a smaller copy").click()
    expect(first(page)).to_be_visible()
    expect(query.get_by_role("alert")).to_have_count(0)


def test_a_service_that_is_gone_is_told_and_the_picture_kept(page: Page) -> None:
    results = searched(page)
    page.route("**/search", lambda route: route.abort())
    page.get_by_role("button", name="Whole picture").click()
    expect(results.get_by_role("alert")).to_contain_text("The service does not answer.")
    expect(page.get_by_role("img", name="The picture that is searched with")).to_be_visible()
    page.unroute("**/search")
    results.get_by_role("button", name="Try again").click()
    expect(results.get_by_role("alert")).to_have_count(0)
    expect(first(page)).to_contain_text("left-motorcycle")


def test_the_newest_search_wins(page: Page) -> None:
    searched(page)
    held: list[Route] = []
    page.route("**/search", lambda route: route.continue_() if held else held.append(route))
    asked(page, lambda: drop(page, ".drop", photo("space-rocket")))
    with page.expect_event("requestfailed") as given_up:
        drop(page, ".drop", photo("coffee-cup"))
    assert given_up.value.url.endswith("/search")
    expect(first(page)).to_contain_text("coffee-cup")
    expect(page.locator(".results")).not_to_have_attribute("aria-busy", "true")


def test_an_empty_instance_leads_to_adding(visit_as: Visitor, shop: Shop) -> None:
    name = shop.instance("generic")
    page = visit_as("writer")
    visit(page, f"search/{name}")
    expect(page.get_by_text("This instance is empty")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Add pictures")).to_have_attribute(
        "href", f"#/add/{name}"
    )
    drop(page, ".drop", MOTORCYCLE)
    expect(page.get_by_text("No picture is stored in this instance.")).to_be_visible()


def test_what_was_asked_survives_another_language(page: Page) -> None:
    searched(page)
    page.get_by_role("spinbutton", name="Results").fill("4")
    page.get_by_role("button", name="Whole picture").click()
    expect(page.locator(".match")).to_have_count(4)
    searches: list[str] = []
    page.on("request", lambda request: searches.append(request.url) if request.url.endswith("/search") else None)
    page.get_by_label("Language").select_option("zh")
    expect(page.get_by_role("button", name="整图")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", name="18 个结果")).to_be_visible()
    expect(page.get_by_role("spinbutton", name="结果数")).to_have_value("4")
    expect(page.locator(".match")).to_have_count(4)
    assert searches == []  # what is known is not asked for again


def test_marks_for_those_who_measure(page: Page) -> None:
    searched(page)
    page.wait_for_function("() => performance.getEntriesByName('similis:drawn').length === 1")
    times = page.evaluate(
        "['drop', 'answer', 'drawn'].map((each) => performance.getEntriesByName(`similis:${each}`)[0].startTime)"
    )
    assert times == sorted(times)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_all_fits_and_is_accessible(visit_as: Visitor, theme: Theme) -> None:
    page = visit_as("reader", width=360, theme=theme)
    searched(page)
    page.get_by_role("heading", name="Refine").click()
    unfold(page, "Filter")
    page.get_by_role("button", name="Add a condition").click()
    assert overflow(page) == 0
    assert violations(page) == []
