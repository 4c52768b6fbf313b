"""What is computed of vectors."""

import numpy as np
import pytest

from similis.engine._vectors import GrowingVectors, _widened


def test_every_finite_half_is_widened_exactly() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    square = halves[np.isfinite(halves)].reshape(-1, 2048)
    for rows in (square, square[:, ::2], square[::3]):
        assert np.array_equal(_widened(rows).view(np.int32), rows.astype(np.float32).view(np.int32))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 1.0])
def test_some_rows_are_kept_where_they_have_room(share: float) -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(5000, 4)).astype(np.float16)
    vectors = GrowingVectors(4)
    vectors.append(rows)
    memory = vectors.array.ctypes.data
    kept = np.flatnonzero(random.random(len(rows)) < share)
    vectors.keep(kept)
    assert np.array_equal(vectors.array, rows[kept])
    vectors.append(rows[: len(rows) - len(kept)])
    assert vectors.array.ctypes.data == memory
    assert np.array_equal(vectors.array, np.concatenate([rows[kept], rows[: len(rows) - len(kept)]]))
