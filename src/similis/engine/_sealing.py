"""Builds a segment from the rows of an index, while that goes on being searched and changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.engine._cell_rows import CellRows
from similis.engine._cells import Cells, CodedRows, cells_for, to_train_on
from similis.engine._columns import Columns
from similis.engine._encrypted_rows import EncryptedRows
from similis.engine._encryption import KeySealer
from similis.engine._exact import ExactRows
from similis.engine._segment import About, SegmentWriter
from similis.engine._tuned import Tuned, tuned
from similis.engine._vectors import Rows, normalised

_BLOCK = 8192
_GROWN = 2.0  # cells are found anew when there are so many times more or fewer rows than there were
_DRIFTED = 1.5  # or when a search must look so many times further


class Stopped(Exception):
    """Building was given up, for the index is closed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of an index at one moment.

    Attributes:
        columns: of all living rows, a copy.
        living: their numbers, ascending.
        count: how many rows there were, those removed included.
        rows: where their vectors are; rows are only ever added to it.
        about: the segment that they are in so far, None where they are in none.
    """

    columns: Columns
    living: Rows
    count: int
    rows: ExactRows | CellRows
    about: About | None


def build(snapshot: Snapshot, directory: Path, sealer: KeySealer, recall: float, check: Callable[[], None]) -> None:
    """Write a segment with the living rows of a snapshot, on the one processor of the thread that calls.

    Args:
        snapshot: the rows.
        directory: where to write.
        sealer: encrypts the segment's key.
        recall: share of the true ten nearest that searches are to find.
        check: called now and then; raises Stopped to give up.

    Raises:
        OSError: it cannot be written, the disk may be full.
    """
    faiss.omp_set_num_threads(1)  # of this thread: searches need the others
    writer = SegmentWriter(directory, sealer)
    vectors = writer.vectors(_checked(_blocks(snapshot), check), snapshot.rows.dimension)
    cells, fresh = _cells(snapshot, vectors)
    check()
    rows = _begun(snapshot, cells, vectors, fresh=fresh)
    for start in range(len(rows), len(vectors), _BLOCK):
        check()
        rows.add(vectors[start : start + _BLOCK])
    asked = list(snapshot.rows.asked) if isinstance(snapshot.rows, CellRows) else []
    effort = tuned(rows, cells, asked, recall)
    check()
    writer.rest(snapshot.columns, rows, cells)
    writer.finish(_about(snapshot, effort, fresh=fresh))


def must_find_cells_anew(about: About, count: int) -> bool:
    """Whether the cells of a segment no longer suit so many rows."""
    grown = max(count, 1) / about.trained_on
    return not 1 / _GROWN < grown < _GROWN or about.tuned.reach > _DRIFTED * about.fresh_reach


def _cells(snapshot: Snapshot, vectors: EncryptedRows) -> tuple[Cells, bool]:
    """The cells to use and whether they are new."""
    rows, about = snapshot.rows, snapshot.about
    if isinstance(rows, CellRows) and about is not None and not must_find_cells_anew(about, len(vectors)):
        return rows.cells, False
    sample = normalised(vectors[to_train_on(np.arange(len(vectors)))])
    return Cells.train(sample, cells_for(len(vectors))), True


def _begun(snapshot: Snapshot, cells: Cells, vectors: EncryptedRows, *, fresh: bool) -> CodedRows:
    """The codes of the segment so far, where its cells go on and none of its rows was removed; else none."""
    rows, about = snapshot.rows, snapshot.about
    if isinstance(rows, CellRows) and about is not None and not fresh and _all_living(snapshot.living, about.rows):
        return rows.sealed_codes(vectors)
    return cells.rows(vectors)


def _all_living(living: Rows, count: int) -> bool:
    """Whether none of the first rows was removed."""
    return len(living) >= count and bool(living[count - 1] == count - 1)


def _about(snapshot: Snapshot, effort: Tuned, *, fresh: bool) -> About:
    count, about = len(snapshot.living), snapshot.about
    if fresh or about is None:
        return About(snapshot.rows.dimension, count, count, effort, effort.reach)
    return About(snapshot.rows.dimension, count, about.trained_on, effort, about.fresh_reach)


def _blocks(snapshot: Snapshot) -> Iterator[NDArray[np.float16]]:
    """The stored vectors of the living rows."""
    living = snapshot.living
    for start in range(0, int(living[-1]) + 1, _BLOCK):
        end = start + _BLOCK
        inside = living[np.searchsorted(living, start) : np.searchsorted(living, end)]
        yield snapshot.rows.stored(start, end)[inside - start]


def _checked(blocks: Iterator[NDArray[np.float16]], check: Callable[[], None]) -> Iterator[NDArray[np.float16]]:
    for block in blocks:
        check()
        yield block
