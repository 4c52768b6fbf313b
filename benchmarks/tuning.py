"""What tuning gains on labelled pictures: R@1 of queries and scores before and after.

    python -m benchmarks.tuning LABELS.csv … --cache DIR [--no-crop] [--limit N] [--json FILE]

A labels file has the columns `path,label,split`. Products are the labels. Rows of the splits `val`, `validation`,
`test` and `query` are the queries, the others the gallery that tuning learns from; rows of `iconic` are left out.

Two lines a file: "known", the queries are new pictures of products that the tuning was learned from; and "unseen",
the tuning was learned from the one half of the products, and the queries are those of the other half.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.features import Floats, features, read_rows
from numpy.typing import NDArray

from similis.algorithm import Calibration, Sample, TunedSpace, fit_space, run_trial
from similis.domain import InstanceType

QUERY_SPLITS = {"val", "validation", "test", "query"}
_LEFT_OUT = {"iconic"}
_BEST = 10
_BINS = 10


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, required=True, help="directory for features, made if missing")
    parser.add_argument("--no-crop", action="store_true")
    parser.add_argument("--limit", type=int, help="use every n-th row so that about so many are left")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    results = []
    for labels in options.labels:
        rows = [row for row in read_rows(labels) if row.get("split") not in _LEFT_OUT]
        rows = rows[:: max(1, len(rows) // options.limit)] if options.limit else rows
        vectors = features(rows, labels, options.cache, crop=not options.no_crop)
        for line in measure(rows, vectors):
            results.append({"set": labels.parent.name, **line})
            print_line(results[-1])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def measure(rows: list[dict[str, str]], vectors: Floats) -> list[dict[str, Any]]:
    """One line for queries of known products and one for those of unseen ones."""
    _, products = np.unique([row["label"] for row in rows], return_inverse=True)
    query = np.array([row.get("split") in QUERY_SPLITS for row in rows])
    half = np.random.default_rng(0).permutation(products.max() + 1)[products] % 2 == 0
    lines = []
    for kind, learned, asked in (("known", ~query, query), ("unseen", ~query & half, query & ~half)):
        sample = Sample(vectors[learned], products[learned], np.zeros(learned.sum(), np.int64))
        trial = run_trial(sample)
        space = fit_space(sample, trial, 0.5)
        gallery, wanted = vectors[~query], products[~query]
        plain = quality(
            vectors[asked] @ gallery.T, products[asked], wanted, Calibration.for_type(InstanceType.PRODUCT)
        )
        tuned = quality(_cosines(space, vectors[asked], gallery), products[asked], wanted, space.calibration)
        line = {
            "queries": kind,
            "count": int(asked.sum()),
            "recipe": trial.recipe.name,
            "trial": {"r1": trial.recall, "precision": trial.precision, "gain": trial.gain},
            "adopted": trial.better,
            "before": plain,
            "after": tuned,
        }
        lines.append(line)
    return lines


def quality(
    similarities: Floats, products: NDArray[np.int64], gallery: NDArray[np.int64], curve: Calibration
) -> dict[str, float]:
    """R@1, precision of the ten best, and how far the scores of these are from how often they are right."""
    best = np.argsort(-similarities, axis=1)[:, :_BEST]
    right = gallery[best] == products[:, np.newaxis]
    scores = curve.score(np.take_along_axis(similarities, best, 1))
    place = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    error = sum(abs(float((scores - right)[place == each].sum())) for each in range(_BINS)) / scores.size
    return {"r1": float(right[:, 0].mean()), "p10": float(right.mean()), "calibration_error": error}


def print_line(line: dict[str, Any]) -> None:
    """The lines of the table for one kind of query."""
    figures = " ".join(
        f"{name} {line['before'][name]:.3f} → {line['after'][name]:.3f}"
        for name in ("r1", "p10", "calibration_error")
    )
    print(f"{line['set']:<16}{line['queries']:<8}{line['count']:>6} queries  {figures}")
    trial = line["trial"]
    recall, precision = (" → ".join(f"{each:.3f}" for each in trial[name]) for name in ("r1", "precision"))
    low, high = trial["gain"]
    told = f"{'adopted' if line['adopted'] else 'not adopted'}: {line['recipe']}"
    print(f"{'':<24}trial r1 {recall}, precision {precision} ({low:+.3f} to {high:+.3f}), {told}", flush=True)


def _cosines(space: TunedSpace, queries: Floats, gallery: Floats) -> Floats:
    one, other = (space.apply(each) for each in (queries, gallery))
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    cosines: Floats = one @ other.T
    return cosines


if __name__ == "__main__":
    main()
