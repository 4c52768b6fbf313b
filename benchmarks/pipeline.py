"""Milliseconds a picture by stage, one thread, against one bare pass of the backbone.

    python benchmarks/pipeline.py [--rounds 30] [--pictures FOLDER] [--subject-finder fast|precise] [--json FILE]

The picture is a 1-megapixel JPEG that is drawn and looked at once, or those of a folder, so many drawn by lot. Bare
passes, whole pictures and bare glances take turns, so that a noisy machine slows all; medians are shown, and besides
the ratio of means. The stage `backbone` holds the squashing, the pass, the glance at 128 × 128, and a second look
where a subject is small: what that takes is seen in the mean.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from similis.algorithm import Manifest, ModelStore, Pipeline, SubjectMode
from similis.algorithm._backbone import GLANCE_SIDE
from similis.algorithm._runtime import cpu_session
from similis.evaluation._enlarge import enlarged
from similis.evaluation._load_pictures import photograph
from similis.service import Settings

BACKBONE = "efficientnet-lite2"
TARGET = 2.5


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--subject-finder", type=SubjectMode, choices=list(SubjectMode), default=SubjectMode.FAST)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    pictures = drawn(options.pictures, options.rounds) if options.pictures else [photograph(2)]
    with threadpool_limits(limits=1, user_api="blas"):
        results = measure(ModelStore(Settings().models), pictures, options.rounds, options.subject_finder)
    print_table(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def drawn(folder: Path, count: int) -> list[bytes]:
    """Some of the JPEG pictures in a folder and below, the same ones each time; too small ones are enlarged."""
    files = sorted(folder.rglob("*.jp*g"))
    chosen = np.random.default_rng(0).permutation(len(files))[:count]
    return [enlarged(files[place].read_bytes()) for place in chosen]


def measure(store: ModelStore, pictures: Sequence[bytes], rounds: int, finder: SubjectMode) -> dict[str, object]:
    """Median milliseconds of each stage, of the whole and of the bare backbone; their ratio, and that of means."""
    pipeline = Pipeline.load(store, finder=finder)
    backbone = BareBackbone(store.path(BACKBONE), store.manifest(BACKBONE))
    pipeline.analyse(pictures[0])
    backbone.milliseconds()
    backbone.milliseconds(GLANCE_SIDE)
    times: dict[str, list[float]] = defaultdict(list)
    for place in range(rounds):
        times["bare backbone"].append(backbone.milliseconds())
        times["bare glance"].append(backbone.milliseconds(GLANCE_SIDE))
        started = time.perf_counter()
        analysis = pipeline.analyse(pictures[place % len(pictures)])
        times["whole"].append(1000 * (time.perf_counter() - started))
        for stage, spent in analysis.milliseconds.items():
            times[stage].append(spent)
    medians = {stage: round(statistics.median(spent), 2) for stage, spent in times.items()}
    bare, glance, whole = (medians.pop(name) for name in ("bare backbone", "bare glance", "whole"))
    return {
        "model": pipeline.model,
        "subject_finder": finder,
        "pictures": len(pictures),
        "rounds": rounds,
        "stages_ms": medians,
        "whole_ms": whole,
        "bare_backbone_ms": bare,
        "bare_glance_ms": glance,
        "ratio": round(whole / bare, 2),
        "ratio_of_means": round(sum(times["whole"]) / sum(times["bare backbone"]), 2),
    }


class BareBackbone:
    """The network alone, on a tensor that is ready."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._session = cpu_session(path, threads=1)
        self._side = manifest.picture_input().height
        self._input = self._session.get_inputs()[0].name
        self._outputs = [manifest.outputs["feature_map"]]

    def milliseconds(self, side: int | None = None) -> float:
        """Time of one pass, over a picture of the usual side unless another is given."""
        side = side or self._side
        feed = {self._input: np.zeros((1, 3, side, side), np.float32)}
        started = time.perf_counter()
        self._session.run(self._outputs, feed)
        return 1000 * (time.perf_counter() - started)


def print_table(results: dict[str, object]) -> None:
    """Stages from top to bottom, then the ratio."""
    stages = results["stages_ms"]
    assert isinstance(stages, dict)  # noqa: S101 - built above
    alone = [(name, results[f"{name.replace(' ', '_')}_ms"]) for name in ("bare glance", "bare backbone")]
    rows = [*stages.items(), ("whole", results["whole_ms"]), *alone]
    print(f"{'stage':<16}{'ms':>9}")
    for name, spent in rows:
        print(f"{name:<16}{spent:>9.2f}")
    print(f"{'ratio':<16}{results['ratio']:>9}   (target: at most {TARGET})")
    print(f"{'of means':<16}{results['ratio_of_means']:>9}")


if __name__ == "__main__":
    main()
