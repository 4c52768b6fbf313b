"""Vectors in, nearest vectors out: indexes that can always be rebuilt from the catalogue's change log."""

from similis.engine._faiss import FaissIndex
from similis.engine._index import Change, Effort, Hit, IndexSpec, Operation, VectorIndex, Vectors
from similis.engine._pairs import Pairs, near_pairs

__all__ = [
    "Change",
    "Effort",
    "FaissIndex",
    "Hit",
    "IndexSpec",
    "Operation",
    "Pairs",
    "VectorIndex",
    "Vectors",
    "near_pairs",
]
