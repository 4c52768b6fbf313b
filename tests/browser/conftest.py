"""The console in a real browser, on a really served shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.browser.chromium import launch
from tests.browser.shop import Shop, furnish, serve
from tests.browser.troubles import Troubles

Visitor = Callable[..., Page]
Theme = Literal["light", "dark"]
_PATIENCE = 20_000  # milliseconds


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are slow: a browser and a service start first."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory below which the shop may import from."""
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, storage: Path) -> Iterator[Shop]:
    """A running service with the instance `photos`; all tests of a process share it."""
    with serve(tmp_path_factory.mktemp("shop"), SIMILIS_IMPORT_ROOTS=str(storage)) as running:
        furnish(running)
        yield running


@pytest.fixture
def empty_shop(tmp_path: Path) -> Iterator[Shop]:
    """A service of the test's own without any instance."""
    with serve(tmp_path / "empty") as running:
        yield running


def _lifetime(fixture_name: str, config: pytest.Config) -> Literal["session", "module"]:  # noqa: ARG001 - pytest gives it
    """Of the browser, whose driver runs an event loop in this thread: it ends before others, if any, need one."""
    here = Path(__file__).parent
    asked = [config.invocation_params.dir / each.partition("::")[0] for each in config.args]
    return "session" if all(each.is_relative_to(here) for each in asked) else "module"


@pytest.fixture(scope=_lifetime)
def browser() -> Iterator[Browser]:
    """A browser, started once where all that runs are tests of the console."""
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as driver:
        started = launch(driver)
        yield started
        started.close()


@pytest.fixture
def troubles(shop: Shop) -> Iterator[Troubles]:
    """What goes wrong in the browser during the test; anything that the test did not expect fails it."""
    gathered = Troubles(urlsplit(shop.address).netloc)
    yield gathered
    if gathered.found:
        pytest.fail("\n".join(gathered.found), pytrace=False)


@pytest.fixture
def visit_as(shop: Shop, browser: Browser, troubles: Troubles) -> Iterator[Visitor]:
    """Opens a browser window for `"admin"`, `"writer"`, `"reader"`, a key `ID:SECRET`, or nobody."""
    with ExitStack() as opened:

        def visit(
            who: str | None = "admin",
            at: Shop = shop,
            width: int = 1280,
            theme: Theme = "light",
            locale: str = "en-US",
        ) -> Page:
            context = browser.new_context(
                base_url=at.address, viewport={"width": width, "height": 800}, color_scheme=theme, locale=locale,
                permissions=["clipboard-read", "clipboard-write", "camera"],
            )  # fmt: skip
            context.set_default_timeout(_PATIENCE)
            opened.callback(context.close)
            troubles.expect_host(urlsplit(at.address).netloc)
            troubles.watch(context)
            if who:
                _sign_in(context, at.keys.get(who, who))
            return context.new_page()

        yield visit


@pytest.fixture
def page(visit_as: Visitor) -> Page:
    """A window in which an admin is signed in; nothing is loaded yet."""
    return visit_as("admin")


@pytest.fixture
def writer_page(visit_as: Visitor) -> Page:
    """The same for a writer."""
    return visit_as("writer")


@pytest.fixture
def reader_page(visit_as: Visitor) -> Page:
    """The same for a reader."""
    return visit_as("reader")


@pytest.fixture
def visitor(visit_as: Visitor) -> Page:
    """A window in which nobody is signed in."""
    return visit_as(None)


def _sign_in(context: BrowserContext, key: str) -> None:
    """The session that the sign-in page gets, without the page."""
    answer = context.request.post("/console/session", data={"key": key})
    assert answer.ok, answer.text()
