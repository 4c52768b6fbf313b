"""The page of one instance: settings, tuning, duplicates, deletions, index, key, and its end."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.driving import visit
from tests.browser.shop import PHOTOS, Shop, photos
from tests.browser.troubles import Troubles

Visitor = Callable[..., Page]
PRODUCTS, VIEWS = 10, 3  # the least that a tuning learns from
URL = "http://pictures.example/{product_id}/{pic_name}"
A_WHILE = 120_000  # milliseconds that learning may take
ADOPTED = {
    "adopted": True, "reason": "Adopted: …", "method": "whitened", "products": 40, "pictures": 160, "queries": 150,
    "recall_before": 0.9, "recall_after": 0.95, "precision_before": 0.82, "precision_after": 0.875,
    "gain_low": 0.012, "gain_high": 0.1, "tuned_at": "2026-01-01T12:00:00Z",
}  # fmt: skip


@pytest.fixture(scope="module")
def range_of_goods(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of an instance with ten products of three pictures: a photo, turned, recompressed."""
    folder = tmp_path_factory.mktemp("goods")
    name = shop.instance()
    for source in photos()[:PRODUCTS]:
        for view in range(VIEWS):
            picture = _view(source, view, folder / f"{source.stem}-{view}.jpg")
            shop.add(name, picture, product_id=source.stem, int_attr=view)
    return name


def test_a_reader_sees_figures_and_nothing_to_change(reader_page: Page) -> None:
    main = visit(reader_page, f"instance/{PHOTOS}")
    expect(main).to_contain_text(f"{len(photos())} of 100,000 pictures")
    expect(main).to_contain_text("Not tried yet.")
    expect(main.get_by_role("button")).to_have_count(0)
    expect(main.get_by_role("link", name="Add pictures")).to_have_count(0)


def test_a_writer_may_change_pictures_but_not_the_instance(writer_page: Page) -> None:
    main = visit(writer_page, f"instance/{PHOTOS}")
    expect(main.get_by_role("heading", level=2)).to_have_text([PHOTOS, "Tuning", "Delete pictures", "Duplicates"])
    expect(main.get_by_role("button", name="Tune")).to_have_count(0)


def test_settings_hold_and_are_taken_back(page: Page, shop: Shop) -> None:
    name = shop.instance()
    main = visit(page, f"instance/{name}")
    main.get_by_label("Capacity").fill("250000")
    main.get_by_label("Days to keep pictures").fill("30")
    main.get_by_label("Calls a second").fill("2.5")
    main.get_by_label("Bytes of a call").fill("100000")
    main.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(main).to_contain_text("0 of 250,000 pictures")
    expect(main).to_contain_text("30 days")
    expect(main).to_contain_text("at most 2.5")
    expect(main).to_contain_text("at most 100 kB")
    assert _settings(shop, name) == (250_000, 30, 2.5, 100_000, None)
    main.get_by_label("Days to keep pictures").fill("")
    main.get_by_label("Calls a second").fill("")
    main.get_by_label("Bytes of a call").fill("")
    main.get_by_role("button", name="Save").click()
    expect(main.get_by_role("region", name=name)).to_contain_text("for ever")  # the note of the setting says so, too
    assert _settings(shop, name) == (250_000, None, None, None, None)


