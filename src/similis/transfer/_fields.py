"""The fields of one line of `increment.meta`: under their present names and those of 2018, typed and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from reprlib import repr as shown  # never more than a few words of what a stranger wrote

from similis.domain import (
    INT_FIELDS,
    STR_FIELDS,
    Attributes,
    Category,
    InvalidAttribute,
    InvalidCategory,
    InvalidInput,
    InvalidKey,
    InvalidRegion,
    Region,
    check_custom_content,
    check_key_part,
)

WIRE_NAMES = {
    "operation": "OperationType",
    "product_id": "ProductId",
    "pic_name": "PicName",
    "category_id": "CategoryId",
    **{name: name.replace("int_attr", "IntAttr") for name in INT_FIELDS},
    **{name: name.replace("str_attr", "StrAttr") for name in STR_FIELDS},
    "custom_content": "CustomContent",
    "region": "Region",
    "crop": "Crop",
}
_NAMES_OF_2018 = {
    "operator": "operation",
    "item_id": "product_id",
    "pic_list": "pic_list",
    "cat_id": "category_id",
    **{name: name for name in (*INT_FIELDS, *STR_FIELDS)},
    "cust_content": "custom_content",
    "region": "region",
    "crop": "crop",
}
_FIELDS = {**{wire: field for field, wire in WIRE_NAMES.items()}, **_NAMES_OF_2018}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_ONE_OBJECT = "Write one JSON object a line, for one picture, and nothing else on that line."
# Objects become tuples, so that lists are told apart and a name that is given twice is seen.
_DECODER = json.JSONDecoder(object_pairs_hook=tuple)


class Fields:
    """The values of one line; null counts as absent.

    A whole number may be written as a text and a text that is a whole number as a number: many files do so.
    """

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        self._pairs = pairs
        self._written = {_FIELDS[name]: name for name, _ in pairs if name in _FIELDS}
        self._values = {_FIELDS[name]: value for name, value in pairs if name in _FIELDS and value is not None}

    @classmethod
    def parse(cls, text: str) -> Fields:
        """Read one line without white space around it.

        Raises:
            InvalidInput: it is not exactly one JSON object.
        """
        try:
            value, end = _DECODER.raw_decode(text)
        except json.JSONDecodeError as error:
            raise InvalidInput(
                f"The line is no JSON: {error.msg} at character {error.pos + 1}.", _ONE_OBJECT
            ) from None
        except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
            raise InvalidInput("The line is nested too deeply or has an endless number.", _ONE_OBJECT) from None
        if not isinstance(value, tuple):
            raise InvalidInput(f"The line is {_kind(value)}, no JSON object.", _ONE_OBJECT)
        if rest := text[end:].strip():
            raise InvalidInput(f"Behind the object the line goes on for {len(rest)} characters.", _ONE_OBJECT)
        return cls(value)

    def check_names(self) -> None:
        """Accept known names, each field once.

        Raises:
            InvalidInput: a name is unknown, or a field is given twice, be it under two names.
        """
        seen: set[str] = set()
        for name, _ in self._pairs:
            if name not in _FIELDS:
                raise InvalidInput(f"There is no field {shown(name)}.", f"Use {', '.join(WIRE_NAMES.values())}.")
            if _FIELDS[name] in seen:
                raise InvalidInput(f"{name} is given twice.", "Give every field once.")
            seen.add(_FIELDS[name])

    def operation(self) -> str:
        """ADD or DELETE, which may be written small.

        Raises:
            InvalidInput: absent or another.
        """
        operation = self._text("operation")
        if operation is None:
            raise InvalidInput("OperationType is missing.", "Give ADD or DELETE.")
        if operation.upper() not in {"ADD", "DELETE"}:
            raise InvalidInput(f"OperationType is {shown(operation)}.", "Give ADD or DELETE.")
        return operation.upper()

    def product_id(self) -> str:
        """The ProductId.

        Raises:
            InvalidKey: absent or invalid.
        """
        product_id = self._text("product_id", InvalidKey)
        if product_id is None:
            raise InvalidKey("ProductId is missing.", "Give the product that the picture shows.")
        return check_key_part("ProductId", product_id)

    def pic_names(self) -> tuple[str, ...]:
        """The PicName or, in the form of 2018, those of the list; none when neither field is there.

        A null is refused here: with DELETE, no name means the whole product, and that must be meant.

        Raises:
            InvalidKey: one is invalid or null, the list is empty or none, or there are both.
        """
        if "pic_list" in self._written:
            return self._pic_list()
        if "pic_name" not in self._written:
            return ()
        pic_name = self._text("pic_name", InvalidKey)
        if pic_name is None:
            raise InvalidKey("PicName is null.", "Give the name of a picture.")
        return (check_key_part("PicName", pic_name),)

    def category(self) -> Category | None:
        """The category; None when it is to be predicted.

        Raises:
            InvalidCategory: it is none of the fourteen.
        """
        number = self._integer("category_id", InvalidCategory)
        return None if number is None else Category.of(number)

    def crop(self) -> bool:
        """Whether to use the main subject only.

        Raises:
            InvalidInput: neither true nor false.
        """
        value = self._values.get("crop", True)
        # JSON's own true and false become the texts that others write.
        text = str(value).lower() if isinstance(value, bool | int | str) else ""
        if text not in _BOOLEANS:
            raise InvalidInput(f"{self._written['crop']} is {_kind(value)}.", "Give true or false.")
        return _BOOLEANS[text]

    def region(self) -> Region | None:
        """The region; an empty text counts as absent.

        Raises:
            InvalidRegion: it cannot be read.
        """
        text = self._text("region", InvalidRegion)
        return Region.parse(text) if text else None

    def custom_content(self) -> str | None:
        """The custom content, which may be empty.

        Raises:
            InvalidAttribute: it is too long or no text.
        """
        return check_custom_content(self._text("custom_content", InvalidAttribute))

    def attributes(self) -> Attributes:
        """All eight attributes.

        Raises:
            InvalidAttribute: one is of the wrong type or out of its limits.
        """
        integers = {name: self._integer(name, InvalidAttribute) for name in INT_FIELDS}
        texts = {name: self._text(name, InvalidAttribute) for name in STR_FIELDS}
        return Attributes(**integers, **texts)  # type: ignore[arg-type] # names and types just sorted

    def known_key(self) -> tuple[str | None, str | None]:
        """ProductId and the one PicName as far as they are there and valid, to report a line that failed."""
        product_id: str | None = None
        pic_names: tuple[str, ...] = ()
        with suppress(InvalidKey):
            product_id = self.product_id()
        with suppress(InvalidKey):
            pic_names = self.pic_names()
        return product_id, pic_names[0] if len(pic_names) == 1 else None

    def _pic_list(self) -> tuple[str, ...]:
        names = self._values.get("pic_list")
        if "pic_name" in self._written:
            raise InvalidKey("There are PicName and pic_list.", "Give one of them.")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise InvalidKey("pic_list is no list of names.", 'Give those of pictures, as in ["a.jpg", "b.jpg"].')
        return tuple(check_key_part("pic_list", name) for name in names)

    def _text(self, field: str, error: type[InvalidInput] = InvalidInput) -> str | None:
        value = self._values.get(field)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise error(f"{self._written[field]} is {_kind(value)}.", "Give a text.")

    def _integer(self, field: str, error: type[InvalidInput]) -> int | None:
        value = self._values.get(field)
        if value is None or value == "":
            return None
        if isinstance(value, int | str) and _INTEGER.fullmatch(str(value)):
            return int(value)
        raise error(f"{self._written[field]} is {_kind(value)}.", "Give a whole number of at most 18 digits.")


def _kind(value: object) -> str:
    """What a value is, but not the value itself: what a customer wrote is not kept in clear."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return f"a text of {len(value)} characters"
        case list():
            return "a list"
    return "an object"
