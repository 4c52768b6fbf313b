"""The benchmark of the engine: its data, its exact scan, and all of it in small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.domain import InvalidInput, ReportFailed, matches
from similis.evaluation import benchmark_engine, write_engine_report
from similis.evaluation._engine_data import Block, Source, source_of
from similis.evaluation._engine_truth import Anything, Condition, OwnCategory, scan, windows
from similis.service import Settings

DIMENSION = 32


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred rows that use few of their dimensions."""
    rng = np.random.default_rng(3)
    file = tmp_path_factory.mktemp("features") / "features.npy"
    np.save(file, rng.standard_normal((200, DIMENSION)) * np.linspace(1, 0.05, DIMENSION))
    return file


@pytest.fixture(params=["clustered", "weak", "file"])
def source(request: pytest.FixtureRequest, features: Path) -> Source:
    return source_of(str(features) if request.param == "file" else request.param, DIMENSION, 3000)


def test_data_are_the_same_each_time_and_of_unit_length(source: Source) -> None:
    once, again = (next(source.blocks(3000)) for _ in range(2))
    assert (once.vectors == again.vectors).all()
    assert (once.drawn == again.drawn).all()
    assert np.linalg.norm(once.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert once.vectors.dtype == np.float32
    assert (next(source.blocks(100)).vectors == once.vectors[:100]).all()
    assert len(np.unique(once.percentile)) == 100
    assert np.bincount(once.percentile).max() < 5 * 30


def test_blocks_number_all_rows_and_further_ones_and_queries_are_others(source: Source) -> None:
    blocks = list(source.blocks(25_000))
    assert [(block.first, len(block)) for block in blocks] == [(0, 10_000), (10_000, 10_000), (20_000, 5_000)]
    others = np.concatenate([source.further(20, 25_000).vectors, source.queries(20).vectors])
    assert max(float((block.vectors @ others.T).max()) for block in blocks) < 1 - 1e-5
    assert source.further(20, 25_000).first == 30_000


def test_multiplied_rows_are_near_to_what_they_were_made_from(features: Path) -> None:
    rows = np.load(features)
    block = next(source_of(str(features), 8, 3000).blocks(3000))
    originals = rows[block.groups] / np.linalg.norm(rows[block.groups], axis=1, keepdims=True)
    cosines = np.einsum("ij,ij->i", block.vectors, originals)
    assert 0.84 < np.median(cosines) < 0.96
    assert np.quantile(cosines, 0.01) > 0.6


def test_the_exact_scan_finds_what_filters_mean(source: Source) -> None:
    queries = source.queries(12)
    conditions: list[Condition] = [Anything(), OwnCategory(queries.categories), *windows(queries, 5)]
    truths, exact = scan(source.blocks(2500), queries.vectors, conditions, 10, lambda _rows: None)
    (block,) = source.blocks(2500)
    for condition, truth in zip(conditions, truths, strict=True):
        for query, vector in enumerate(queries.vectors):
            assert truth.best[query] == pytest.approx(_naive(block, vector, *condition.asked(query)), abs=1e-6)
    assert exact.milliseconds > 0


def _naive(block: Block, vector: NDArray[np.float32], tree: object, category: object) -> list[float]:
    found = [
        float(each @ vector)
        for row, each in enumerate(block.vectors)
        if (tree is None or matches(tree, block.attributes(row)))  # type: ignore[arg-type] # a filter
        and category in {None, int(block.categories[row])}
    ]
    best = sorted(found, reverse=True)[:10]
    return best + [-np.inf] * (10 - len(best))


def test_recall_counts_what_is_as_near_as_the_true_ones() -> None:
    source = source_of("clustered", DIMENSION, 1000)
    queries = source.queries(2)
    (truth,), _ = scan(source.blocks(1000), queries.vectors, [Anything()], 10, lambda _rows: None)
    right = truth.best.tolist()
    assert truth.recall(right) == 1
    assert truth.recall([right[0], right[1][:5]]) == pytest.approx(15 / 20)
    assert truth.recall([right[0], [each - 0.5 for each in right[1]]]) == pytest.approx(10 / 20)


@pytest.mark.slow
def test_everything_is_measured_and_written_down(tmp_path: Path, features: Path) -> None:
    stages = set()
    report = benchmark_engine(
        Settings(exact_below=500),
        sizes=[1500, 1000],
        dimension=DIMENSION,
        kinds=[str(features)],
        queries=12,
        work=tmp_path,
        progress=lambda stage, _done, _total: stages.add(stage),
    )
    assert [(run.kind, run.count) for run in report.runs] == [("features.npy", 1000), ("features.npy", 1500)]
    for run in report.runs:
        searches = (run.searches.plain, run.searches.deep, *run.searches.filtered)
        assert len(searches) == 2 + 1 + 9
        assert min(each.recall for each in searches) > 0.9
        assert run.searches.similarity_error < 2e-3
        assert run.loaded.index_bytes > 2 * DIMENSION  # in cells on disk
    assert "features.npy, 1,000: searching" in stages
    assert list(tmp_path.iterdir()) == []
    told = report.as_dict()
    assert told["runs"][0]["searches"]["times_quicker_than_exact"] > 0
    page = write_engine_report(report, tmp_path).read_text()
    assert page.count("<svg") == 3
    assert "10 %, unlike the query" in page
    assert (tmp_path / "engine.json").exists()


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.npy").write_text("no vectors")
    np.save(tmp_path / "flat.npy", np.ones(10))
    np.save(tmp_path / "broken.npy", np.full((5, 4), np.nan))
    for kind in ("nothing", *(str(tmp_path / name) for name in ("words.npy", "flat.npy", "broken.npy"))):
        with pytest.raises(InvalidInput):
            source_of(kind, DIMENSION, 1000)
    with pytest.raises(InvalidInput, match="999"):
        benchmark_engine(Settings(), sizes=[999])
    with pytest.raises(ReportFailed):
        benchmark_engine(Settings(), sizes=[1000], dimension=DIMENSION, work=tmp_path / "missing")
