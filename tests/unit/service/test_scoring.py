"""What is shown of similarities."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from similis.service._scoring import displayed_scores, sort_expr_values

PROBABILITIES = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=20)


@given(PROBABILITIES)
def test_only_identical_features_score_one(probabilities: list[float]) -> None:
    values = np.array(probabilities, dtype=np.float64)
    different = displayed_scores(values, np.zeros(len(values), dtype=np.bool_))
    assert different.max() < 1.0
    assert different.min() >= 0.0
    assert np.all(displayed_scores(values, np.ones(len(values), dtype=np.bool_)) == 1.0)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_relevance_is_strictly_monotone_in_the_displayed_score(one: int, other: int) -> None:
    first, second = (float(sort_expr_values(value / 10**6, 0).split(";")[0]) for value in (one, other))
    assert (first < second) == (one < other)
    assert 0 <= first <= 7.33136443711219e24


def test_the_ends_of_the_scale() -> None:
    assert sort_expr_values(1.0, 0) == "7.33136443711219e+24;0"
    assert sort_expr_values(0.0, 512) == "0;512"
