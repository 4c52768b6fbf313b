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
from benchmarks.inversion._judges import COPY_DETECTOR, PERCEPTION, CopyDetector, Judge, Layout, Perception
from benchmarks.inversion._judging import Court
from benchmarks.inversion._linear import nearest
from benchmarks.inversion._networks import Sight
from benchmarks.inversion._pictures import found_sets, load
from benchmarks.inversion._report import Row, markdown, side_by_side, verdict_row, write
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
    """Run all attacks and report."""
    options = _options()
    torch.set_num_threads(1)
    started = time.monotonic()
    pictures = load(options.data, options.cache, options.sets or found_sets(options.data))
    dimension = pictures.features.shape[1]
    stage = Stage(pictures, split(pictures, options.targets), rotation(b"instance".ljust(32), dimension))
    other = replace(stage, rotation=rotation(b"another".ljust(32), dimension))
    store = ModelStore(Settings().models)
    sight, seconds = Sight(store.path(BACKBONE)), options.minutes * 60 * _TRAINING
    tries = [
        *attempts.baselines(stage),
        *attempts.against_features(stage, sight, seconds),
        *attempts.against_codes(stage, seconds),
        *attempts.with_another_key(stage, other, seconds),
    ]
    tables = {"Rebuilt pictures": list(_judged(stage, tries, store))}
    if options.elsewhere:
        away = replace(stage, split=without_sets(pictures, stage.split, options.elsewhere))
        their = [*attempts.baselines(away), *attempts.elsewhere(away, sight, seconds)]
        tables["Rebuilt by an attacker who has nothing of the kind"] = list(_judged(away, their, store))
    tables["Labels told"] = labels_told(stage)
    tables["Pairs of a known picture and its stored vector"] = by_pairs(stage)
    tables["The rotation without pairs"] = by_clouds(stage)
    facts: Row = {
        "pictures": len(pictures),
        "own": len(stage.split.own),
        "targets": {name: len(rows) for name, rows in stage.split.targets.items()},
        "minutes": round((time.monotonic() - started) / 60),
    }
    write(options.report, tables, facts, _grid(stage, tries, options.show))
    print(f"{facts}\n{''.join(markdown(title, rows) for title, rows in tables.items())}Report: {options.report}")


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
    return parser.parse_args()


def _judged(stage: Stage, tries: Sequence[attempts.Attempt], store: ModelStore) -> Iterator[Row]:
    judges: list[Judge] = [Layout(stage.own_pixels.mean(0))]
    if store.status(COPY_DETECTOR).fetched:
        judges.append(CopyDetector(store))
    perception = Perception(store) if store.status(PERCEPTION).fetched else None
    for part, rows in stage.split.targets.items():
        court = Court(stage.pixels(rows), judges, perception)
        for each in tries:
            row = verdict_row(each.has, each.method, part, court.judge(each.rebuild(rows)))
            print(" | ".join(f"{value}" for value in row.values()), flush=True)
            yield row


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
