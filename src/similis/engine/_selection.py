"""Which vectors of a faiss index a search may return."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

_faiss: Any = faiss  # its stubs describe the C++ constructors, not those of Python
# Up to this share of all vectors a hash set is quicker than a bitmap over all picture numbers.
_FEW = 0.02


@dataclass(frozen=True, slots=True)
class Selection:
    """An id selector, or None for all vectors, and the highest number of vectors that it can select."""

    selector: object
    size: int

    @classmethod
    def of(cls, allowed: NDArray[np.int64] | None, masked: AbstractSet[int], total: int) -> Selection:
        """Select the allowed ids, all when None, without the masked ones, from an index of `total` vectors."""
        hidden = np.fromiter(masked, dtype=np.int64)
        if allowed is None:
            kept = total - len(hidden)
            return cls(_faiss.IDSelectorNot(_faiss.IDSelectorBatch(hidden)) if len(hidden) else None, kept)
        allowed = np.setdiff1d(allowed, hidden, assume_unique=True) if len(hidden) else allowed
        size = min(len(allowed), total - len(hidden))
        if len(allowed) <= _FEW * total:
            return cls(_faiss.IDSelectorBatch(allowed), size)
        return cls(_bitmap(allowed), size)

    def parameters(self) -> faiss.SearchParameters | None:
        """Return the search parameters for one call of faiss, which changes them while it runs."""
        if self.selector is None:
            return None
        parameters: faiss.SearchParameters = _faiss.SearchParameters(sel=self.selector)
        return parameters


def _bitmap(ids: NDArray[np.int64]) -> object:
    bits = np.zeros(int(ids.max(initial=0)) + 1, dtype=np.uint8)
    bits[ids] = 1
    return _faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))
