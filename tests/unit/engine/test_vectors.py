"""What is computed of vectors."""

import numpy as np

from similis.engine._vectors import _widened


def test_every_finite_half_is_widened_exactly() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    square = halves[np.isfinite(halves)].reshape(-1, 2048)
    for rows in (square, square[:, ::2], square[::3]):
        assert np.array_equal(_widened(rows).view(np.int32), rows.astype(np.float32).view(np.int32))
