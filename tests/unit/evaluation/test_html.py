from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from similis.domain import ReportFailed
from similis.evaluation import Report, evaluate, prepare_folder, scratch_app, write_report
from similis.service import Settings

pytestmark = pytest.mark.slow
NAME = '<b>&"quoted"\''


@pytest.fixture(scope="module")
def report(draw: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Everything that a report can hold, with labels that would break a page that does not escape them."""
    folder = tmp_path_factory.mktemp("shop")
    rows = ["path,label,split,category"]
    for product in range(3):
        for view, split in enumerate(("query", "gallery")):
            (folder / f"{product}-{view}.jpg").write_bytes(draw(product, view, form="JPEG"))
            rows.append(f"{product}-{view}.jpg,{NAME.replace(chr(34), '')} {product},{split},Bag")
    rows.append("none.jpg,x,query,Bag")
    (folder / "labels.csv").write_text("\n".join(rows))
    with scratch_app(Settings(data=folder / "data", threads=2)) as app:
        return evaluate(app, folder / "labels.csv", crops=[True], copies=1, examples=2)


@pytest.fixture(scope="module")
def page(report: Report, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report") / "new"
    page = write_report(report, prepare_folder(folder))
    assert json.loads((folder / "report.json").read_text()) == json.loads(json.dumps(report.as_dict()))
    return page.read_text()


class Addresses(HTMLParser):
    """Collects what a browser would fetch, and checks that tags are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "action"}]
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone(page: str) -> None:
    parser = Addresses()
    parser.feed(page)
    assert parser.open == []
    assert parser.found
    assert all(address.startswith("data:image/jpeg;base64,") for address in parser.found)
    assert not re.search(r"url\(|@import|<script|https?://", page)


def test_what_users_wrote_is_escaped(page: str) -> None:
    assert "&lt;b&gt;" in page
    assert "<b>&'" not in page


def test_plots_are_drawn_inside_their_frame(page: str) -> None:
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) == 1 + 2 + 1 + 1  # R@1, reliability of both types, distributions, copies
    for plot in plots:
        drawn = ET.fromstring(plot)  # noqa: S314 - our own
        *_, width, height = map(float, drawn.attrib["viewBox"].split())
        for mark in drawn:
            across = [float(mark.attrib[name]) for name in ("x", "x1", "x2", "cx") if name in mark.attrib]
            down = [float(mark.attrib[name]) for name in ("y", "y1", "y2", "cy") if name in mark.attrib]
            assert all(0 <= each <= width for each in across)
            assert all(0 <= each <= height for each in down)


@pytest.mark.parametrize(
    "words", ["Edited copies", "Categories (product, crop)", "could not be used", "none.jpg", "Time"]
)
def test_the_page_has_every_part(page: str, words: str) -> None:
    assert words in page


def test_without_examples_the_page_holds_no_picture(report: Report, tmp_path: Path) -> None:
    bare = Report(**{**{name: getattr(report, name) for name in report.__slots__}, "examples": (), "copies": None})
    text = write_report(bare, tmp_path).read_text()
    assert "data:image" not in text
    assert "This file holds none of your pictures." in text


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportFailed, match="cannot be written"):
        prepare_folder(tmp_path / "file")
