"""What people do on the console that takes more than one call of Playwright."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page

_PASTE = """(files) => {
  const transfer = new DataTransfer();
  for (const { name, type, content } of files) {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const target = document.activeElement ?? document.body;
  target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


def visit(page: Page, route: str = "") -> Locator:
    """Load the console at a route, such as `search/photos`; its `main` element once the page is drawn."""
    page.goto("about:blank")  # else a change behind the # would not load anything
    page.goto(f"/#/{route}" if route else "/")
    main = page.locator("main[data-ready]")
    main.wait_for()
    return main


def sign_in(page: Page, key: str) -> None:
    """Sign in on the page that asks for an access key; does not wait for the answer."""
    page.get_by_label("Access key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def prefer(page: Page, theme: Literal["light", "dark"]) -> None:
    """The browser's user prefers another theme; waits until the page has it, which has no choice of its own."""
    page.emulate_media(color_scheme=theme)
    page.wait_for_function("theme => getComputedStyle(document.documentElement).colorScheme === theme", arg=theme)
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def drop(page: Page, target: str | Locator, *paths: Path) -> None:
    """Drag files and folders from outside of the browser onto an element, and let go."""
    place = page.locator(target) if isinstance(target, str) else target
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box, "there is nothing to drop on"
    data = {"items": [], "files": [str(path.resolve()) for path in paths], "dragOperationsMask": 1}
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "data": data}
    browser = page.context.new_cdp_session(page)
    for event in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": event, **where})
    browser.detach()


def paste(page: Page, *paths: Path) -> None:
    """Paste files, as Ctrl+V does where the clipboard holds a picture."""
    page.evaluate(_PASTE, _contents(paths))


def _contents(paths: Sequence[Path]) -> list[dict[str, str]]:
    return [
        {
            "name": path.name,
            "type": mimetypes.guess_type(path.name)[0] or "",
            "content": base64.b64encode(path.read_bytes()).decode("ascii"),
        }
        for path in paths
    ]
