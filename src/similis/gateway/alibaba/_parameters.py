"""Typed reading of parameters: what cannot be read is refused with the code of that parameter.

An empty value counts as absent, except where an empty text is a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from similis.domain import (
    MAX_NAME,
    MAX_NUM,
    MAX_RESULTS,
    Attributes,
    Category,
    Filter,
    PictureKey,
    Region,
    SearchOptions,
    check_custom_content,
    check_key_part,
    parse_filter,
)
from similis.gateway.alibaba._errors import Refused, refusing

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,18})?", re.ASCII)
_NUMBERS = ("", "2", "3", "4")


class Parameters:
    """The parameters of one call, by their names on the wire."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str) -> str | None:
        """A text; None when it is absent or empty."""
        return self._values.get(name) or None

    def required(self, name: str, code: str) -> str:
        """A text that must be there.

        Raises:
            Refused: with `code` when it is absent or empty.
        """
        value = self.text(name)
        if value is None:
            raise Refused(code, f"Give {name}.")
        return value

    def boolean(self, name: str, default: bool) -> bool:
        """True or false in any case, or 1 and 0.

        Raises:
            Refused: `BadRequest`.
        """
        value = self.text(name)
        if value is None:
            return default
        if value.lower() not in _BOOLEANS:
            raise Refused("BadRequest", f"{name} is {value[:40]!r}. Give true or false.")
        return _BOOLEANS[value.lower()]

    def integer(self, name: str, code: str) -> int | None:
        """A whole number in decimal digits.

        Raises:
            Refused: with `code`.
        """
        value = self.text(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise Refused(code, f"{name} is {value[:40]!r}. Give a whole number.")
        return int(value)

    def instance_name(self) -> str:
        """The name of the instance; the generation of 2018 writes `instanceName`.

        Raises:
            Refused: `InvalidInstanceName` when there is none, `InvalidInstance` when none can have it.
        """
        name = self.text("instanceName") or self.required("InstanceName", "InvalidInstanceName")
        if len(name) > MAX_NAME:
            raise Refused("InvalidInstance", f"It has {len(name)} characters; at most {MAX_NAME} are possible.")
        return name

    def key(self) -> PictureKey:
        """ProductId and PicName.

        Raises:
            Refused: `NoSpecified…` or `Invalid…` of the one that is wrong.
        """
        return PictureKey(self.product_id(), self.pic_name() or self.required("PicName", "NoSpecifiedPicName"))

    def product_id(self) -> str:
        """The ProductId.

        Raises:
            Refused: `NoSpecifiedProductId` or `InvalidProductId`.
        """
        with refusing("InvalidProductId"):
            return check_key_part("ProductId", self.required("ProductId", "NoSpecifiedProductId"))

    def pic_name(self) -> str | None:
        """The PicName, if there is one.

        Raises:
            Refused: `InvalidPicName`.
        """
        value = self.text("PicName")
        if value is None:
            return None
        with refusing("InvalidPicName"):
            return check_key_part("PicName", value)

    def category(self) -> Category | None:
        """The category; None when it is to be predicted.

        Raises:
            Refused: `InvalidCategory`.
        """
        number = self.integer("CategoryId", "InvalidCategory")
        with refusing("InvalidCategory"):
            return None if number is None else Category.of(number)

    def crop(self) -> bool:
        """Whether to use the main subject only.

        Raises:
            Refused: `BadRequest`.
        """
        return self.boolean("Crop", default=True)

    def region(self) -> Region | None:
        """The region, in the order `x1,x2,y1,y2`.

        Raises:
            Refused: `InvalidRegion`.
        """
        value = self.text("Region")
        with refusing("InvalidRegion"):
            return None if value is None else Region.parse(value)

    def custom_content(self) -> str | None:
        """The custom content, which may be empty.

        Raises:
            Refused: `InvalidCustomContent`.
        """
        with refusing("InvalidCustomContent"):
            return check_custom_content(self._values.get("CustomContent"))

    def attributes(self) -> Attributes:
        """All eight attributes.

        Raises:
            Refused: `InvalidIntAttr…` or `InvalidStrAttr…` of the one that is wrong.
        """
        return Attributes(**self._given_attributes())  # type: ignore[arg-type] # checked one by one

    def changes(self) -> dict[str, int | str | None]:
        """Those attributes that are given, and the custom content, by their names in the domain.

        Raises:
            Refused: with the code of the one that is wrong.
        """
        content = self.custom_content()
        return {**self._given_attributes(), **({} if content is None else {"custom_content": content})}

    def filter(self) -> Filter | None:
        """The filter.

        Raises:
            Refused: `InvalidFilterClause`.
        """
        value = self.text("Filter")
        with refusing("InvalidFilterClause"):
            return None if value is None else parse_filter(value)

    def required_filter(self) -> Filter:
        """A filter that must be there.

        Raises:
            Refused: `InvalidFilterClause`.
        """
        tree = self.filter()
        if tree is None:
            raise Refused("InvalidFilterClause", "Give Filter.")
        return tree

    def page(self) -> tuple[int, int]:
        """How many results are wanted, and how many to pass over.

        Raises:
            Refused: `InvalidNumParameter`, `InvalidStartParameter` or an overflow.
        """
        num, start = self.integer("Num", "InvalidNumParameter"), self.integer("Start", "InvalidStartParameter")
        num, start = 10 if num is None else num, 0 if start is None else start
        if num < 1:
            raise Refused("InvalidNumParameter", f"It is {num}. Give 1 to {MAX_NUM}.")
        if start < 0:
            raise Refused("InvalidStartParameter", f"It is {start}. Give 0 to {MAX_RESULTS - 1}.")
        if num > MAX_NUM:
            raise Refused("OverflowMaxReturnNum", f"Num is {num}.")
        if start + num > MAX_RESULTS:
            raise Refused("OverflowMaxResultNum", f"Start + Num is {start + num}.")
        return num, start

    def search_options(self) -> SearchOptions:
        """What to return of a search.

        Raises:
            Refused: with the code of the parameter that is wrong.
        """
        num, start = self.page()
        category, tree = self.category(), self.filter()
        distinct, least = self.boolean("DistinctProductId", default=False), self._score_threshold()
        with refusing("BadRequest"):
            return SearchOptions(num, start, category, tree, distinct, least)

    def _score_threshold(self) -> float:
        value = self.text("ScoreThreshold") or "0"
        if not _DECIMAL.fullmatch(value):
            raise Refused("BadRequest", f"ScoreThreshold is {value[:40]!r}. Give a number from 0.00 to 1.00.")
        return float(value)

    def _given_attributes(self) -> dict[str, int | str | None]:
        given: dict[str, int | str | None] = {}
        for number in _NUMBERS:
            whole = self.integer(f"IntAttr{number}", f"InvalidIntAttr{number}")
            text = self._values.get(f"StrAttr{number}")
            with refusing(f"InvalidIntAttr{number}"):
                given |= _present(f"int_attr{number}", whole)
            with refusing(f"InvalidStrAttr{number}"):
                given |= _present(f"str_attr{number}", text)
        return given


def _present(field: str, value: int | str | None) -> dict[str, int | str | None]:
    """The value by its field, checked by the domain; nothing when it is absent."""
    Attributes(**{field: value})  # type: ignore[arg-type] # checked there, at run time
    return {} if value is None else {field: value}
