"""Which rows of a faiss index a search may return."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np

from similis.engine._columns import Mask

_faiss: Any = faiss  # its stubs describe the C++ constructors, not those of Python


def selector(mask: Mask) -> object:
    """What faiss asks whether a row may be found, None where all rows may."""
    return None if mask.all() else _faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))


def searching(mask: Mask) -> faiss.SearchParameters | None:
    """Parameters of one search of a flat index, which faiss changes while it runs."""
    chosen = selector(mask)
    if chosen is None:
        return None
    parameters: faiss.SearchParameters = _faiss.SearchParameters(sel=chosen)
    return parameters
