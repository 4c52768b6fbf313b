"""What the console adds to a search: from the drop of a picture until its results are painted, in a real browser.

    python -m benchmarks.console [--rounds 30] [--json FILE]

Starts a service of its own with the photos of the browser tests, and drops pictures that it has not seen. The page
marks the drop, the answer and the painted results; the service tells in each answer how long its own stages took.
What is left is the console's and the way's: reading the file, sending, the gateway's form, drawing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image, ImageEnhance
from playwright.sync_api import Page, Response, sync_playwright
from tests.browser.chromium import launch
from tests.browser.driving import drop, visit
from tests.browser.shop import PHOTOS, Shop, furnish, photos, serve

TARGET = 100.0
"""Milliseconds that the console may add."""
_WARM_UP = 3
_MARKED = """() => {
  const last = (name) => performance.getEntriesByName(`similis:${name}`).at(-1)?.startTime;
  const [drop, answer, drawn] = [last("drop"), last("answer"), last("drawn")];
  return drop < answer && answer < drawn ? { answer: answer - drop, drawn: drawn - drop } : null;
}"""
Times = Mapping[str, float]


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures = summary(measure(options.rounds))
    print_table(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(rounds: int) -> list[Times]:
    """Drop so many pictures, one after the other; milliseconds of each."""
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "shop") as shop, sync_playwright() as driver:
        furnish(shop)
        browser = launch(driver)
        page = browser.new_page(base_url=shop.address, viewport={"width": 1280, "height": 800})
        times = list(_rounds(page, shop, Path(name), rounds + _WARM_UP))
        browser.close()
        return times[_WARM_UP:]


def summary(times: list[Times]) -> dict[str, dict[str, float]]:
    """Median and 95th percentile of each time."""
    return {name: _spread([each[name] for each in times]) for name in times[0]}


def print_table(figures: Mapping[str, Times]) -> None:
    """One line a time."""
    print("| milliseconds | median | 95 % |\n|---|---|---|")
    for name, spread in figures.items():
        print(f"| {name} | {spread['median']:.0f} | {spread['p95']:.0f} |")
    added = figures["added by console and way"]
    print(f"target: at most {TARGET:.0f} added; {'met' if added['median'] < TARGET else 'missed'}")


def _rounds(page: Page, shop: Shop, folder: Path, count: int) -> Iterator[Times]:
    page.request.post("/console/session", data={"key": shop.keys["admin"]})
    visit(page, f"search/{PHOTOS}")
    for number in range(count):
        yield _one(page, _picture(folder, number))


def _one(page: Page, picture: Path) -> Times:
    page.evaluate("performance.clearMarks()")
    with page.expect_response(_is_search) as answered:
        drop(page, ".drop", picture)
    service = sum(answered.value.json()["milliseconds"].values())
    marked = page.wait_for_function(_MARKED).json_value()
    return {
        "the service's own stages": service,
        "drop to answer": marked["answer"],
        "drop to painted results": marked["drawn"],
        "added by console and way": marked["drawn"] - service,
    }


def _is_search(response: Response) -> bool:
    return response.request.method == "POST" and response.url.endswith("/search")


def _picture(folder: Path, number: int) -> Path:
    """A picture as a phone takes it, a megapixel, that no earlier round had: what was analysed once is remembered."""
    shown = photos()[number % len(photos())]
    path = folder / f"{number}-{shown.name}"
    with Image.open(shown) as picture:
        scale = 1200 / max(picture.size)
        grown = picture.resize((round(picture.width * scale), round(picture.height * scale)))
        ImageEnhance.Brightness(grown).enhance(1 + number / 1000).save(path, quality=90)
    return path


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "p95": ordered[min(round(0.95 * len(ordered)), len(ordered) - 1)]}


if __name__ == "__main__":
    main()
