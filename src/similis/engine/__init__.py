"""Vectors in, nearest vectors out: indexes that can always be rebuilt from the catalogue's change log."""

from similis.engine._encryption import KeySealer
from similis.engine._faiss import FaissIndex
from similis.engine._index import Change, Effort, Hit, IndexSpec, Operation, VectorIndex, Vectors
from similis.engine._milvus import MilvusIndex
from similis.engine._milvus_server import MilvusConsistency, MilvusIndexType, MilvusServer, MilvusSettings
from similis.engine._pairs import Pairs, near_pairs
from similis.engine._progress import OwnProgress, Progress, Pushed
from similis.engine._segment import SegmentStore, clear_directory, is_intact, is_of_other_version
from similis.engine._state import Sizing
from similis.engine._stored import found_in_file, stored_collection, stored_segment_files

__all__ = [
    "Change",
    "Effort",
    "FaissIndex",
    "Hit",
    "IndexSpec",
    "KeySealer",
    "MilvusConsistency",
    "MilvusIndex",
    "MilvusIndexType",
    "MilvusServer",
    "MilvusSettings",
    "Operation",
    "OwnProgress",
    "Pairs",
    "Progress",
    "Pushed",
    "SegmentStore",
    "Sizing",
    "VectorIndex",
    "Vectors",
    "clear_directory",
    "found_in_file",
    "is_intact",
    "is_of_other_version",
    "near_pairs",
    "stored_collection",
    "stored_segment_files",
]
