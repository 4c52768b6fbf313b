"""Cells around k-means centres, and short codes of the vectors in them.

An inverted file (Sivic and Zisserman 2003) with product quantization (Jégou et al. 2011) of one bit a dimension,
compared in registers (André et al. 2015; faiss calls it fast scan). Such codes are a sixteenth of the stored vectors
and six to ten times quicker to compare than 8-bit numbers; what they find is judged by the stored vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.engine._vectors import Floats, Rows, StoredVectors, normalised

_faiss: Any = faiss  # its stubs describe the C++ constructors, not those of Python
InvertedFile: TypeAlias = faiss.Index
_CELLS_PER_ROOT = 2.0
_TRAINED_ON = 40  # vectors a cell; more of them hardly move the centres
_ITERATIONS = 8
_BITS = 4
_SEED = 1234
_MANY = 256


class Cells:
    """Centres, and how vectors are coded in inverted files around them.

    Attributes:
        blank: an inverted file without vectors.
        centres: float32[c, D].
    """

    def __init__(self, blank: InvertedFile) -> None:
        file: Any = blank
        self.blank = blank
        self.centres: Floats = file.quantizer.reconstruct_n(0, file.nlist)
        self._serialized = _faiss.serialize_index(file)

    @classmethod
    def train(cls, sample: Floats, count: int) -> Cells:
        """Find `count` centres by k-means on the sphere, and codes for vectors like those of the sample.

        Args:
            sample: vectors of length one, float32[n, D], n ≥ count.
            count: how many.
        """
        dimension = sample.shape[1]
        parts = dimension // next(size for size in (4, 2, 1) if dimension % size == 0)
        index = _faiss.IndexIVFPQFastScan(
            faiss.IndexFlatIP(dimension), dimension, count, parts, _BITS, faiss.METRIC_INNER_PRODUCT
        )
        index.by_residual = False
        index.cp.spherical, index.cp.niter, index.cp.seed = True, _ITERATIONS, _SEED
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, _TRAINED_ON
        index.pq.cp.min_points_per_centroid = 1
        index.train(sample)
        return cls(index)

    def __len__(self) -> int:
        return len(self.centres)

    def rows(self, vectors: StoredVectors) -> CodedRows:
        """Make an inverted file around the centres; vectors are added to it as they come."""
        return CodedRows(_faiss.deserialize_index(self._serialized), vectors)

    def ranked(self, queries: Floats) -> Rows:
        """Return all cells, the nearest to each query first, int64[q, c]."""
        return np.argsort(-(queries @ self.centres.T), axis=1)


def cells_for(count: int) -> int:
    """Return how many cells suit so many vectors: a power of two about 2·√n."""
    return int(2 ** round(np.log2(_CELLS_PER_ROOT * count**0.5)))


def drawn(rows: Rows, count: int) -> Rows:
    """Draw some rows, ascending; the same ones each time."""
    chosen = np.random.default_rng(_SEED).choice(rows, min(count, len(rows)), replace=False)
    return np.sort(chosen)


def to_train_on(rows: Rows) -> Rows:
    """Draw the rows to find cells from, ascending."""
    return drawn(rows, _TRAINED_ON * cells_for(len(rows)))


class CodedRows:
    """Rows in cells: codes to find candidates by, and the stored vectors to judge them exactly.

    Args:
        index: the inverted file; ids in it are row numbers from 0 on.
        vectors: of the same rows and perhaps more, float16[n, D].

    Attributes:
        sizes: how many rows each cell has, int64[c].
    """

    def __init__(self, index: InvertedFile, vectors: StoredVectors) -> None:
        self.index = file = cast("Any", index)  # see `_faiss`
        self.vectors = vectors
        self._cells = np.empty(0, np.int32)
        self._count = 0
        self.sizes: Rows = np.zeros(file.nlist, np.int64)
        self._note(_cells_of_rows(file, 0, self.sizes))

    def __len__(self) -> int:
        return self._count

    @property
    def cells(self) -> NDArray[np.int32]:
        """The cell of each row, int32[n]."""
        return self._cells[: self._count]

    def copied(self, vectors: StoredVectors) -> CodedRows:
        """Copy the codes, for other stored vectors that begin with these."""
        return CodedRows(_faiss.deserialize_index(_faiss.serialize_index(self.index)), vectors)

    def add(self, vectors: NDArray[np.float16]) -> None:
        """Code the next rows; `vectors` of the whole must have them already, or get them next."""
        rows, before = normalised(vectors), self.sizes
        self.index.add_with_ids(rows, np.arange(self._count, self._count + len(rows), dtype=np.int64))
        if len(rows) < _MANY:
            self._note(self.index.quantizer.assign(rows, 1)[:, 0])
        else:  # Reading where they are is quicker than finding it out a second time.
            self._note(_cells_of_rows(self.index, self._count, before))

    def candidates(self, queries: Floats, probed: Sequence[Rows], count: int, chosen: object) -> Rows:
        """Return rows that are probably the nearest in some cells, int64[q, ≤ count], −1 where there are no more.

        Args:
            queries: of length one, float32[q, D].
            probed: the cells to look into, for each query.
            count: rows wanted of each.
            chosen: selector of the rows that may be found, None for all.
        """
        width, count = max(map(len, probed)), min(count, len(self))
        rows = np.empty((len(queries), count), np.int64)
        if not rows.size:
            return rows
        lists = np.full((len(queries), width), -1, np.int64)
        for row, cells in zip(lists, probed, strict=True):
            row[: len(cells)] = cells
        unused = np.zeros(lists.shape, np.float32)  # similarities to centres; codes are of whole vectors
        values = np.empty(rows.shape, np.float32)
        pointers = (faiss.swig_ptr(array) for array in (lists, unused, values, rows))
        parameters = _faiss.SearchParametersIVF(sel=chosen, nprobe=width)
        # As C++ has it: the wrapper for Python takes no selector.
        self.index.search_preassigned_c(len(queries), faiss.swig_ptr(queries), count, *pointers, False, parameters)
        return rows

    def _note(self, cells: Rows) -> None:
        count = self._count + len(cells)
        if count > len(self._cells):
            self._cells = np.concatenate([self.cells, np.empty(max(len(cells), self._count), np.int32)])
        self._cells[self._count : count] = cells
        self._count = count
        self.sizes = self.sizes + np.bincount(cells, minlength=len(self.sizes))


def _cells_of_rows(index: Any, first: int, sizes: Rows) -> Rows:  # noqa: ANN401 - see `_faiss`
    """The cell of each row of an inverted file from one row on, which every cell has after `sizes` others."""
    cells = np.empty(index.ntotal - first, np.int64)
    lists = index.invlists
    for cell, before in enumerate(sizes.tolist()):
        if (size := lists.list_size(cell)) > before:
            cells[faiss.rev_swig_ptr(lists.get_ids(cell), size)[before:] - first] = cell
    return cells
