"""The labels file of an evaluation: which picture shows what, and which side of the search it stands on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from similis.domain import Category, InvalidKey, InvalidLabels, PictureKey

QUERY_SPLITS = frozenset({"query", "test", "val", "validation"})
GALLERY_SPLITS = frozenset({"gallery", "train"})
_REQUIRED = ("path", "label")
_HINT = "A labels file is a CSV in UTF-8 with the columns path and label, and split and category if you like."
_NAMES = {category.label.casefold(): category for category in Category}
_CATEGORIES = {**_NAMES, **{str(category.value): category for category in Category}}


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One row of the file.

    Attributes:
        path: the picture's file.
        key: the key it gets: its label as product, its path in the CSV as name.
        category: the category it is known to belong to, by its column or because the labels are categories.
    """

    path: Path
    key: PictureKey
    category: Category | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """Both sides of the evaluation; with `leave_one_out` they are the same pictures.

    Attributes:
        left_out: rows whose split is neither a query's nor a gallery's.
        column: whether there is a column of categories, which the gallery is then added with.
    """

    gallery: tuple[LabelledPicture, ...]
    queries: tuple[LabelledPicture, ...]
    leave_one_out: bool
    left_out: int = 0
    column: bool = False


_Row = tuple[LabelledPicture, str]


def read_labels(path: Path) -> Labels:
    """Read a labels CSV.

    Rows of a split in `QUERY_SPLITS` are searched with, those in `GALLERY_SPLITS` are searched in, others are left
    out. When no row has any of these splits, each picture is searched for among all others. A column `category` holds
    numbers or names of categories; cells that are neither are passed over.

    Raises:
        InvalidLabels: the file cannot be read or used; says in which line.
    """
    rows = list(_rows(path))
    column = any(picture.category is not None for picture, _ in rows)
    if not column:
        rows = _with_labels_as_categories(rows)
    queries = tuple(picture for picture, split in rows if split in QUERY_SPLITS)
    gallery = tuple(picture for picture, split in rows if split in GALLERY_SPLITS)
    if not queries and not gallery:
        everything = tuple(picture for picture, _ in rows)
        return _checked(path, Labels(everything, everything, leave_one_out=True, column=column))
    left_out = len(rows) - len(queries) - len(gallery)
    return _checked(path, Labels(gallery, queries, leave_one_out=False, left_out=left_out, column=column))


def _checked(path: Path, labels: Labels) -> Labels:
    if labels.gallery and labels.queries:
        return labels
    if labels.leave_one_out:
        raise InvalidLabels(f"{path} has no rows.", _HINT)
    empty = "query" if labels.gallery else "gallery"
    raise InvalidLabels(
        f"{path} has no {empty} pictures.",
        f"Mark them in the split column ({', '.join(sorted(QUERY_SPLITS))} against "
        f"{', '.join(sorted(GALLERY_SPLITS))}), or remove the column to search each picture among all others.",
    )


def _with_labels_as_categories(rows: list[_Row]) -> list[_Row]:
    """Rows whose labels are names of categories, such as `Bottle drink`, one and all, get them as their truth."""
    names = [_plain(picture.key.product_id) for picture, _ in rows]
    if not set(names) <= _NAMES.keys():
        return rows
    pairs = zip(rows, names, strict=True)
    return [(replace(picture, category=_NAMES[name]), split) for (picture, split), name in pairs]


def _rows(path: Path) -> Iterator[_Row]:
    """Each row's picture and split."""
    seen: dict[str, int] = {}
    for line, row in _lines(path):
        name, label = ((row.get(column) or "").strip() for column in _REQUIRED)
        if not name or not label:
            raise InvalidLabels(f"{path}, line {line}: path or label is empty.", _HINT)
        if (first := seen.setdefault(name, line)) != line:
            raise InvalidLabels(f"{path}, line {line}: {name} is in line {first} already.", "List each picture once.")
        try:
            picture = LabelledPicture(path.parent / name, PictureKey(label, name), _category(row.get("category")))
        except InvalidKey as error:
            raise InvalidLabels(f"{path}, line {line}: {error.message}", error.hint) from None
        yield picture, (row.get("split") or "").strip().lower()


def _category(cell: str | None) -> Category | None:
    """A category written as number or name; None when it is neither: the column may speak of something else."""
    return _CATEGORIES.get(_plain(cell or ""))


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").strip().casefold()


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Line numbers and rows by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := [column for column in _REQUIRED if column not in (reader.fieldnames or ())]:
                raise InvalidLabels(f"{path}, line 1: there is no column {' and no column '.join(missing)}.", _HINT)
            for row in reader:
                yield reader.line_num, row
    except OSError as error:
        raise InvalidLabels(f"{path} cannot be read: {error.strerror or error}.", _HINT) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidLabels(f"{path} is no CSV in UTF-8: {error}.", _HINT) from None
