"""Near pairs against a loop over all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from similis.engine import near_pairs


@given(seed=st.integers(0, 1000), count=st.integers(1, 60), least=st.floats(-0.5, 0.99))
@settings(max_examples=40, deadline=None)
def test_pairs_are_those_of_a_loop(seed: int, count: int, least: float) -> None:
    rows = np.random.default_rng(seed).normal(size=(count, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    pairs = near_pairs(rows, least)
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    cosines = rows @ rows.T
    for one in range(count):
        for other in range(count):
            if one != other and abs(cosines[one, other] - least) > 1e-5:
                assert ((one, other) in found) == (cosines[one, other] >= least)
    np.testing.assert_allclose(pairs.similarity, cosines[pairs.first, pairs.second], atol=1e-5)


@pytest.mark.slow
def test_pairs_among_very_many_are_found() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(30_000, 32)).astype(np.float32)
    rows[1::100] = rows[::100] + random.normal(size=(300, 32)) * 0.1
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    pairs = near_pairs(rows, 0.95)
    found = set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))
    wanted = {(first, first + 1) for first in range(0, 30_000, 100)}
    assert len(wanted & found) >= 0.98 * len(wanted)
