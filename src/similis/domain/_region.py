"""A rectangle in a picture, in the order that the wire uses: `x1,x2,y1,y2`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from similis.domain._errors import InvalidRegion

_CORNERS = re.compile(",".join([r"\s*([+-]?[0-9]{1,9})\s*"] * 4))
_HINT = "Give four whole numbers of pixels as x1,x2,y1,y2 with x1 < x2 and y1 < y2, for example 280,486,232,351."


@dataclass(frozen=True, slots=True)
class Region:
    """Half-open pixel rectangle: columns `x1..x2-1`, rows `y1..y2-1`.

    Raises:
        InvalidRegion: a corner is negative or the rectangle is empty.
    """

    x1: int
    x2: int
    y1: int
    y2: int

    def __post_init__(self) -> None:
        if not (0 <= self.x1 < self.x2 and 0 <= self.y1 < self.y2):
            raise InvalidRegion(f"The region {self} is empty or negative.", _HINT)

    def __str__(self) -> str:
        return f"{self.x1},{self.x2},{self.y1},{self.y2}"

    @classmethod
    def parse(cls, text: str) -> Region:
        """Read `x1,x2,y1,y2`.

        Raises:
            InvalidRegion: not four whole numbers, or an empty rectangle.
        """
        corners = _CORNERS.fullmatch(text)
        if corners is None:
            raise InvalidRegion(f"The region {text[:60]!r} cannot be read.", _HINT)
        return cls(*map(int, corners.groups()))

    @classmethod
    def whole(cls, width: int, height: int) -> Region:
        """The region that covers a picture of this size in pixels."""
        return cls(0, width, 0, height)

    def moved(self, columns: int, rows: int) -> Region:
        """The same rectangle so many columns further right and rows further down."""
        return Region(self.x1 + columns, self.x2 + columns, self.y1 + rows, self.y2 + rows)

    @property
    def width(self) -> int:
        """Columns in the region."""
        return self.x2 - self.x1

    @property
    def height(self) -> int:
        """Rows in the region."""
        return self.y2 - self.y1

    @property
    def area(self) -> int:
        """Pixels in the region."""
        return self.width * self.height

    def inside(self, width: int, height: int) -> Region:
        """Return this region when it lies inside a picture of `width` × `height` pixels.

        Raises:
            InvalidRegion: it does not.
        """
        if self.x2 > width or self.y2 > height:
            raise InvalidRegion(f"The region {self} is outside the picture of {width}×{height} pixels.", _HINT)
        return self
