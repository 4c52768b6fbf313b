"""Reads and writes `increment.meta`: UTF-8, one JSON object a line, each line pictures to add or to delete.

    {"OperationType": "ADD", "ProductId": "1000", "PicName": "a/b.jpg", "CategoryId": 0, "IntAttr": 1, "StrAttr": "x",
     "CustomContent": "k:v", "Region": "20,40,60,80"}                     (on one line)
    {"OperationType": "DELETE", "ProductId": "1002", "PicName": "c.jpg"}
    {"operator": "ADD", "item_id": "1000", "cat_id": 0, "cust_content": "k:v", "pic_list": ["a.jpg", "b.jpg"]}  (2018)

What the cloud service leaves open is decided here:

* A DELETE without PicName deletes all pictures of the product; what else a DELETE says is not looked at.
* The same picture may be named by several lines. They count in the order of the file, the last one wins, as with
  single calls; so whoever applies lines keeps their order for each product. Nothing is remembered to find such lines.
* An unknown field fails the line: a misspelt attribute that is passed over in silence would be found too late.
* A line has at most `MAX_LINE` bytes; of a longer one no more than that is ever held in memory.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from similis.domain import InvalidInput, InvalidKey, PictureKey
from similis.transfer._entries import Addition, Deletion, Entry, FailedLine, ParsedLine
from similis.transfer._fields import WIRE_NAMES, Fields

MAX_LINE = 256 * 1024
"""Bytes of a line, its end included: several times what one picture with all its attributes can need."""


def read_increment(
    chunks: Iterable[bytes | bytearray | memoryview], line: int = 1, offset: int = 0
) -> Iterator[ParsedLine | FailedLine]:
    """Read a file as it arrives: one result for every line that is not blank, in order; nothing in it raises.

    Memory is bounded by the largest chunk and `MAX_LINE`. To go on behind a line that was read before, give the rest
    of the file from its `end`.

    Args:
        chunks: bytes of the file, cut anywhere.
        line: number of the first line in `chunks`.
        offset: byte of the file at which `chunks` begin.
    """
    for number, (raw, size) in enumerate(_lines(chunks), start=line):
        offset += size
        if size > MAX_LINE:
            error = InvalidInput(f"The line has {size} bytes.", f"At most {MAX_LINE} are read.")
            yield FailedLine.of(number, offset, error)
        elif text := raw.decode("utf-8-sig", "surrogateescape").strip():
            yield _read_line(number, offset, text)


def format_entry(entry: Entry) -> bytes:
    """Write a line, its end included, that reads as the same entry."""
    form = _addition_form(entry) if isinstance(entry, Addition) else _deletion_form(entry)
    given = {WIRE_NAMES[field]: value for field, value in form.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _lines(chunks: Iterable[bytes | bytearray | memoryview]) -> Iterator[tuple[bytes, int]]:
    """Every line, cut behind `MAX_LINE` bytes, and how many bytes it has; ends of lines included."""
    held, size = bytearray(), 0
    for chunk in chunks:
        for piece in io.BytesIO(chunk):
            held += piece[: MAX_LINE - len(held)]
            size += len(piece)
            if piece.endswith(b"\n"):
                yield bytes(held), size
                held, size = bytearray(), 0
    if size:
        yield bytes(held), size


def _read_line(number: int, end: int, text: str) -> ParsedLine | FailedLine:
    fields = Fields(())
    try:
        _check_utf8(text)
        fields = Fields.parse(text)
        fields.check_names()
        return ParsedLine(number, end, _entries(fields))
    except InvalidInput as error:
        return FailedLine.of(number, end, error, *fields.known_key())


def _check_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"Character {error.start + 1} of the line is not UTF-8.", "Save the file as UTF-8."
        ) from None


def _entries(fields: Fields) -> tuple[Entry, ...]:
    operation, product_id, pic_names = fields.operation(), fields.product_id(), fields.pic_names()
    if operation == "DELETE":
        return tuple(Deletion(product_id, pic_name) for pic_name in pic_names) or (Deletion(product_id),)
    if not pic_names:
        raise InvalidKey("PicName is missing.", "Give the name of the picture in the bucket.")
    category, crop, region = fields.category(), fields.crop(), fields.region()
    content, attributes = fields.custom_content(), fields.attributes()
    keys = [PictureKey(product_id, pic_name) for pic_name in pic_names]
    return tuple(Addition(key, category, crop, region, content, attributes) for key in keys)


def _addition_form(entry: Addition) -> dict[str, Any]:
    return {
        "operation": "ADD",
        "product_id": entry.key.product_id,
        "pic_name": entry.key.pic_name,
        "category_id": None if entry.category is None else int(entry.category),
        **entry.attributes.as_dict(),
        "custom_content": entry.custom_content,
        "region": None if entry.region is None else str(entry.region),
        "crop": None if entry.crop else False,
    }


def _deletion_form(entry: Deletion) -> dict[str, Any]:
    return {"operation": "DELETE", "product_id": entry.product_id, "pic_name": entry.pic_name}