def test_the_capacity_is_not_set_below_what_there_is(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", photos()[:2])
    main = visit(page, f"instance/{name}")
    main.get_by_label("Capacity").fill("1")
    main.get_by_role("button", name="Save").click()
    expect(main.get_by_label("Capacity")).to_have_js_property("validity.rangeUnderflow", True)
    expect(main).to_contain_text("2 of 100,000 pictures")
    assert _settings(shop, name)[0] == 100_000


def test_a_picture_url_shows_what_it_makes_and_brings_pictures_at_once(
    page: Page, shop: Shop, troubles: Troubles
) -> None:
    troubles.expect_host("pictures.example")
    page.route("http://pictures.example/**", lambda route: route.fulfill(body=_small(), content_type="image/jpeg"))
    name = shop.instance("generic", [photos()[0], photos()[0]])
    shop.add(name, photos()[0], product_id="twin")
    main = visit(page, f"instance/{name}")
    main.get_by_label("Picture URL").fill(URL)
    expect(main).to_contain_text("Example: http://pictures.example/boot-17/front.jpg")
    with page.expect_navigation(wait_until="load"):
        main.get_by_role("button", name="Save").click()
    expect(main.get_by_label("Picture URL")).to_have_value(URL)
    main.get_by_role("button", name="Find duplicates").click()
    expect(main.get_by_role("img", name="twin").first).to_have_js_property("naturalWidth", 8)


def test_a_picture_url_that_cannot_be_is_told(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(400, 422)
    main = visit(page, f"instance/{shop.instance()}")
    main.get_by_label("Picture URL").fill("https://shop.example/{colour}")
    main.get_by_role("button", name="Save").click()
    expect(main.get_by_role("alert")).to_contain_text("{colour}")
    assert violations(page) == []


def test_an_admin_of_one_instance_does_not_lift_its_quota(visit_as: Visitor, shop: Shop) -> None:
    name = shop.instance()
    main = visit(visit_as(shop.key("admin", instances=[name])), f"instance/{name}")
    expect(main.get_by_label("Calls a second")).to_be_disabled()
    main.get_by_label("Days to keep pictures").fill("7")
    main.get_by_role("button", name="Save").click()
    expect(main).to_contain_text("7 days")


def test_a_trial_tells_what_tuning_would_bring_and_changes_nothing(
    page: Page, shop: Shop, range_of_goods: str
) -> None:
    main = visit(page, f"instance/{range_of_goods}")
    main.get_by_role("button", name="Only try").click()
    expect(main.get_by_role("progressbar", name="Learning and trying")).to_be_visible()
    expect(main).to_contain_text(f"Learned from {PRODUCTS * VIEWS} pictures of {PRODUCTS} products", timeout=A_WHILE)
    expect(main.get_by_role("img", name="The gain is")).to_be_visible()
    expect(main.get_by_role("button", name="Tune")).to_be_focused()
    assert shop.operator.get(f"/api/v1/instances/{range_of_goods}/tuning").json() is None
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert overflow(page) == 0


def test_a_tuning_that_is_adopted_is_told_and_undone(page: Page, shop: Shop) -> None:
    name = shop.instance()
    page.route("**/tuning", lambda route: route.fulfill(json=ADOPTED) if _posts(route) else route.fallback())
    main = visit(page, f"instance/{name}")
    page.route("**/api/v1/instances", lambda route: _tuned(route, name))
    main.get_by_role("button", name="Tune").click()
    expect(main).to_contain_text("Searches use it")
    expect(main).to_contain_text("+1.2 to +10 points, with 95 % certainty")
    expect(main).to_contain_text("87.5%")
    page.unroute("**/api/v1/instances")
    main.get_by_role("button", name="Undo").click()
    expect(main).to_contain_text("Not tried yet.")
    expect(main.get_by_role("button", name="Undo")).to_have_count(0)


def test_too_few_products_to_learn_from_are_told(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(409)
    main = visit(page, f"instance/{PHOTOS}")
    main.get_by_role("button", name="Tune").click()
    expect(main.get_by_role("alert")).to_contain_text("give pictures of one product the same ProductId")
    expect(main.get_by_role("button", name="Tune")).to_be_enabled()


def test_duplicates_lead_to_a_search_and_can_be_deleted(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", photos()[:1])
    for product in ("twin", "triplet"):
        shop.add(name, photos()[0], product_id=product)
    main = visit(page, f"instance/{name}")
    main.get_by_role("button", name="Find duplicates").click()
    expect(main.get_by_role("status").filter(has_text="One group among 3 pictures")).to_be_visible()
    expect(main.get_by_role("heading", name="Group 1: 3 pictures")).to_be_visible()
    assert violations(page) == []
    main.get_by_role("button", name="Delete twin /").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(main.get_by_role("link", name="Search by twin /")).to_have_count(0)
    expect(main).to_contain_text("2 of 100,000 pictures")
    focused = page.evaluate("document.activeElement.closest('.group') !== null")
    assert focused
    main.get_by_role("link", name="Search by triplet /").click()
    page.wait_for_url(f"**/search/{name}?product_id=triplet&pic_name=*")
    page.locator("main[data-ready=search]").wait_for()


def test_no_duplicates_are_told_as_such(page: Page) -> None:
    main = visit(page, f"instance/{PHOTOS}")
    main.get_by_label("Least similarity").fill("1")
    main.get_by_role("button", name="Find duplicates").click()
    expect(main).to_contain_text(f"No two of {len(photos())} pictures are that alike.")


def test_many_groups_are_shown_by_and_by(page: Page) -> None:
    groups = [[_alike(f"p{number}", "a"), _alike(f"p{number}", "b")] for number in range(45)]
    found = {"groups": groups, "pictures": 90, "min_similarity": 0.92, "false_matches": 8.2}
    page.route("**/api/**/duplicates*", lambda route: route.fulfill(json=found))
    main = visit(page, f"instance/{PHOTOS}")
    main.get_by_role("button", name="Find duplicates").click()
    expect(main.get_by_role("heading", level=3)).to_have_count(20)
    main.get_by_role("button", name="Show 20 more groups").click()
    expect(main.get_by_role("link", name="Search by p20 / a")).to_be_focused()
    main.get_by_role("button", name="Show 5 more groups").click()
    expect(main.get_by_role("heading", level=3)).to_have_count(45)
    expect(main).to_contain_text("8.2 are taken for duplicates")


def test_pictures_are_deleted_by_product_and_by_filter(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", photos()[:1])
    for number in (1, 2):
        shop.add(name, photos()[number], int_attr=number)
    main = visit(page, f"instance/{name}")
    main.get_by_label("ProductId").fill(photos()[0].stem)
    _delete(main)
    expect(main).to_contain_text("One picture deleted.")
    main.get_by_label("That match a filter").check()
    main.get_by_label("Filter", exact=True).fill("int_attr>=1")
    _delete(main)
    expect(main).to_contain_text("2 pictures deleted.")
    expect(main).to_contain_text("0 of 100,000 pictures")
    _delete(main)
    expect(main).to_contain_text("No such picture was there.")


def test_a_filter_that_cannot_be_read_deletes_nothing(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(400, 422)
    main = visit(page, f"instance/{PHOTOS}")
    main.get_by_label("That match a filter").check()
    main.get_by_label("Filter", exact=True).fill("int_attr>")
    _delete(main)
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(main).to_contain_text(f"{len(photos())} of 100,000 pictures")


def test_the_index_is_rebuilt_and_not_moved_to_what_is_not_there(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(503)
    main = visit(page, f"instance/{shop.instance('generic', photos()[:1])}")
    main.get_by_role("button", name="Rebuild the index").click()
    expect(page.get_by_role("status").filter(has_text="The index is made anew.")).to_be_visible()
    main.get_by_label("Searched by").select_option("milvus")
    main.get_by_role("button", name="Move").click()
    expect(main.get_by_role("alert")).to_contain_text("Milvus")


def test_a_changed_key_leaves_the_instance_as_it_was(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", photos()[:2])
    main = visit(page, f"instance/{name}")
    main.get_by_role("button", name="Change the key").click()
    page.get_by_role("dialog").get_by_role("button", name="Change").click()
    expect(main.get_by_role("status").filter(has_text="The key is changed.")).to_be_visible()
    expect(main).to_contain_text("2 of 100,000 pictures")
    tasks = shop.operator.get(f"/api/v1/instances/{name}/rekey").json()["tasks"]
    assert [task["status"] for task in tasks] == ["success"]


def test_an_instance_goes_only_when_its_name_is_typed(page: Page, shop: Shop) -> None:
    name = shop.instance()
    main = visit(page, f"instance/{name}")
    main.get_by_role("button", name=f"Delete {name}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete for good")).to_be_disabled()
    dialog.get_by_role("textbox").fill(name[:-1])
    expect(dialog.get_by_role("button", name="Delete for good")).to_be_disabled()
    assert violations(page) == []
    dialog.get_by_role("textbox").fill(name)
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", level=1, name="Instances")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(f"{name} is deleted.")
    expect(page.get_by_role("combobox", name="Instance").locator("option", has_text=name)).to_have_count(0)
    assert shop.operator.get(f"/api/v1/instances/{name}").status_code == 404


def _view(source: Path, view: int, target: Path) -> Path:
    with Image.open(source) as picture:
        seen = picture.rotate(8, fillcolor="white") if view == 1 else picture
        seen.save(target, quality=95 - 15 * view)
    return target


def _small() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(buffer, "JPEG")
    return buffer.getvalue()


def _alike(product: str, name: str) -> dict[str, Any]:
    return {"product_id": product, "pic_name": name, "similarity": 1.0 if name == "a" else 0.95}


def _settings(shop: Shop, name: str) -> tuple[int, int | None, float | None, int | None, str | None]:
    shown = shop.operator.get(f"/api/v1/instances/{name}").json()
    return shown["capacity"], shown["retention_days"], shown["qps"], shown["max_body"], shown["picture_url"]


def _posts(route: Route) -> bool:
    return route.request.method == "POST"


def _tuned(route: Route, name: str) -> None:
    answer = route.fetch()
    shown = answer.json()
    for instance in shown["instances"]:
        if instance["name"] == name:
            instance["tuning"] = ADOPTED
    route.fulfill(response=answer, json=shown)


def _delete(main: Locator) -> None:
    main.get_by_role("button", name="Delete …", exact=True).click()
    main.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
