"""All pages of the console, by the names that its router gives them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser.shop import PHOTOS

STATIC = Path(__file__).parents[2] / "src" / "similis" / "gateway" / "console" / "static"
_OF_INSTANCE = {"search", "add", "instance", "tasks"}


def _pages() -> list[str]:
    """As the router's table says, so that no new page is left out."""
    table = re.search(r"const PAGES = \{(.*?)\};", (STATIC / "router.js").read_text("utf-8"), re.DOTALL)
    assert table, "router.js has no table of pages"
    return re.findall(r"^\s*(\w+):", table[1], re.MULTILINE)


ROUTES = {page: f"{page}/{PHOTOS}" if page in _OF_INSTANCE else page for page in _pages()}
"""Page → its route on the shared instance."""
