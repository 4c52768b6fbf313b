"""How hard a search must try to find what it should, worked out from exact searches of a sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from similis.engine._cells import Cells, CodedRows, drawn
from similis.engine._vectors import Floats, Rows, normalised, scan

_NEIGHBOURS = 10
_SAMPLE = 200
_MIXED = np.float32(0.3)
_LEAST_REACH = 1e-3
_SPARES = (64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True)
class Tuned:
    """How hard a search tries.

    Attributes:
        reach: share of all rows whose codes are compared, nearest cells first.
        spare: candidates that are judged beyond those wanted.
        recall: share of the true ten nearest that were found in the sample.
    """

    reach: float
    spare: int
    recall: float


def tuned(rows: CodedRows, cells: Cells, asked: Iterable[Floats], recall: float) -> Tuned:
    """Work out how hard to try.

    Cells are looked into in the order of their nearness to the query, and a neighbour is among the candidates when
    its cell's turn comes: so one exact search of a sample tells the recall of every reach at once. How many
    candidates must be judged for the coarseness of codes is tried out.

    Args:
        rows: all rows.
        cells: theirs.
        asked: queries of late; a sample of the rows is asked beside them.
        recall: share of the true ten nearest that is to be found, 0..1.
    """
    aimed_at = 1 - (1 - recall) / 2  # the sample is small: half of what may be missed is kept in hand
    sample = drawn(np.arange(len(rows)), _SAMPLE)
    recent = list(asked)
    queries = np.stack([*_off_centre(normalised(rows.vectors[sample])), *recent])
    truth = [found.rows for found in scan(rows.vectors, queries, _NEIGHBOURS)]
    ranked = cells.ranked(queries)
    needed = [_compared(*each, rows) for each in zip(ranked, truth, strict=True)]
    enough = max(float(np.quantile(np.concatenate(needed), aimed_at)), _LEAST_REACH * len(rows))
    probed = [looked_into(each, rows.sizes, enough) for each in ranked]
    spare, found = _spare(rows, queries, truth, probed, aimed_at)
    return Tuned(min(1.0, enough / len(rows)), spare, found)


def looked_into(ranked: Rows, sizes: Rows, enough: float) -> Rows:
    """Return the cells to look into, nearest first: until enough rows that may be found are in them.

    Args:
        ranked: all cells, nearest first.
        sizes: rows of each cell that may be found.
        enough: so many rows are to be compared; all where there are not twice as many.
    """
    ranked = ranked[sizes[ranked] > 0]
    passed = np.cumsum(sizes[ranked])
    return ranked if passed[-1] <= 2 * enough else ranked[: int(np.searchsorted(passed, enough)) + 1]


def _off_centre(vectors: Floats) -> Floats:
    """Mix each with a little of another: another photo of a thing lies less in the middle of its kind."""
    return normalised(vectors + _MIXED * vectors[::-1])


def _compared(ranked: Rows, neighbours: Rows, rows: CodedRows) -> Rows:
    """How many rows are compared until the cell of each neighbour was looked into."""
    compared = np.empty(len(ranked), np.int64)
    compared[ranked] = np.cumsum(rows.sizes[ranked])
    return compared[rows.cells[neighbours]]


def _spare(
    rows: CodedRows, queries: Floats, truth: list[Rows], probed: list[Rows], aimed_at: float
) -> tuple[int, float]:
    """The fewest spare candidates that reach the target, or the most, and the recall with them."""
    for spare in _SPARES:
        found = rows.candidates(queries, probed, _NEIGHBOURS + spare, None)
        recall = float(np.mean([np.isin(nearest, each).mean() for nearest, each in zip(truth, found, strict=True)]))
        if recall >= aimed_at - (1 - aimed_at) / 2:
            break
    return spare, recall
