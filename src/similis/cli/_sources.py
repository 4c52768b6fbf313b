"""Which pictures `similis add` adds: walked folders, named files, or the lines of a manifest."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from similis.domain import INT_FIELDS, STR_FIELDS, Attributes, Category, InvalidInput, PictureKey, Region
from similis.service import as_category, as_region

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"})
_COLUMNS = (
    "path",
    "product_id",
    "pic_name",
    "category_id",
    "region",
    "crop",
    "custom_content",
    *INT_FIELDS,
    *STR_FIELDS,
)
_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no"}


class ProductIdFrom(StrEnum):
    """Where a walked picture's ProductId comes from; its PicName is the file name."""

    FOLDER = "folder"
    STEM = "stem"


@dataclass(frozen=True, slots=True)
class Source:
    """One picture to add."""

    path: Path
    key: PictureKey
    category: Category | None = None
    crop: bool = True
    region: Region | None = None
    custom_content: str | None = None
    attributes: Attributes = Attributes()


@dataclass(frozen=True, slots=True)
class BadSource:
    """One picture that cannot even be tried."""

    path: Path
    error: InvalidInput


def walk(paths: Iterable[Path], product_id_from: ProductIdFrom) -> Iterator[Source | BadSource]:
    """Every picture file in folders and their sub-folders, in order of name, and every file named itself."""
    for path in paths:
        for file in _files(path):
            name = file.stem if product_id_from is ProductIdFrom.STEM else file.absolute().parent.name
            yield _guarded(file, lambda file=file, name=name: Source(file, PictureKey(name, file.name)))


def read_manifest(manifest: Path) -> Iterator[Source | BadSource]:
    """Every line of a CSV (with a heading) or JSON Lines file; paths are relative to the file.

    Columns: path, product_id, pic_name (the file name by default), category_id, region, crop, custom_content,
    int_attr…int_attr4, str_attr…str_attr4.

    Raises:
        InvalidInput: the file cannot be read.
    """
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines) if manifest.suffix.lower() == ".csv" else _json_lines(lines)
            for number, row in enumerate(rows, start=1):
                place = manifest.parent / str(row.get("path") or f"(entry {number} without a path)")
                yield _guarded(place, lambda row=row, place=place: _source(row, place))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{manifest} cannot be read: {error}.", "Give a UTF-8 file .csv or .jsonl.") from None


def _files(path: Path) -> Iterable[Path]:
    if not path.is_dir():
        return [path]
    visible = (
        file for file in path.rglob("*") if not any(part.startswith(".") for part in file.relative_to(path).parts)
    )
    return sorted(file for file in visible if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file())


def _json_lines(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                row = {"error": f"no JSON: {error}"}
            yield row if isinstance(row, dict) else {"error": "no JSON object"}


def _source(row: Mapping[str, Any], path: Path) -> Source:
    given = {name: _single(name, value) for name, value in row.items() if value is not None and value != ""}
    if "error" in given:
        raise InvalidInput(f"The line is {given['error']}.", "Give one JSON object a line.")
    if unknown := given.keys() - set(_COLUMNS):
        raise InvalidInput(
            f"Unknown column {', '.join(map(str, sorted(unknown, key=str)))}.", f"Use {', '.join(_COLUMNS)}."
        )
    if "path" not in given or "product_id" not in given:
        raise InvalidInput("path or product_id is missing.", "Every line needs both.")
    integers = {name: _integer(name, given[name]) for name in INT_FIELDS if name in given}
    strings = {name: str(given[name]) for name in STR_FIELDS if name in given}
    return Source(
        path,
        PictureKey(str(given["product_id"]), str(given.get("pic_name", path.name))),
        as_category(_integer("category_id", given["category_id"]) if "category_id" in given else None),
        _boolean(str(given.get("crop", "true"))),
        as_region(_text(given, "region")),
        _text(given, "custom_content"),
        Attributes(**integers, **strings),  # type: ignore[arg-type] # names and types just sorted
    )


def _single(name: str | None, value: object) -> object:
    if name is None:  # what csv calls fields beyond the heading
        raise InvalidInput("The line has more fields than the heading.", "Put fields with a comma in double quotes.")
    if isinstance(value, list | dict):
        raise InvalidInput(f"{name} has several values.", "Give one text, number or boolean.")
    return value


def _text(given: Mapping[str, object], name: str) -> str | None:
    return str(given[name]) if name in given else None


def _integer(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise InvalidInput(f"{name} is {value!r}.", "Give a whole number.") from None


def _boolean(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise InvalidInput(f"crop is {text!r}.", "Give true or false.")
    return text.lower() in _TRUE


def _guarded(path: Path, make: Any) -> Source | BadSource:  # noqa: ANN401
    try:
        source: Source = make()
    except InvalidInput as error:
        return BadSource(path, error)
    return source
