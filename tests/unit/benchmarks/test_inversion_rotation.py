"""Attacks on the rotation, on points that are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.inversion._labels import by_neighbours, by_probe
from benchmarks.inversion._linear import LinearDecoder, group_means, principal
from benchmarks.inversion._rotation import (
    Clouds,
    from_pairs,
    lined_up,
    recovered,
    sign_codes,
    stored,
    unit_rows,
    without_pairs,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from similis.privacy._transform import rotation

DIMENSION = 24
KEY = rotation(b"a secret of an instance".ljust(32), DIMENSION)


def _points(seed: int, count: int = 400) -> np.ndarray:
    """Unit vectors in a lopsided cloud of twelve clusters, as features are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(12, DIMENSION)) * np.linspace(3, 0.3, DIMENSION) + 0.5
    drawn = centres[rng.integers(0, 12, count)] + rng.normal(size=(count, DIMENSION)) * np.linspace(1, 0.1, DIMENSION)
    return unit_rows(drawn.astype(np.float32))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_as_many_pairs_as_dimensions_break_the_rotation(seed: int) -> None:
    points = _points(seed)
    matrix = from_pairs(points[:60], stored(KEY, points[:60]))
    near, found = recovered(stored(KEY, points) @ matrix, points)
    assert near.min() > 0.999
    assert found.mean() > 0.99


def test_fewer_pairs_tell_the_space_they_span_and_more_tell_more() -> None:
    points = _points(1)
    cosines = []
    for count in (4, 8, 16):
        matrix = from_pairs(points[:count], stored(KEY, points[:count]))
        assert np.linalg.matrix_rank(matrix, tol=1e-3) == count
        cosines.append(recovered(stored(KEY, points[100:]) @ matrix, points[100:])[0].mean())
    assert cosines == sorted(cosines)
    assert cosines[0] > 0.2


def test_without_any_pair_the_same_pictures_in_another_order_are_enough() -> None:
    points = _points(2)
    groups = np.zeros(len(points), np.int64)
    shuffled = np.random.default_rng(0).permutation(len(points))
    matrix = without_pairs(Clouds(points[shuffled], groups, stored(KEY, points), groups))
    assert recovered(stored(KEY, points) @ matrix, points)[0].mean() > 0.99


def test_a_few_pairs_and_pictures_of_the_same_kind_tell_more_than_the_pairs_alone() -> None:
    points = _points(7, 800)
    groups = np.zeros(400, np.int64)
    known = points[:6], stored(KEY, points[:6])
    there = stored(KEY, points[:400])
    by_pairs = from_pairs(*known)
    by_both = lined_up(Clouds(points[400:], groups, there, groups), by_pairs, known)
    alone, better = (recovered(there @ matrix, points[:400])[0].mean() for matrix in (by_pairs, by_both))
    assert better > alone + 0.1


def test_without_the_key_or_a_way_round_it_stored_vectors_are_like_no_picture() -> None:
    points = _points(3)
    near, found = recovered(stored(KEY, points), points)
    assert abs(near.mean()) < 0.3
    assert found.mean() < 0.05


def test_whoever_has_the_key_turns_vectors_back_and_codes_nearly() -> None:
    points = _points(4)
    assert (stored(KEY, points) @ KEY).astype(np.float32) == pytest.approx(points, abs=2e-3)
    near, _found = recovered((sign_codes(stored(KEY, points)) @ KEY).astype(np.float32), points)
    assert near.mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.05)


def test_labels_of_clusters_are_told() -> None:
    points = _points(5)
    labels = np.where(points[:, 0] > np.median(points[:, 0]), "left", "right")
    for tell in (by_neighbours, by_probe):
        assert (tell(points[300:], points[:300], labels[:300]) == labels[300:]).mean() > 0.85


def test_a_linear_decoder_rebuilds_what_is_linear() -> None:
    features = _points(6)
    mixing = np.random.default_rng(0).normal(size=(DIMENSION, 16 * 16 * 3)) * 0.02
    pictures = (0.5 + features @ mixing).astype(np.float32).reshape(-1, 16, 16, 3)
    decoder = LinearDecoder(features[:300], pictures[:300], principal(pictures[:300]))
    rebuilt = decoder.rebuild(features[300:])
    assert np.square(rebuilt - pictures[300:]).mean() < 0.2 * pictures[300:].var(0).mean()


def test_means_of_groups_fall_back_on_the_mean_of_all() -> None:
    pictures = np.arange(4, dtype=np.float32).reshape(4, 1, 1, 1).repeat(3, 3)
    means = group_means(np.array(["a", "c"]), np.array(["a", "a", "b", "b"]), pictures)
    assert means[:, 0, 0, 0].tolist() == [0.5, 1.5]
