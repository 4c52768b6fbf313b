"""How tests of the service search the instance `g`."""

from __future__ import annotations

from similis.domain import Match, SearchOptions, SearchResult
from similis.service import App

PRODUCTS = range(6)


def find(app: App, picture: bytes, options: SearchOptions = SearchOptions()) -> SearchResult:
    """Search by the whole picture, which spares most tests the time of finding the subject."""
    return app.search.by_picture("g", picture, options, crop=False)


def products(matches: list[Match]) -> list[str]:
    return [match.product_id for match in matches]
