"""From what callers write to the domain's values, the same for the Python API, REST and the CLI."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, TypeAlias

from similis.algorithm import PictureLimits
from similis.domain import Category, InvalidInput, InvalidPicture, OnDuplicate, Region, SearchOptions, parse_filter

PictureSource: TypeAlias = bytes | bytearray | memoryview | str | Path | BinaryIO
RegionSource: TypeAlias = Region | str | None


def read_picture(source: PictureSource) -> bytes:
    """Encoded bytes of a picture given as bytes, a path or a file open for reading bytes.

    Reads one byte more than a picture may have at most, which is enough to refuse it.

    Raises:
        InvalidPicture: the file cannot be read.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    most = PictureLimits().max_bytes + 1
    try:
        if isinstance(source, str | Path):
            with Path(source).open("rb") as file:
                return file.read(most)
        return source.read(most)
    except (OSError, ValueError) as error:  # ValueError: a path with NUL, or a file that is closed
        raise InvalidPicture(
            f"{source} cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Check the path: it must be a picture file, or a folder where folders are taken.",
        ) from None


def as_category(number: int | None) -> Category | None:
    """The category with this number; None stays None.

    Raises:
        InvalidCategory: there is none.
    """
    return None if number is None else Category.of(number)


def as_region(source: RegionSource) -> Region | None:
    """A region given as such or as text `x1,x2,y1,y2`; None stays None.

    Raises:
        InvalidRegion: the text cannot be read.
    """
    return Region.parse(source) if isinstance(source, str) else source


def as_on_duplicate(name: OnDuplicate | str) -> OnDuplicate:
    """What to do with a near-identical picture.

    Raises:
        InvalidInput: there is no such choice.
    """
    try:
        return OnDuplicate(name)
    except ValueError:
        raise InvalidInput(f"There is no on_duplicate {name!r}.", f"Use one of: {', '.join(OnDuplicate)}.") from None


def as_search_options(
    num: int = 10,
    start: int = 0,
    category: int | None = None,
    filter: str | None = None,  # noqa: A002 - the field's own word
    distinct_product: bool = False,
    min_score: float = 0.0,
    good_match: float | None = None,
) -> SearchOptions:
    """Search options with category and filter as callers write them.

    Raises:
        InvalidInput: one of them is out of range or cannot be read; see its subclasses.
    """
    tree = None if filter is None else parse_filter(filter)
    return SearchOptions(num, start, as_category(category), tree, distinct_product, min_score, good_match)


def require_one_way_to_delete(product_id: str | None, pic_name: str | None, expression: str | None) -> None:
    """Accept either a product (with or without a picture name) or a filter.

    Raises:
        InvalidInput: neither, both, or a picture name without its product.
    """
    if (product_id is None) == (expression is None) or (pic_name is not None and product_id is None):
        raise InvalidInput(
            "What to delete is not clear.", "Give product_id, with or without pic_name, or give filter, not both."
        )
