"""Recall and milliseconds of the Milvus index, beside an exact scan of the same vectors.

    python benchmarks/milvus.py --uri URI [--n 100000] [--dim 512] [--index hnsw|ivf_sq8] [--json FILE]

Vectors are drawn around centres, in 24 dimensions turned into many; queries are vectors with noise. Filters match a
share of all pictures; k is 10, and 500 as the service asks.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymilvus import MilvusClient

from similis.domain import Attributes, Category, Filter, parse_filter
from similis.engine import (
    Change,
    IndexSpec,
    MilvusIndex,
    MilvusIndexType,
    MilvusServer,
    MilvusSettings,
    Operation,
    OwnProgress,
)

_SHARES = (1.0, 0.1, 0.01)
_DEPTHS = (10, 500)
_QUERIES = 200
_A_CENTRE = 20
_INNER = 24  # dimensions
_NAME = "benchmark"
_PATIENCE = 300.0  # seconds
_LOADING = 30.0  # seconds in which built graphs are surely loaded


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uri", required=True)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--index", type=MilvusIndexType, choices=list(MilvusIndexType), default=MilvusIndexType.HNSW)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    results = measure(MilvusSettings(options.uri, index_type=options.index), options.n, options.dim)
    print(f"{'matching':>9} {'k':>4} {'recall@k':>9} {'p50 ms':>8} {'p99 ms':>8}")
    for row in results["searches"]:
        print(f"{row['share']:>8.0%} {row['k']:>5} {row['recall']:>9.4f} {row['p50_ms']:>8.1f} {row['p99_ms']:>8.1f}")
    print(
        f"inserted {results['inserted_a_second']:.0f} a second; graphs were built {results['settled_s']:.0f} s later"
    )
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def measure(settings: MilvusSettings, count: int, dimension: int) -> dict[str, Any]:
    """Fill a collection, search it, drop it."""
    random = np.random.default_rng(1)
    vectors = _clustered(random, count, dimension)
    chosen = random.choice(count, _QUERIES, replace=False)
    queries = _unit(vectors[chosen] + random.normal(scale=0.3 / dimension**0.5, size=(_QUERIES, dimension)))
    server = MilvusServer(settings)
    index = MilvusIndex(server, _NAME, OwnProgress(), staleness=settings.staleness)
    index.open(IndexSpec(dimension))
    try:
        started = time.perf_counter()
        index.apply(_changes(vectors))
        index.push()
        inserting = time.perf_counter() - started
        [collection] = server.collections(_NAME)
        settled = _wait_for_graphs(settings, collection)
        searches = [_searched(index, vectors, queries, share, k) for share in _SHARES for k in _DEPTHS]
    finally:
        index.drop()
    return {
        "n": count, "dim": dimension, "index": settings.index_type, "searches": searches,
        "inserted_a_second": count / inserting, "settled_s": settled,
    }  # fmt: skip


def _clustered(random: np.random.Generator, count: int, dimension: int) -> NDArray[np.float32]:
    """Points around centres in few dimensions, as features have, turned into many, with a little noise."""
    centres = random.normal(size=(max(count // _A_CENTRE, 1), _INNER))
    points = centres[random.integers(len(centres), size=count)] + random.normal(scale=0.5, size=(count, _INNER))
    spread = random.normal(size=(_INNER, dimension)) / _INNER**0.5
    return _unit(points @ spread + random.normal(scale=0.1, size=(count, dimension)))


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    normed: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return normed


def _changes(vectors: NDArray[np.float32]) -> Iterator[Change]:
    for place, vector in enumerate(vectors):
        yield Change(place + 1, Operation.ADD, place + 1, vector, Category.OTHER, Attributes(int_attr=place % 100))


def _wait_for_graphs(settings: MilvusSettings, collection: str) -> float:
    """Wait until the server has built and loaded them."""
    client = MilvusClient(settings.uri, token=settings.token, timeout=_PATIENCE)
    client.flush(collection, timeout=_PATIENCE)
    started = time.perf_counter()
    rows = client.get_collection_stats(collection)["row_count"]
    while client.describe_index(collection, "vector")["indexed_rows"] < rows:
        time.sleep(2)
    seconds = time.perf_counter() - started
    time.sleep(_LOADING)
    client.close()
    return seconds


def _searched(
    index: MilvusIndex, vectors: NDArray[np.float32], queries: NDArray[np.float32], share: float, k: int
) -> dict[str, float]:
    tree = None if share == 1.0 else parse_filter(f"int_attr<{round(100 * share)}")
    allowed = np.flatnonzero(np.arange(len(vectors)) % 100 < round(100 * share))
    spent, right, wanted = [], 0, 0
    for query in queries:
        found, seconds = _timed(index, query, k, tree)
        truth = allowed[np.argsort(-(vectors[allowed] @ query), kind="stable")[:k]] + 1
        right, wanted = right + len(found & set(truth.tolist())), wanted + len(truth)
        spent.append(1000 * seconds)
    p50, p99 = np.percentile(spent, [50, 99]).tolist()
    return {"share": share, "k": k, "recall": right / wanted, "p50_ms": p50, "p99_ms": p99}


def _timed(index: MilvusIndex, query: NDArray[np.float32], k: int, tree: Filter | None) -> tuple[set[int], float]:
    started = time.perf_counter()
    [hits] = index.search(query[np.newaxis], k, tree)
    return {hit.picture_id for hit in hits}, time.perf_counter() - started


if __name__ == "__main__":
    main()
