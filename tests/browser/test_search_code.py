"""The search page: the search as code, which runs as it is copied."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.accessibility import violations
from tests.browser.searching import MOTORCYCLE, asked, region, searched, unfold
from tests.browser.shop import Shop
from tests.contract.judging import ENVIRONMENTS, plain_environment

_RUN = {
    "curl": ["bash", "-c"],
    "Python": [sys.executable, "-c"],
    "Alibaba Cloud SDK": [str(ENVIRONMENTS / "current" / "bin" / "python"), "-c"],
}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture whose name wants to be quoted."""
    return Path(shutil.copy(MOTORCYCLE, tmp_path / 'it\'s "a" picture, so.jpg'))


def _code(page: Page, kind: str) -> str:
    """The code in a language, as the dialog shows it."""
    page.get_by_role("button", name="Code", exact=True).click()
    dialog = _dialog(page)
    dialog.get_by_role("button", name=kind).click()
    text = dialog.locator("pre").inner_text()
    dialog.get_by_role("button", name="Close").click()
    return text


def _dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="This search as code")


def _output(kind: str, code: str, folder: Path, key: str) -> str:
    """What the code prints, run beside the picture."""
    assert key not in code
    environment = {**plain_environment(), "SIMILIS_KEY": key}
    ran = subprocess.run(
        [*_RUN[kind], code], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _products(kind: str, output: str) -> list[str]:
    if kind == "curl":
        return [match["product_id"] for match in json.loads(output)["matches"]]
    return [line.split()[1] for line in output.splitlines()]


@pytest.mark.parametrize("kind", _RUN)
def test_the_code_finds_what_the_page_finds(page: Page, shop: Shop, picture: Path, kind: str) -> None:
    searched(page, picture)
    unfold(page, "Filter")
    asked(page, lambda: page.get_by_label("Expression").fill('str_attr != "it\'s" AND int_attr >= 1'))
    page.get_by_label("One a product").check()
    page.get_by_role("spinbutton", name="Results").fill("3")
    region(page).focus()
    asked(page, lambda: page.keyboard.press("Shift+ArrowUp"))
    page.get_by_role("slider", name="Least score").fill("0.01")
    expect(page.locator(".match")).to_have_count(3)
    expect(page.locator(".results")).not_to_have_attribute("aria-busy", "true")
    shown = [text.split()[-1] for text in page.locator(".match h3").all_inner_texts()]
    output = _output(kind, _code(page, kind), picture.parent, shop.keys["reader"])
    assert _products(kind, output) == shown


@pytest.mark.parametrize("kind", _RUN)
def test_the_code_of_a_search_by_a_stored_picture(page: Page, shop: Shop, tmp_path: Path, kind: str) -> None:
    searched(page)
    asked(page, page.get_by_role("button", name="Similar to space-rocket, space-rocket.jpg").click)
    expect(page.locator(".match").first).to_contain_text("space-rocket")
    output = _output(kind, _code(page, kind), tmp_path, shop.keys["reader"])
    assert _products(kind, output)[0] == "space-rocket"


def test_the_code_is_copied(page: Page) -> None:
    searched(page)
    page.get_by_role("button", name="Code", exact=True).click()
    assert violations(page) == []
    _dialog(page).get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert copied == _dialog(page).locator("pre").inner_text()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Code", exact=True)).to_be_focused()
