"""The report: JSON, tables in Markdown, and pictures side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.inversion._judging import Verdict
from benchmarks.inversion._measures import Mean
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Row = dict[str, Any]

_GAP = 2
_QUALITY = 60


def verdict_row(has: str, method: str, part: str, verdict: Verdict) -> Row:
    """One line of the table of rebuilt pictures."""
    row: Row = {"has": has, "method": method, "labels": part, "SSIM": verdict.ssim}
    row["PSNR"] = round(verdict.psnr.value, 1)
    if verdict.perceptual is not None:
        row["perceptual distance"] = verdict.perceptual
    for name in verdict.found:
        row[f"{name} distance"] = round(verdict.apart[name].value, 3)
        row[f"found by {name}"] = verdict.found[name]
        row[f"{name}, first ten"] = round(verdict.found_in_ten[name].value, 3)
    return row


def markdown(title: str, rows: Sequence[Row]) -> str:
    """A table with a heading."""
    if not rows:
        return ""
    names = list(rows[0])
    lines = [f"## {title}", "", _line(names), _line("---" for _ in names)]
    lines += [_line(_text(row.get(name)) for name in names) for row in rows]
    return "\n".join([*lines, "", ""])


def write(folder: Path, tables: Mapping[str, Sequence[Row]], facts: Row, grid: NDArray[np.uint8] | None) -> None:
    """Write `inversion.json`, `inversion.md` and, where there are pictures, `inversion.webp`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"facts": facts, "tables": tables}
    (folder / "inversion.json").write_text(json.dumps(content, indent=1, default=_plain) + "\n", encoding="utf-8")
    text = "".join(markdown(title, rows) for title, rows in tables.items())
    (folder / "inversion.md").write_text(text, encoding="utf-8")
    if grid is not None:
        Image.fromarray(grid).save(folder / "inversion.webp", quality=_QUALITY, method=6)


def side_by_side(columns: Sequence[Floats]) -> NDArray[np.uint8]:
    """Columns of pictures, float32[n, side, side, 3] each, as one picture with white gaps."""
    padded = [np.pad(each, ((0, 0), (0, _GAP), (0, _GAP), (0, 0)), constant_values=1.0) for each in columns]
    rows = np.concatenate([np.concatenate(list(column)) for column in padded], axis=1)
    pixels: NDArray[np.uint8] = (rows * 255).round().astype(np.uint8)
    return pixels


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return "" if value is None else str(value)


def _plain(value: object) -> object:
    if isinstance(value, Mean) or (is_dataclass(value) and not isinstance(value, type)):
        return asdict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not for JSON.")
