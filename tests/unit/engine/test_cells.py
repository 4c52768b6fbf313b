import numpy as np
import pytest
from numpy.typing import NDArray

from similis.engine._cells import Cells, cells_for
from similis.engine._vectors import normalised


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float16]:
    return np.random.default_rng(0).standard_normal((3000, 12)).astype(np.float16)


@pytest.fixture(scope="module")
def cells(vectors: NDArray[np.float16]) -> Cells:
    return Cells.train(normalised(vectors[:1000]), 32)


def test_rows_lie_in_the_nearest_cell_however_many_come_at_once(cells: Cells, vectors: NDArray[np.float16]) -> None:
    rows, first = cells.rows(vectors), 0
    for count in (1, 255, 256, 700, 3, 1000, 785):
        rows.add(vectors[first : first + count])
        first += count
    nearest = np.argmax(normalised(vectors) @ cells.centres.T, axis=1)
    for each in (rows, rows.copied(vectors)):
        assert np.mean(each.cells == nearest) > 0.999  # but for rounding
        assert each.sizes.tolist() == np.bincount(each.cells, minlength=32).tolist()
        assert len(each) == 3000


def test_candidates_come_from_the_cells_looked_into(cells: Cells, vectors: NDArray[np.float16]) -> None:
    rows = cells.rows(vectors)
    rows.add(vectors)
    queries = normalised(vectors[:5])
    ranked = cells.ranked(queries)
    probed = [each[:count] for each, count in zip(ranked, (1, 2, 3, 4, 32), strict=True)]
    found = rows.candidates(queries, probed, 20, None)
    for row, (each, inside) in enumerate(zip(found, probed, strict=True)):
        assert row in each
        assert set(rows.cells[each[each >= 0]]) <= set(inside.tolist())


@pytest.mark.parametrize(("count", "cells"), [(100, 16), (50_000, 512), (100_000, 512), (1_000_000, 2048)])
def test_cells_grow_with_the_root_of_the_rows(count: int, cells: int) -> None:
    assert cells_for(count) == cells
