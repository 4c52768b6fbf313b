"""Tuning on features whose nuisance is known: what is learned must see through it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.algorithm import Calibration, Sample, TunedSpace, fit_space, run_trial
from similis.algorithm.tuning._search import find
from similis.algorithm.tuning._trial import interval

D = 24
Floats = NDArray[np.float32]


def _unit(rows: NDArray[np.floating]) -> Floats:
    scaled: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def _sample(nuisance: float, seed: int = 0, products: int = 60, pictures: int = 4) -> Sample:
    """Products that differ in all directions, seen under a strong nuisance in four of them."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(products, D))
    numbers = np.repeat(np.arange(products), pictures)
    noise = random.normal(size=(len(numbers), D)) * np.where(np.arange(D) < 4, nuisance, 0.3)
    return Sample(_unit(centres[numbers] + noise), numbers, np.zeros(len(numbers), np.int64))


def test_a_nuisance_is_seen_through_on_products_never_seen() -> None:
    sample = _sample(nuisance=4.0)
    trial = run_trial(sample)
    assert trial.better
    assert trial.gain[0] < trial.precision[1] - trial.precision[0] < trial.gain[1]
    assert trial.recall[1] > trial.recall[0] + 0.1
    space = fit_space(sample, trial, threshold=0.5)
    others = _sample(nuisance=4.0, seed=1)
    queries = np.arange(len(others.products))
    plain, tuned = (find(each, others, queries).hit.mean() for each in (others.vectors, space.apply(others.vectors)))
    assert tuned > plain + 0.1


def test_a_match_is_good_where_few_products_would_have_a_false_one() -> None:
    sample, others = _sample(nuisance=4.0, products=120), _sample(nuisance=4.0, seed=1, products=120)
    space = fit_space(sample, run_trial(sample), threshold=0.05)
    found = find(space.apply(others.vectors), others, np.arange(len(others.products)))
    wrong = space.calibration.score(found.best_wrong)
    assert (wrong >= 0.05).mean() > 0.2  # as it would be with the one that was given
    assert (wrong >= space.calibration.threshold).mean() < 0.1
    assert (space.calibration.score(found.similarity[:, 0]) >= space.calibration.threshold).any()


def test_too_few_products_leave_the_threshold_that_was_given() -> None:
    sample = _sample(nuisance=4.0, products=12)
    assert fit_space(sample, run_trial(sample), threshold=0.05).calibration.threshold == 0.05


def test_noise_gives_no_gain() -> None:
    """On the mean there is none at all, and seldom does chance make it look like one."""
    gains, adopted = [], 0
    for seed in range(10):
        vectors = _unit(np.random.default_rng(seed).normal(size=(200, D)))
        trial = run_trial(Sample(vectors, np.repeat(np.arange(50), 4), np.zeros(200, np.int64)), seed=seed)
        gains.append(trial.precision[1] - trial.precision[0])
        adopted += trial.better
    assert abs(np.mean(gains)) < 0.008
    assert adopted <= 1


def test_turned_features_give_the_same_ranking() -> None:
    sample = _sample(nuisance=3.0)
    turn, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(D, D)))
    turned = Sample((sample.vectors @ turn).astype(np.float32), sample.products, sample.places)
    trials = [run_trial(each) for each in (sample, turned)]
    assert trials[0].recipe == trials[1].recipe
    np.testing.assert_allclose(trials[0].gain, trials[1].gain, atol=0.01)
    one, other = (
        _unit(fit_space(each, trial, 0.5).apply(each.vectors))
        for each, trial in zip((sample, turned), trials, strict=True)
    )
    np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-4)


def test_places_keep_searches_apart() -> None:
    sample = _sample(nuisance=0.1, products=6)
    apart = Sample(sample.vectors, sample.products, np.arange(len(sample.products)) % 2)
    found = find(apart.vectors, apart, np.arange(4))
    assert np.isfinite(found.similarity).sum(1).tolist() == [10] * 4
    alone = Sample(sample.vectors, sample.products, np.arange(len(sample.products)))
    nothing = find(alone.vectors, alone, np.arange(4))
    assert not np.isfinite(nothing.similarity).any()
    assert not nothing.hit.any()


def test_searches_of_a_trial_are_those_of_a_naive_loop() -> None:
    sample = _sample(nuisance=1.0, products=10)
    queries = np.array([3, 17, 30])
    found = find(sample.vectors, sample, queries)
    for row, query in enumerate(queries):
        ranked = sorted((-float(sample.vectors[query] @ each), place) for place, each in enumerate(sample.vectors))
        best = [place for _, place in ranked if place != query][:10]
        assert found.right[row].tolist() == [sample.products[place] == sample.products[query] for place in best]
        assert found.precision[row] == pytest.approx(found.right[row, :3].sum() / 3)
    even = np.arange(len(sample.products)) % 2 == 0
    counted = find(sample.vectors, sample, queries, even)
    np.testing.assert_array_equal(counted.right, found.right)
    for row, query in enumerate(queries):
        others = [place for place in range(0, len(sample.products), 2) if place != query]
        nearest = max(others, key=lambda place: float(sample.vectors[query] @ sample.vectors[place]))
        assert counted.hit[row] == (sample.products[nearest] == sample.products[query])


def test_a_space_comes_back_from_bytes_and_maps_rows_the_same_alone_and_in_company() -> None:
    random = np.random.default_rng(0)
    space = TunedSpace(
        random.normal(size=D).astype(np.float32),
        random.normal(size=(D, D)).astype(np.float32),
        Calibration(0.3, 9.0, 0.6),
    )
    again = TunedSpace.from_bytes(space.to_bytes())
    assert again.calibration == space.calibration
    rows = random.normal(size=(40, D)).astype(np.float16)
    together = again.apply(rows)
    assert all(np.array_equal(space.apply(rows[place : place + 1])[0], together[place]) for place in range(40))


def test_the_interval_grows_when_pictures_of_a_product_are_alike() -> None:
    random = np.random.default_rng(0)
    single = random.normal(0.1, 1, 300)
    low, high = interval(single, np.arange(300), random)
    assert low < single.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 300**0.5, rel=0.2)
    repeated = np.repeat(single[:30], 10)
    wide = interval(repeated, np.repeat(np.arange(30), 10), random)
    assert wide[1] - wide[0] > 2 * (high - low)


def test_a_trial_needs_products_with_several_pictures() -> None:
    sample = _sample(nuisance=1.0)
    with pytest.raises(ValueError, match="2 products"):
        run_trial(Sample(sample.vectors[:20], np.r_[0, 0, 1, 1, 2:18], sample.places[:20]))
