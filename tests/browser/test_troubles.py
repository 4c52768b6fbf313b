"""That troubles are noticed, and that what the security policy forbids does not happen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from tests.browser.driving import visit
from tests.browser.troubles import Troubles

_INLINE = """() => {
  const script = document.createElement("script");
  script.textContent = "window.ran = true";
  document.body.append(script);
  return "ran" in window;
}"""
_LOADED = """(url) => new Promise((resolve) => {
  const image = new Image();
  image.onload = () => resolve(true);
  image.onerror = () => resolve(false);
  image.src = url;
})"""
_SENT = "(url) => fetch(url, { mode: 'no-cors' }).then(() => true, () => false)"
_ELSEWHERE = "https://elsewhere.example/x.png"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("console.error('on purpose')", "on purpose"),
        ("console.warn('on purpose')", "on purpose"),
        ("setTimeout(() => { throw new Error('on purpose'); })", "on purpose"),
        ("Promise.reject(new Error('on purpose')) && null", "on purpose"),
        ("fetch('/api/v1/instances/none').then(() => null)", "404 from GET"),
    ],
    ids=["console-error", "console-warning", "error", "rejection", "refusal"],
)
def test_a_trouble_is_gathered(page: Page, troubles: Troubles, step: str, told: str) -> None:
    page.goto("/healthz")
    page.evaluate(step)
    page.wait_for_timeout(100)  # of an error that is thrown later only its report tells
    assert any(told in trouble for trouble in troubles.found), troubles.found
    troubles.found.clear()


def test_a_request_to_another_host_is_gathered(page: Page, troubles: Troubles) -> None:
    page.goto("about:blank")  # no policy forbids it there
    page.route(_ELSEWHERE, lambda route: route.fulfill(body=b""))
    assert page.evaluate(_SENT, _ELSEWHERE) is True
    assert troubles.found == [f"request to another host: {_ELSEWHERE}"]
    troubles.found.clear()


def test_no_trouble_is_gathered_of_what_was_expected(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(404)
    troubles.expect_console("on purpose")
    page.goto("/healthz")
    page.evaluate("fetch('/api/v1/instances/none').then(() => console.error('on purpose'))")
    assert troubles.found == []


def test_no_script_runs_that_is_not_a_file_of_the_console(page: Page, troubles: Troubles) -> None:
    troubles.expect_console("Content Security Policy")
    visit(page)
    assert page.evaluate(_INLINE) is False


@pytest.mark.parametrize("step", [_LOADED, _SENT], ids=["picture", "call"])
def test_nothing_goes_to_another_host(page: Page, troubles: Troubles, step: str) -> None:
    troubles.expect_console("Content Security Policy")
    troubles.expect_console("Refused to connect")
    troubles.expect_host("elsewhere.example")  # the browser tells of the request that it does not make
    visit(page)
    page.route(_ELSEWHERE, lambda route: route.fulfill(body=b""))
    assert page.evaluate(step, _ELSEWHERE) is False
