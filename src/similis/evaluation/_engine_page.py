"""Writes a benchmark of the engine as a page that stands alone, and as JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from similis.evaluation import _charts
from similis.evaluation._charts import Line
from similis.evaluation._engine_report import EngineReport, EngineRun
from similis.evaluation._html import environment, writing

_NONE = 1e-4  # stands for nothing missed, which a logarithmic axis has no place for


def write_engine_report(report: EngineReport, folder: Path) -> Path:
    """Write `engine.html` and `engine.json` into a folder that is there; returns the page's path.

    Raises:
        ReportFailed: the files cannot be written.
    """
    page = folder / "engine.html"
    with writing(folder):
        (folder / "engine.json").write_text(json.dumps(report.as_dict(), indent=2) + "\n", encoding="utf-8")
        page.write_text(_rendered(report), encoding="utf-8")
    return page


def engine_figures(run: EngineRun) -> dict[str, str]:
    """What there is to tell of a run beside its filters, by name."""
    loaded, found, changed, reopened = run.loaded, run.searches, run.changed, run.reopened
    return {
        "search: recall@10": f"{found.plain.recall:.4f}",
        "search: queries/s": f"{found.a_second:.0f}",
        "search: ms, p50 / p99": f"{found.plain.milliseconds.p50:.2f} / {found.plain.milliseconds.p99:.2f}",
        "exact scan: ms": f"{found.exact.milliseconds:.2f}",
        "times quicker, by processor time": f"{found.ratio:.1f}, {found.processor_ratio:.1f}",
        "500 neighbours: recall@10": f"{found.deep.recall:.4f}",
        "500 neighbours: ms, p50 / p99": f"{found.deep.milliseconds.p50:.2f} / {found.deep.milliseconds.p99:.2f}",
        "batches of 64: queries/s": f"{found.batched_a_second:.0f}",
        "two threads: queries/s": f"{found.threads_a_second:.0f}",
        "bulk add: pictures/s": f"{loaded.rows_a_second:.0f}",
        "then searchable: s": f"{loaded.searchable_seconds:.1f}",
        "then on disk: s": f"{loaded.sealed_seconds:.1f}",
        "durable add: ms, p50 / p99": f"{changed.add.p50:.2f} / {changed.add.p99:.2f}",
        "durable update: ms, p50 / p99": f"{changed.update.p50:.2f} / {changed.update.p99:.2f}",
        "durable delete: ms, p50 / p99": f"{changed.delete.p50:.2f} / {changed.delete.p99:.2f}",
        "bulk delete: pictures/s": f"{changed.deleted_a_second:.0f}",
        "reopen: s, of it first search": f"{reopened.seconds:.2f}, {reopened.answered_seconds:.2f}",
        "changes replayed": f"{reopened.replayed}",
        "memory: bytes a picture": f"{reopened.bytes_a_picture:.0f}",
        "memory: without a file behind": f"{reopened.anonymous_bytes_a_picture:.0f}",
        "memory: MB in all": f"{reopened.resident_megabytes:.0f}",
        "disk: bytes a picture": f"{loaded.catalogue_bytes:.0f} + {loaded.index_bytes:.0f} (index)",
    }


def engine_filters(runs: Sequence[EngineRun]) -> list[tuple[str, ...]]:
    """A row for each filter and category: its name, and for each size recall@10 and milliseconds, p50 and p99."""
    rows = []
    for same in zip(*(run.searches.filtered for run in runs), strict=True):
        cells = [
            (f"{each.recall:.4f}", f"{each.milliseconds.p50:.2f}", f"{each.milliseconds.p99:.2f}") for each in same
        ]
        rows.append((same[0].name, *chain.from_iterable(cells)))
    return rows


def _rendered(report: EngineReport) -> str:
    return (
        environment()
        .get_template("engine.html.jinja")
        .render(
            report=report,
            charts=_charts,
            figures=engine_figures,
            filters=engine_filters,
            search_lines=_search_lines,
            memory_lines=_memory_lines,
            missed_lines=_missed_lines,
        )
    )


def _search_lines(runs: Sequence[EngineRun]) -> list[Line]:
    return [
        Line([(run.count, run.searches.exact.milliseconds) for run in runs], ours=False),
        Line([(run.count, run.searches.plain.milliseconds.mean) for run in runs], ours=True),
    ]


def _missed_lines(runs: Sequence[EngineRun]) -> list[Line]:
    worst = [min(each.recall for each in run.searches.filtered) for run in runs]
    return [
        Line([(run.count, max(1 - recall, _NONE)) for run, recall in zip(runs, worst, strict=True)], ours=False),
        Line([(run.count, max(1 - run.searches.plain.recall, _NONE)) for run in runs], ours=True),
    ]


def _memory_lines(runs: Sequence[EngineRun]) -> list[Line]:
    return [
        Line([(run.count, max(run.reopened.anonymous_bytes_a_picture, 1.0)) for run in runs], ours=False),
        Line([(run.count, max(run.reopened.bytes_a_picture, 1.0)) for run in runs], ours=True),
    ]
