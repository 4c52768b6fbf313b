"""The red team: how well pictures can be rebuilt from what Similis stores of them.

    python -m benchmarks.inversion DATA --minutes 60 --report red-team

Decoders, the nearest picture and means are compared for whoever has the features, has stored vectors with the key or
without it, or has binary codes; then what vectors tell of labels, and what it takes to find the rotation. Needs
PyTorch (`pip install --group training`); SSCD and U²-Net judge where they were fetched (`similis models fetch NAME`).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from benchmarks.inversion import _attempts as attempts
from benchmarks.inversion._bench import Bench
from benchmarks.inversion._linear import nearest
from benchmarks.inversion._networks import Sight
from benchmarks.inversion._pictures import found_sets, load
from benchmarks.inversion._reductions import attempt, recall_at_1, reductions
from benchmarks.inversion._report import Row, markdown, side_by_side, write
from benchmarks.inversion._splits import split, without_sets
from benchmarks.inversion._stage import Stage
from benchmarks.inversion._telling import by_clouds, by_pairs, labels_told
from numpy.typing import NDArray

from similis.algorithm import ModelStore
from similis.algorithm._pipeline import BACKBONE
from similis.privacy._transform import rotation
from similis.service import Settings

_TRAINING = 0.7
"""Share of the time that networks are trained in; the rest goes to the judges."""
_SHOWN = 16
_ELSEWHERE = "Rebuilt by an attacker who has nothing of the kind"
_COLUMNS = (
    (attempts.RAW, "linear"),
    (attempts.RAW, "convolutional"),
    (attempts.RAW, "nearest picture"),
    (attempts.LABEL, "mean of the label"),
    (attempts.NOTHING, "mean picture"),
    (attempts.NO_KEY, "convolutional"),
    (attempts.CODE_KEY, "two layers"),
)


def main() -> None:
    """Run the attacks and report."""
    options = _options()
    torch.set_num_threads(1)
    started = time.monotonic()
    pictures = load(options.data, options.cache, options.sets or found_sets(options.data))
    key = rotation(b"instance".ljust(32), pictures.features.shape[1])
    stage = Stage(pictures, split(pictures, options.targets), key)
    store, seconds = ModelStore(Settings().models), options.minutes * 60 * _TRAINING
    sight = Sight(store.path(BACKBONE))
    bench = Bench(store)
    if options.reductions:
        tables = {"What storing less changes": list(_reduced(stage, bench, seconds))}
        grid = None
    else:
        tries = _tries(stage, sight, seconds)
        tables = {"Rebuilt pictures": list(bench.judged(stage, tries))}
        if options.elsewhere:
            tables[_ELSEWHERE] = list(bench.judged(*_elsewhere(stage, sight, seconds, options.elsewhere)))
        tables |= _told(stage)
        grid = _grid(stage, tries, options.show)
    facts = _facts(stage, time.monotonic() - started)
    write(options.report, tables, facts, grid)
    print(f"{facts}\n{''.join(markdown(title, rows) for title, rows in tables.items())}Report: {options.report}")


def _facts(stage: Stage, seconds: float) -> Row:
    targets = {name: len(rows) for name, rows in stage.split.targets.items()}
    counts = {"pictures": len(stage.pictures), "own": len(stage.split.own), "stored": len(stage.split.stored)}
    return counts | {"targets": targets, "minutes": round(seconds / 60)}


def _tries(stage: Stage, sight: Sight, seconds: float) -> list[attempts.Attempt]:
    other = replace(stage, rotation=rotation(b"another".ljust(32), stage.pictures.features.shape[1]))
    decoders = attempts.train(stage, sight, seconds)
    return [
        *attempts.baselines(stage),
        *attempts.against_features(stage, decoders),
        *attempts.against_stored(stage, decoders),
        *attempts.against_codes(stage, seconds),
        *attempts.with_another_key(stage, other, seconds),
    ]


def _elsewhere(
    stage: Stage, sight: Sight, seconds: float, left_out: Sequence[str]
) -> tuple[Stage, list[attempts.Attempt]]:
    away = replace(stage, split=without_sets(stage.pictures, stage.split, left_out))
    decoders = attempts.train(away, sight, seconds, attempts.TIMES_ELSEWHERE)
    return away, [*attempts.baselines(away), *attempts.against_features(away, decoders)]


def _told(stage: Stage) -> dict[str, list[Row]]:
    return {
        "Labels told": labels_told(stage),
        "Pairs of a known picture and its stored vector": by_pairs(stage),
        "The rotation without pairs": by_clouds(stage),
    }


def _reduced(stage: Stage, bench: Bench, seconds: float) -> Iterator[Row]:
    ways = reductions(stage)
    for name, way in ways.items():
        recall = round(recall_at_1(stage, way), 3)
        tried = replace(attempt(stage, way, seconds / len(ways)), has=name)
        for row in bench.judged(stage, [tried]):
            yield {**row, "R@1 of labels": recall}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inversion", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("data", type=Path, help="directory of labelled sets, each with a labels.csv of path,label")
    parser.add_argument("--minutes", type=float, default=60, help="about how long, features not counted (60)")
    parser.add_argument("--report", type=Path, default=Path("red-team"), help="directory for the report")
    parser.add_argument("--cache", type=Path, default=Path("red-team-cache"), help="directory for features")
    parser.add_argument("--sets", nargs="*", help="folders to use (all)")
    parser.add_argument(
        "--elsewhere", nargs="*", default=[], help="sets that an attacker has nothing of, in another trial"
    )
    parser.add_argument("--show", nargs="*", help="sets that pictures are shown of (all that are used)")
    parser.add_argument("--targets", type=int, default=1000, help="pictures to be rebuilt of each kind (1,000)")
    parser.add_argument("--reductions", action="store_true", help="instead: what storing less of a picture changes")
    return parser.parse_args()


def _grid(stage: Stage, tries: Sequence[attempts.Attempt], show: Sequence[str] | None) -> NDArray[np.uint8]:
    """Originals and what was made of them, column by column; of unknown labels, too, in the lower half."""
    allowed = list(show or np.unique(stage.pictures.sets))
    rng = np.random.default_rng(0)
    chosen = []
    for rows in stage.split.targets.values():
        beside = stage.split.own[nearest(stage.features(rows), stage.own_features)]
        fit = rows[np.isin(stage.pictures.sets[rows], allowed) & np.isin(stage.pictures.sets[beside], allowed)]
        chosen.append(rng.permutation(fit)[: _SHOWN // len(stage.split.targets)])
    rows = np.concatenate(chosen)
    named = {(each.has, each.method): each for each in tries}
    return side_by_side([stage.pixels(rows), *(named[name].rebuild(rows) for name in _COLUMNS)])


if __name__ == "__main__":
    main()
