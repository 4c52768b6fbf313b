"""Which rows a search may return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.engine._columns import Mask

_faiss: Any = faiss  # its stubs describe the C++ constructors, not those of Python


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Rows that may be found, prepared for any number of searches.

    Attributes:
        size: how many there are.
        mask: bool[n].
        selectors: what faiss asks whether a row may be found, one for each inverted file; None where all may.
        sizes: rows of each cell that may be found, int64[c].
    """

    size: int
    mask: Mask
    selectors: tuple[object, ...]
    sizes: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One query.

    Attributes:
        query: of length one, float32[D].
        count: how many neighbours are wanted.
        selection: rows that may be found.
    """

    query: NDArray[np.float32]
    count: int
    selection: Selection

    @property
    def wanted(self) -> int:
        """How many neighbours there can be."""
        return min(self.count, self.selection.size)


def selector(mask: Mask) -> object:
    """Make what faiss asks whether a row may be found, None where all rows may."""
    return None if mask.all() else chosen(mask)


def chosen(mask: Mask) -> faiss.IDSelector:
    """Name the rows of a mask to faiss."""
    rows: faiss.IDSelector = _faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
    return rows


def searching(rows: object) -> faiss.SearchParameters | None:
    """Make the parameters of one search of a flat index, which faiss changes while it runs."""
    if rows is None:
        return None
    parameters: faiss.SearchParameters = _faiss.SearchParameters(sel=rows)
    return parameters
