"""The fourteen product categories, numbered as on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from similis.domain._errors import InvalidCategory

SHOWN_DECIMALS = 6
"""Decimals of numbers that follow from features: more of them would let a caller measure these."""


class Category(IntEnum):
    """What kind of product a picture shows; generic instances only know `OTHER`."""

    TOPS = 0
    DRESS = 1
    BOTTOMS = 2
    BAG = 3
    SHOES = 4
    ACCESSORIES = 5
    SNACKS = 6
    MAKEUP = 7
    BOTTLE_DRINK = 8
    FURNITURE = 9
    TOY = 20
    UNDERWEAR = 21
    DIGITAL_DEVICE = 22
    OTHER = 88888888

    @property
    def label(self) -> str:
        """The name shown to people, such as `Bottle drink`."""
        return self.name.replace("_", " ").capitalize()

    @classmethod
    def of(cls, number: int) -> Category:
        """Return the category with this number.

        Raises:
            InvalidCategory: the number is none of the fourteen.
        """
        try:
            return cls(number)
        except ValueError:
            known = ", ".join(f"{category.value} {category.label}" for category in cls)
            raise InvalidCategory(f"There is no category {number}.", f"Use one of: {known}.") from None


@dataclass(frozen=True, slots=True)
class CategoryCandidate:
    """One category that a picture may belong to, with its probability in 0..1, rounded to `SHOWN_DECIMALS`."""

    category: Category
    probability: float
