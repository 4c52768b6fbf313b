"""What the service says, on a page in Chinese: translated where it is common, else marked as English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Visitor
from tests.browser.driving import drop, visit
from tests.browser.shop import PHOTOS
from tests.browser.troubles import Troubles

from similis.domain import SimilisError

_CODES = 'import("/console/ui/service_words.js").then(({ CHINESE }) => Object.keys(CHINESE))'
_BOX = """async (error) => {
  const { ApiError } = await import("/console/api.js");
  const { errorBox } = await import("/console/ui/feedback.js");
  document.querySelector("main").append(errorBox(new ApiError(error, 409)));
}"""


def test_only_errors_that_there_are_have_words(page: Page) -> None:
    visit(page, "health")
    codes = page.evaluate(_CODES)
    assert len(codes) > 20
    assert not set(codes) - {each.code for each in _kinds(SimilisError)}


def test_a_picture_that_is_none_is_told_in_chinese(visit_as: Visitor, troubles: Troubles, tmp_path: Path) -> None:
    page = visit_as("admin", locale="zh-CN")
    (tmp_path / "none.jpg").write_bytes(b"no picture")
    troubles.expect_refusal(400)
    visit(page, f"search/{PHOTOS}")
    drop(page, ".drop", tmp_path / "none.jpg")
    alert = page.get_by_role("alert")
    expect(alert.locator("strong")).to_have_text("此文件不是可读取的图片。")
    expect(alert.locator("[lang=en]")).to_contain_text("no picture that can be read")


def test_a_wrong_key_is_told_in_chinese(visit_as: Visitor, troubles: Troubles) -> None:
    page = visit_as(None, locale="zh-CN")
    troubles.expect_refusal(401)
    visit(page)
    page.get_by_label("访问密钥").fill("none:wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert").locator("strong")).to_contain_text("访问密钥无效")


@pytest.mark.parametrize(("locale", "lang"), [("zh-CN", "zh-CN"), ("en-US", "en")])
def test_other_words_of_the_service_are_marked_as_english(visit_as: Visitor, locale: str, lang: str) -> None:
    page = visit_as("admin", locale=locale)
    visit(page, "health")
    page.evaluate(_BOX, {"code": "rare", "message": "Something is rare.", "hint": "Wait."})
    alert = page.get_by_role("alert")
    expect(page.locator("html")).to_have_attribute("lang", lang)
    assert alert.locator("[lang=en]").all_inner_texts() == ["Something is rare.", "Wait."]


def _kinds(kind: type[SimilisError]) -> Iterator[type[SimilisError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)
