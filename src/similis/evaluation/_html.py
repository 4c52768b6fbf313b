"""Writes a report as a page that stands alone, and as JSON beside it."""

from __future__ import annotations

import base64
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from similis.domain import ReportFailed
from similis.evaluation import _charts
from similis.evaluation._charts import Row
from similis.evaluation._copies import OURS, Copies
from similis.evaluation._enlarge import enlarged
from similis.evaluation._examples import Example
from similis.evaluation._floors import Floor
from similis.evaluation._labels import LabelledPicture
from similis.evaluation._report import Report
from similis.service import read_picture

_THUMBNAIL = 132
_PAGE = "report.html.jinja"


def prepare_folder(folder: Path) -> Path:
    """Make a folder for a report, before the work whose report it is to hold.

    Raises:
        ReportFailed: it cannot be made or written to.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder


def write_report(report: Report, folder: Path) -> Path:
    """Write `report.html` and `report.json` into a folder that is there; returns the page's path.

    The page asks no other host for anything. With examples it holds miniatures of the user's own pictures.

    Raises:
        ReportFailed: the files cannot be written.
    """
    page = folder / "report.html"
    with writing(folder):
        page.write_text(rendered(report), encoding="utf-8")
        text = json.dumps(report.as_dict(), ensure_ascii=False, indent=2)
        (folder / "report.json").write_text(text + "\n", encoding="utf-8")
    return page


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """A block that writes into a folder.

    Raises:
        ReportFailed: it could not.
    """
    try:
        yield
    except OSError as error:
        raise ReportFailed(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            "Name a folder that you may write.",
        ) from None


def rendered(report: Report) -> str:
    """The page."""
    return (
        environment()
        .get_template(_PAGE)
        .render(
            report=report,
            charts=_charts,
            quality_rows=list(_quality_rows(report)),
            copy_rows=[] if report.copies is None else list(_copy_rows(report.copies)),
            floors=Floor,
            ours=OURS,
            thumbnail=_thumbnail,
            kinds=_by_kind(report.examples),
        )
    )


def environment() -> Environment:
    """What pages are made with, and how figures look in them."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"share": _share, "percent": _percent, "points": _points}
    return made


def _quality_rows(report: Report) -> Iterator[Row]:
    for run in report.runs:
        yield Row(str(run.way), run.quality.recall[1], ours=True)
    for floor in report.floors:
        yield Row(floor.floor.label, floor.quality.recall[1], ours=False)


def _copy_rows(copies: Copies) -> Iterator[Row]:
    """Edits from the hardest to the easiest, beside the highest floor."""
    for edit, figures in sorted(copies.recall.items(), key=lambda pair: pair[1][OURS].value):
        beside = figures.get(Floor.GEM_COLOUR.value)
        yield Row(edit, figures[OURS], ours=True, beside=None if beside is None else beside.value)


def _by_kind(examples: tuple[Example, ...]) -> dict[str, list[Example]]:
    kinds: dict[str, list[Example]] = {}
    for example in examples:
        kinds.setdefault(example.kind, []).append(example)
    return kinds


def _thumbnail(picture: LabelledPicture) -> str:
    """A miniature as `data:` address."""
    with Image.open(io.BytesIO(enlarged(read_picture(picture.path)))) as image:
        small = image.convert("RGB")
    small.thumbnail((2 * _THUMBNAIL, 2 * _THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _share(value: float) -> str:
    return f"{value:.3f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
