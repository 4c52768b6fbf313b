"""Starting the browser that the system has."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--no-sandbox",  # root, as in a container, has none
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def launch(driver: Playwright) -> Browser:
    """A browser without a window, whose camera gives a test picture."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    assert found, "there is no browser: run `make .venv/installed-dev`"
    return driver.chromium.launch(executable_path=found, args=_ARGUMENTS)
