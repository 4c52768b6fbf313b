"""What the service says, on a page in Chinese: translated, and marked as English where it is told as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Visitor
from tests.browser.driving import drop, visit
from tests.browser.shop import PHOTOS
from tests.browser.troubles import Troubles

import similis.gateway  # noqa: F401 - which has errors of its own
from similis.domain import SimilisError

_CODES = 'import("/console/ui/service_words.js").then(({ CHINESE }) => Object.keys(CHINESE))'
_BOX = """async (error) => {
  const { ApiError } = await import("/console/api.js");
  const { errorBox } = await import("/console/ui/feedback.js");
  document.querySelector("main").append(errorBox(new ApiError(error, 409)));
}"""


_NOTE = """async (error) => {
  const { h } = await import("/console/dom.js");
  const { notedError } = await import("/console/ui/feedback.js");
  document.querySelector("main").append(h("div", { class: "noted" }, notedError(error)));
}"""
_NOT_MET = {
    "error": "the base of all others, never raised by itself",
    "conflict": "a base, never raised by itself",
    "malformed_request": "browsers send no such requests",
    "head_too_large": "browsers send no such requests",
    "invalid_text": "the console does not search by text",
    "no_text_encoder": "the console does not search by text",
    "model_not_found": "the console names no model",
    "invalid_labels": "of `similis evaluate`",
    "report_failed": "of commands that write a report",
    "terms_not_accepted": "of `similis models`",
    "invalid_manifest": "keeps the service from starting",
    "data_directory_locked": "keeps the service from starting",
    "data_directory_missing": "of commands",
    "service_unreachable": "of commands; the console has own words for a service that is away",
}
"""Codes that nobody meets on the console, and why."""


def test_every_error_that_can_be_met_has_words(page: Page) -> None:
    visit(page, "health")
    codes = set(page.evaluate(_CODES))
    there = {each.code for each in _kinds(SimilisError)}
    assert not codes - there, "of errors that there are not"
    assert there - codes == set(_NOT_MET)


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


def test_what_ended_a_task_is_told_in_chinese(visit_as: Visitor) -> None:
    page = visit_as("admin", locale="zh-CN")
    visit(page, "health")
    page.evaluate(_NOTE, {"code": "meta_file_not_found", "message": "There is no increment.meta in /shoes."})
    note = page.locator("main .noted")
    expect(note.locator("p").first).to_have_text(re.compile("该路径下没有 increment.meta"))
    assert note.locator("[lang=en]").all_inner_texts() == ["There is no increment.meta in /shoes."]


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
