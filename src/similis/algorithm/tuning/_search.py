"""Searches of a trial: pictures of a sample among all others of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from similis.algorithm.tuning._recipes import Floats, Products

DEPTH = 10
_AT_ONCE = 128


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Pictures of an instance.

    Attributes:
        vectors: features, float32[n, D], of unit length.
        products: int64[n], equal for pictures of one product.
        places: int64[n]; a search only looks at pictures of the query's own place, such as its category.
    """

    vectors: Floats
    products: Products
    places: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found for queries.

    Attributes:
        similarity: float32[q, 10] of the ten best matches, the best first; −∞ where there are not so many.
        right: bool[q, 10], whether a match is of the query's product.
        hit: bool[q], whether the best match of those that count is right.
        precision: float64[q], share of right ones among the ten best matches that count, or among as many as there
            are other pictures of the product.
        best_wrong: float32[q], similarity of the best match of another product; −∞ where there is none.
    """

    similarity: Floats
    right: NDArray[np.bool_]
    hit: NDArray[np.bool_]
    precision: NDArray[np.float64]
    best_wrong: Floats


def find(
    vectors: Floats, sample: Sample, queries: NDArray[np.int64], counted: NDArray[np.bool_] | None = None
) -> Found:
    """Search for pictures of the sample among all others, by the cosine of vectors, float32[n, d].

    Args:
        vectors: of the sample's pictures.
        sample: the pictures.
        queries: places of those to search for.
        counted: bool[n], which matches count for `hit` and `precision`; None for all.
    """
    rows = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    starts = range(0, len(queries), _AT_ONCE)
    parts = [_find_some(rows, sample, queries[start : start + _AT_ONCE], counted) for start in starts]
    similarity, right, judged, best_wrong = (np.concatenate(each) for each in zip(*parts, strict=True))
    others = np.bincount(sample.products)[sample.products[queries]] - 1
    looked_at = np.clip(others, 1, judged.shape[1])[:, np.newaxis]
    precision = (judged & (np.arange(judged.shape[1]) < looked_at)).sum(1) / looked_at[:, 0]
    return Found(similarity, right, judged[:, 0], precision, best_wrong)


def _find_some(
    rows: Floats, sample: Sample, queries: NDArray[np.int64], counted: NDArray[np.bool_] | None
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_], Floats]:
    similarity = rows[queries] @ rows.T
    similarity[sample.places[queries][:, np.newaxis] != sample.places] = -np.inf
    similarity[np.arange(len(queries)), queries] = -np.inf
    best, right = _best(similarity, sample, queries)
    own = sample.products[queries][:, np.newaxis] == sample.products
    best_wrong = np.where(own, np.float32(-np.inf), similarity).max(1)
    if counted is None:
        return best, right, right, best_wrong
    similarity[:, ~counted] = -np.inf
    return best, right, _best(similarity, sample, queries)[1], best_wrong


def _best(similarity: Floats, sample: Sample, queries: NDArray[np.int64]) -> tuple[Floats, NDArray[np.bool_]]:
    """Similarities of the ten best matches, and whether they are right."""
    depth = min(DEPTH, similarity.shape[1] - 1)
    nearest = np.argpartition(-similarity, depth - 1, axis=1)[:, :depth]
    best = np.take_along_axis(similarity, nearest, 1)
    order = np.argsort(-best, axis=1, kind="stable")
    nearest, best = np.take_along_axis(nearest, order, 1), np.take_along_axis(best, order, 1)
    right = sample.products[nearest] == sample.products[queries][:, np.newaxis]
    return best, right & np.isfinite(best)
