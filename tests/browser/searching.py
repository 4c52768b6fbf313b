"""What tests of the search page do and look at."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import CDPSession, Locator, Page, expect
from tests.browser.driving import drop, visit
from tests.browser.shop import PHOTOS, photo

MOTORCYCLE = photo("left-motorcycle")
# The browser's debugger does not show what a form with a file holds.
_NOTE = """
window.asked = [];
const fetched = window.fetch;
window.fetch = (address, options) => {
  if (String(address).endsWith("/search")) {
    window.asked.push(Object.fromEntries([...options.body].filter(([, value]) => typeof value === "string")));
  }
  return fetched(address, options);
};
"""


def searched(page: Page, picture: Path = MOTORCYCLE, route: str = f"search/{PHOTOS}") -> Locator:
    """The results of a dropped picture."""
    page.add_init_script(_NOTE)
    visit(page, route)
    drop(page, ".drop", picture)
    expect(first(page)).to_be_visible()
    return page.get_by_role("region", name="Results")


def first(page: Page) -> Locator:
    """The best result."""
    return page.locator(".match").first


def asked(page: Page, step: Callable[[], object]) -> dict[str, str]:
    """The fields of the search that a step leads to, but for the picture."""
    before = page.evaluate("asked.length")
    step()
    page.wait_for_function("(before) => asked.length > before", arg=before)
    fields: dict[str, str] = page.evaluate("asked.at(-1)")
    return fields


def region(page: Page) -> Locator:
    """The frame on the picture."""
    return page.get_by_role("group", name="Region that is searched with")


def corners(page: Page) -> tuple[int, int, int, int]:
    """What the page says of the region: x1, x2, y1, y2."""
    x1, x2, y1, y2 = map(int, re.findall(r"\d+", page.locator(".pixels").inner_text())[:4])
    return x1, x2, y1, y2


def picture(folder: Path, size: tuple[int, int], name: str = "query.png", exif: Image.Exif | None = None) -> Path:
    """A picture of a size, with something to see on it."""
    path = folder / name
    with Image.open(MOTORCYCLE) as motorcycle:
        motorcycle.resize(size).save(path, exif=exif or Image.Exif())
    return path


def unfold(page: Page, name: str) -> None:
    """Open a part that is folded away."""
    page.locator("summary").filter(has_text=re.compile(f"^{name}$")).click()


def as_phone(page: Page) -> CDPSession:
    """Make a window a phone's, with a screen to touch; give what comes back to `tap`."""
    phone = page.context.new_cdp_session(page)
    screen = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    phone.send("Emulation.setDeviceMetricsOverride", screen)
    phone.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})
    return phone


def tap(phone: CDPSession, x: float, y: float) -> None:
    """Touch the screen there, and let go."""
    phone.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    phone.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def stroke(phone: CDPSession, start: tuple[float, float], end: tuple[float, float], rest: float = 0.0) -> None:
    """Draw a finger over the screen, after it has rested for some seconds."""
    (x, y), (far, low) = start, end
    phone.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    time.sleep(rest)
    for share in (0.1, 0.2, 0.4, 0.7, 1.0):
        point = {"x": x + share * (far - x), "y": y + share * (low - y)}
        phone.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    phone.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
