"""The search page: pictures from the camera."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.driving import visit
from tests.browser.searching import MOTORCYCLE, as_phone, first
from tests.browser.shop import PHOTOS


def test_the_camera_gives_a_picture(page: Page) -> None:
    visit(page, f"search/{PHOTOS}")
    page.get_by_role("button", name="Take a picture").click()
    dialog = page.get_by_role("dialog", name="Take a picture")
    expect(dialog.get_by_label("What the camera sees")).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Take it").click()
    expect(dialog).to_be_hidden()
    expect(first(page)).to_be_visible()


def test_closing_the_camera_ends_it(page: Page) -> None:
    visit(page, f"search/{PHOTOS}")
    page.evaluate("""() => {
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (what) => (window.lent = await ask(what));
    }""")
    page.get_by_role("button", name="Take a picture").click()
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_function("() => window.lent.getTracks().every((track) => track.readyState === 'ended')")
    expect(page.get_by_role("region", name="Results")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("NotAllowedError", "does not let this page use the camera"),
        ("NotFoundError", "There is no camera"),
        ("NotReadableError", "cannot be used just now"),
    ],
)
def test_why_there_is_no_camera_is_told(page: Page, name: str, told: str) -> None:
    visit(page, f"search/{PHOTOS}")
    page.evaluate(
        "(name) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name)); }",
        name,
    )
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("alert")).to_contain_text(told)


def test_a_page_that_did_not_come_by_https_is_told_so(page: Page) -> None:
    visit(page, f"search/{PHOTOS}")
    page.evaluate("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("alert")).to_contain_text("HTTPS")


def test_on_a_phone_the_cameras_own_app_takes_the_picture(page: Page) -> None:
    as_phone(page)
    visit(page, f"search/{PHOTOS}")
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Take a picture").click()
    assert chosen.value.element.get_attribute("capture") == "environment"
    chosen.value.set_files(MOTORCYCLE)
    expect(first(page)).to_contain_text("left-motorcycle")
    assert overflow(page) == 0
