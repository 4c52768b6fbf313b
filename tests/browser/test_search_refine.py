"""The search page: category, score, number and filter narrow a search down."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import violations
from tests.browser.driving import visit
from tests.browser.searching import asked, first, picture, searched, unfold
from tests.browser.shop import PHOTOS, Shop, photo
from tests.browser.troubles import Troubles

from similis.domain import parse_filter


@pytest.fixture(scope="module")
def goods(shop: Shop) -> str:
    """A product instance with pictures in two categories and long custom content; two pictures a product."""
    name = shop.instance("product")
    for stem in ("left-motorcycle", "right-motorcycle", "old-coins"):
        shop.add(name, photo(stem), product_id=stem.rsplit("-", 1)[-1], category_id=4, custom_content="so " * 60)
    for stem in ("grey-moon", "space-rocket"):
        shop.add(name, photo(stem), category_id=2, int_attr=7)
    return name


def test_another_category_is_searched_and_the_predicted_one_again(page: Page, goods: str) -> None:
    results = searched(page, route=f"search/{goods}")
    expect(results.get_by_role("status")).to_contain_text("in Shoes")
    page.get_by_role("button", name="All categories").click()
    chips = page.get_by_role("group", name="Category")
    expect(chips.get_by_role("button")).to_have_count(14)
    expect(chips.get_by_role("button", name="Shoes")).to_have_attribute("aria-pressed", "true")
    assert asked(page, chips.get_by_role("button", name="Bottoms").click)["category_id"] == "2"
    expect(results.get_by_role("status")).to_contain_text("in Bottoms")
    expect(results.get_by_role("listitem").first).to_contain_text("Bottoms")
    page.get_by_role("button", name="Back to the predicted one").click()
    expect(results.get_by_role("status")).to_contain_text("in Shoes")
    expect(page.get_by_role("button", name="Fewer")).to_be_focused()


def test_a_category_without_pictures_says_so(page: Page, goods: str) -> None:
    searched(page, route=f"search/{goods}")
    page.get_by_role("button", name="All categories").click()
    page.get_by_role("group", name="Category").get_by_role("button", name="Furniture").click()
    expect(page.get_by_text("No picture is stored in this category.")).to_be_visible()
    page.locator(".notice").get_by_role("button", name="Back to the predicted one").click()
    expect(first(page)).to_contain_text("motorcycle")


def test_categories_are_not_offered_where_they_have_no_effect(page: Page) -> None:
    searched(page)
    expect(page.get_by_role("group", name="Category")).to_have_count(0)


def test_long_custom_content_is_folded_away(page: Page, goods: str) -> None:
    searched(page, route=f"search/{goods}")
    content = first(page).get_by_text("so so so")
    expect(content).to_be_hidden()
    first(page).get_by_text("Custom content").click()
    expect(content).to_be_visible()


def test_one_a_product(page: Page, goods: str) -> None:
    results = searched(page, route=f"search/{goods}")
    expect(results.get_by_role("heading", name="3 results")).to_be_visible()
    assert asked(page, page.get_by_label("One a product").check)["distinct_product"] == "true"
    expect(results.get_by_role("heading", name="2 results")).to_be_visible()


def test_the_least_score_is_told_in_words_and_can_be_lifted_again(page: Page, tmp_path: Path) -> None:
    results = searched(page, picture(tmp_path, (180, 130)))
    slider = page.get_by_role("slider", name="Least score")
    expect(page.get_by_text("All results are shown, however unlike.")).to_be_visible()
    expect(page.get_by_text("good from 0.91")).to_be_visible()
    slider.fill("0.2")
    expect(page.get_by_text("Also shows what is below a good match.")).to_be_visible()
    slider.fill("1")
    expect(page.get_by_text("Shows good matches only.")).to_be_visible()
    expect(results.get_by_text("Nothing found")).to_be_visible()
    results.get_by_role("button", name="Show all scores").click()
    expect(first(page)).to_be_visible()
    expect(slider).to_have_value("0")


def test_a_number_that_cannot_be_is_refused_at_once(page: Page) -> None:
    searched(page)
    number = page.get_by_role("spinbutton", name="Results")
    number.fill("101")
    expect(page.get_by_text("Give a whole number from 1 to 100.")).to_be_visible()
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".match")).to_have_count(18)
    number.fill("3")
    expect(page.locator(".match")).to_have_count(3)


def test_conditions_make_an_expression(page: Page) -> None:
    searched(page)
    unfold(page, "Filter")
    page.get_by_role("button", name="Add a condition").click()
    first = page.get_by_role("group", name="Condition 1")
    first.get_by_label("Field").select_option("str_attr")
    first.get_by_label("Operator").select_option("in")
    sent = asked(page, lambda: first.get_by_label("Value").fill("motorcycle, coins"))
    assert sent["filter"] == 'str_attr in ("motorcycle", "coins")'
    expect(page.locator(".match")).to_have_count(3)
    page.get_by_role("button", name="Add a condition").click()
    second = page.get_by_role("group", name="Condition 2")
    second.get_by_label("Value").fill("10")
    expect(page.get_by_label("Expression")).to_have_value('str_attr in ("motorcycle", "coins") AND int_attr = 10')
    expect(page.locator(".match")).to_have_count(1)
    page.get_by_label("How conditions are joined").select_option("OR")
    expect(page.locator(".match")).to_have_count(3)
    assert violations(page) == []
    page.get_by_role("button", name="Remove condition 1").click()
    expect(page.get_by_label("Expression")).to_have_value("int_attr = 10")
    expect(page.get_by_role("button", name="Remove condition 1")).to_be_focused()


def test_what_was_written_becomes_conditions_where_it_can(page: Page) -> None:
    searched(page)
    unfold(page, "Filter")
    expression = page.get_by_label("Expression")
    expression.fill('strAttr = "a \\"b\\"" or int_attr2>=-3')
    expect(page.get_by_role("group", name="Condition 1").get_by_label("Value")).to_have_value('a "b"')
    expect(page.get_by_role("group", name="Condition 2").get_by_label("Field")).to_have_value("int_attr2")
    expect(page.get_by_label("How conditions are joined")).to_have_value("OR")
    expression.fill('(int_attr>11 OR int_attr<-9) AND str_attr="motorcycle"')
    expect(page.get_by_text("is edited as text")).to_be_visible()
    expect(page.locator(".match")).to_have_count(1)


def test_what_is_wrong_with_a_filter_is_shown_where_it_is(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(400)
    searched(page)
    unfold(page, "Filter")
    expression = page.get_by_label("Expression")
    expression.fill("int_attr >= red")
    expect(page.get_by_role("alert")).to_contain_text("at character 13")
    expect(page.locator(".pointed mark")).to_have_text("r")
    expect(expression).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Results are still those from before")).to_be_visible()
    expect(page.locator(".match")).to_have_count(18)
    expression.fill("int_attr >= 17")
    expect(page.get_by_text("The expression can be read.")).to_be_visible()
    expect(page.locator(".match")).to_have_count(1)


def test_a_filter_that_leaves_nothing_can_be_removed(page: Page) -> None:
    results = searched(page)
    unfold(page, "Filter")
    page.get_by_label("Expression").fill("int_attr > 1000")
    results.get_by_role("button", name="Remove the filter").click()
    expect(page.locator(".match")).to_have_count(18)
    expect(page.get_by_label("Expression")).to_have_value("")
    expect(results.get_by_role("heading", name="18 results")).to_be_focused()


_AS_ROWS = """async (expressions) => {
  const { rowsOf, textOf } = await import("/console/pages/search/filter_text.js");
  return expressions.map(rowsOf).map((found) => found && textOf(found.rows, found.join));
}"""


def test_conditions_mean_what_the_expression_meant(page: Page) -> None:
    lists = [
        "int_attr=1",
        "intAttr4 >= -3 and INT_ATTR2 != +7",
        'str_attr="a, b" OR str_attr2 != "say \\"and\\" or \\\\"',
        'str_attr3 not  in("x","y z") and int_attr3 in ( 1,-2 ) AND int_attr < 9',
    ]
    others = [
        "int_attr=1 AND int_attr=2 OR int_attr=3",
        "(int_attr=1)",
        'str_attr in ("a,b")',
        'str_attr=""',
        "int_attr=1 AND",
        "int_attr",
    ]
    visit(page, f"search/{PHOTOS}")
    texts = page.evaluate(_AS_ROWS, [*lists, *others])
    assert [parse_filter(text) for text in texts[: len(lists)]] == [parse_filter(text) for text in lists]
    assert texts[len(lists) :] == [None] * len(others)
