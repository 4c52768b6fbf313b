"""Near neighbours of all vectors at once, for finding duplicates."""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 100
_EXACT_BELOW = 20_000
_PROBES = 16
_TRAINED_ON = 64  # vectors a cell
_AT_ONCE = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of near vectors, each in both directions: places int64[m] of the two and their cosine, float32[m]."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    similarity: NDArray[np.float32]


def near_pairs(vectors: NDArray[np.float32], min_similarity: float) -> Pairs:
    """Find pairs of vectors with at least a cosine, of each vector its hundred nearest at most.

    Exact below twenty thousand vectors; above, cells around k-means centres are searched, the sixteen nearest of
    each vector (Sivic and Zisserman 2003; Jégou et al. 2011): near vectors are almost always in one of them, and the
    time grows with n·√n.

    Args:
        vectors: float32[n, D], of unit length.
        min_similarity: the cosine.
    """
    index = _index(vectors)
    count = min(NEIGHBOURS + 1, len(vectors))
    parts = [_some(index, vectors, start, count, min_similarity) for start in range(0, len(vectors), _AT_ONCE)]
    first, second, similarity = (np.concatenate(each) for each in zip(*parts, strict=True))
    return Pairs(first, second, similarity)


def _index(vectors: NDArray[np.float32]) -> faiss.Index:
    dimension = vectors.shape[1]
    flat = faiss.IndexFlatIP(dimension)
    if len(vectors) < _EXACT_BELOW:
        flat.add(vectors)
        return flat
    cells = round(len(vectors) ** 0.5)
    index = faiss.IndexIVFFlat(flat, dimension, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.max_points_per_centroid = _TRAINED_ON
    index.cp.spherical = True
    index.train(vectors)
    index.add(vectors)
    index.nprobe = _PROBES
    return index


def _some(
    index: faiss.Index, vectors: NDArray[np.float32], start: int, count: int, min_similarity: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    similarity, second = index.search(vectors[start : start + _AT_ONCE], count)
    first = np.broadcast_to(np.arange(start, start + len(second))[:, np.newaxis], second.shape)
    near = (similarity >= min_similarity) & (second >= 0) & (second != first)
    return first[near], second[near], similarity[near]
