"""The red team: how well pictures can be rebuilt from what Similis stores of them.

    python -m benchmarks.inversion DATA --minutes 60 --report red-team

Decoders, the nearest picture and means are compared for whoever has the features, has stored vectors with the key or
without it, has binary codes, or may search; then what vectors tell of labels, and what it takes to find the rotation.
Needs PyTorch (`pip install --group training`); SSCD and U²-Net judge where they were fetched (`similis models fetch
NAME`). `--minutes` are minutes of two processors: so much of their time is spent, however busy they are with others'
work. What is done is kept in the report's directory, so that a run that was broken off goes on from there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from benchmarks.inversion import _attempts as attempts
from benchmarks.inversion import _decoders as decoders
from benchmarks.inversion._asking import by_asking, by_rounding
from benchmarks.inversion._bench import Bench
from benchmarks.inversion._decoders import Lesson, Networks, School
from benchmarks.inversion._linear import nearest
from benchmarks.inversion._pictures import found_sets, load
from benchmarks.inversion._reductions import attempt, recall_at_1, reductions
from benchmarks.inversion._report import Row, markdown, side_by_side, write
from benchmarks.inversion._side_by_side import Workshop
from benchmarks.inversion._sight import Sight
from benchmarks.inversion._splits import split, without_sets
from benchmarks.inversion._stage import Stage
from benchmarks.inversion._telling import by_clouds, by_pairs, labels_told
from numpy.typing import NDArray

from similis.algorithm import ModelStore
from similis.algorithm._pipeline import BACKBONE
from similis.privacy._transform import rotation
from similis.service import Settings

_TRAINING = 0.7
"""Share of the time that networks are trained in; the rest is about what the judges take."""
_SHOWN = 16
_ELSEWHERE = "Rebuilt by an attacker who has nothing of the kind"
_COLUMNS = (
    (attempts.RAW, attempts.LINEAR),
    (attempts.RAW, decoders.FINE),
    (attempts.RAW, decoders.BESIDE),
    (attempts.RAW, attempts.NEAREST),
    (attempts.LABEL, "mean of the label"),
    (attempts.NOTHING, "mean picture"),
    (attempts.NO_KEY, decoders.FINE),
    (attempts.CODE_KEY, decoders.FINE),
)

Tables = dict[str, list[Row]]


def main() -> None:
    """Run the attacks and report."""
    options = _options()
    torch.set_num_threads(1)
    pictures = load(options.data, options.cache, options.sets or found_sets(options.data))
    key = rotation(b"instance".ljust(32), pictures.features.shape[1])
    stage = Stage(pictures, split(pictures, options.targets), key)
    workshop, seconds = _workshop(options), 2 * 60 * options.minutes * _TRAINING
    if options.reductions:
        tables, grid = {"What storing less changes": _reduced(stage, workshop, seconds)}, None
    else:
        tables, grid = _attacked(stage, workshop, seconds, options)
    facts = _facts(stage, seconds, workshop.processor_seconds())
    write(options.report, tables, facts, grid)
    print(f"{facts}\n{''.join(markdown(title, rows) for title, rows in tables.items())}Report: {options.report}")


def _workshop(options: argparse.Namespace) -> Workshop:
    """What was done before counts only where it was asked for in the same way."""
    asked = [str(value) for name, value in sorted(vars(options).items()) if name not in {"report", "cache", "show"}]
    return Workshop(options.report / f"done-{crc32(repr(asked).encode()):08x}")


def _facts(stage: Stage, training: float, everything: float) -> Row:
    targets = {name: len(rows) for name, rows in stage.split.targets.items()}
    counts = {"pictures": len(stage.pictures), "own": len(stage.split.own), "stored": len(stage.split.stored)}
    minutes = {"networks": round(training / 60, 1), "everything": round(everything / 60, 1)}
    return counts | {"targets": targets, "minutes of a processor": minutes}


def _attacked(
    stage: Stage, workshop: Workshop, seconds: float, options: argparse.Namespace
) -> tuple[Tables, NDArray[np.uint8]]:
    away = replace(stage, split=without_sets(stage.pictures, stage.split, options.elsewhere))
    for each in (stage, away):
        _ = each.basis  # before processes begin that need it
    school = School(workshop, _sight(), seconds)
    networks = school.train(_lessons(stage, away if options.elsewhere else None))
    tries = _tries(stage, networks)
    jobs = {
        f"judged-{part}-{group}": partial(_judged, stage, some, part)
        for group, some in tries.items()
        for part in stage.split.targets
    }
    if options.elsewhere:
        jobs["elsewhere"] = partial(_judged, away, _tries_elsewhere(away, networks[decoders.ELSEWHERE]), "elsewhere")
    judged = workshop.do(jobs)
    elsewhere = judged.pop("elsewhere", [])
    rebuilt = [row for rows in judged.values() for row in rows]
    tables = {"Rebuilt pictures": rebuilt, _ELSEWHERE: elsewhere, **_told(stage, workshop)}
    return tables, _grid(stage, [each for some in tries.values() for each in some], options.show)


def _lessons(stage: Stage, away: Stage | None) -> dict[str, Lesson]:
    other, own = replace(stage, rotation=rotation(b"another".ljust(32), len(stage.rotation))), stage.split.own
    lessons = {
        decoders.FEATURES: Lesson(stage, stage.own_features),
        decoders.CODES: Lesson(stage, stage.codes_turned_back(own)),
        decoders.OTHER_KEY: Lesson(stage, other.stored(own)),
    }
    return lessons if away is None else lessons | {decoders.ELSEWHERE: Lesson(away, away.own_features)}


def _tries(stage: Stage, networks: dict[str, Networks]) -> dict[str, list[attempts.Attempt]]:
    of_features = networks[decoders.FEATURES]
    decoder = of_features[decoders.FINE]
    with_codes = attempts.against_codes(stage, networks[decoders.CODES])
    return {
        "baselines": [*attempts.shrunk(stage), *attempts.baselines(stage)],
        "features": list(attempts.against_features(stage, of_features)),
        "stored": list(attempts.against_stored(stage, decoder)),
        "codes": [*with_codes, *attempts.with_another_key(stage, networks[decoders.OTHER_KEY])],
        "scores": list(attempts.against_scores(stage, decoder)),
    }


def _tries_elsewhere(away: Stage, networks: Networks) -> list[attempts.Attempt]:
    return [*attempts.baselines(away), *attempts.against_features(away, networks)]


def _judged(stage: Stage, tries: Sequence[attempts.Attempt], part: str) -> list[Row]:
    return list(Bench(ModelStore(Settings().models)).judged(stage, tries, part))


def _told(stage: Stage, workshop: Workshop) -> Tables:
    asked: dict[str, Callable[[Stage], Iterable[Row]]] = {
        "Labels told": labels_told,
        "Pairs of a known picture and its stored vector": by_pairs,
        "The rotation without pairs": by_clouds,
        "Features by scores": by_asking,
        "Features by scores of fewer decimals": by_rounding,
    }
    return workshop.do({title: partial(_listed, rows, stage) for title, rows in asked.items()})


def _listed(rows: Callable[[Stage], Iterable[Row]], stage: Stage) -> list[Row]:
    return list(rows(stage))


def _reduced(stage: Stage, workshop: Workshop, seconds: float) -> list[Row]:
    ways, _ = reductions(stage), stage.basis  # before processes begin that need it
    done = workshop.do({name: partial(_reduction, stage, name, seconds / len(ways)) for name in ways})
    return [row for rows in done.values() for row in rows]


def _reduction(stage: Stage, name: str, seconds: float) -> list[Row]:
    way, bench = reductions(stage)[name], Bench(ModelStore(Settings().models))
    recall = {"R@1 of labels": round(recall_at_1(stage, way), 3)}
    tried = replace(attempt(stage, way, _sight(), seconds), has=name)
    return [row | recall for part in stage.split.targets for row in bench.judged(stage, [tried], part)]


def _sight() -> Sight:
    return Sight(ModelStore(Settings().models).path(BACKBONE))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.inversion", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("data", type=Path, help="directory of labelled sets, each with a labels.csv of path,label")
    parser.add_argument("--minutes", type=float, default=60, help="of two processors, features not counted (60)")
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
