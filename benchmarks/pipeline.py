"""Milliseconds a picture by stage: a 1-megapixel JPEG, one thread, against one bare pass of the backbone.

    python benchmarks/pipeline.py [--rounds 30] [--subject-finder fast|precise] [--json FILE]

Bare passes and whole pictures take turns, so that a noisy machine slows both; medians are shown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from similis.algorithm import Manifest, ModelStore, Pipeline, SubjectMode
from similis.algorithm._runtime import cpu_session
from similis.evaluation._load_pictures import HEIGHT, WIDTH, photograph
from similis.service import Settings

BACKBONE = "efficientnet-lite2"
TARGET = 2.5


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--subject-finder", type=SubjectMode, choices=list(SubjectMode), default=SubjectMode.FAST)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with threadpool_limits(limits=1, user_api="blas"):
        results = measure(ModelStore(Settings().models), photograph(2), options.rounds, options.subject_finder)
    print_table(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def measure(store: ModelStore, data: bytes, rounds: int, finder: SubjectMode) -> dict[str, object]:
    """Median milliseconds of each stage, of the whole and of the bare backbone, with their ratio."""
    pipeline = Pipeline.load(store, finder=finder)
    backbone = BareBackbone(store.path(BACKBONE), store.manifest(BACKBONE))
    pipeline.analyse(data)
    backbone.milliseconds()
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        times["bare backbone"].append(backbone.milliseconds())
        started = time.perf_counter()
        analysis = pipeline.analyse(data)
        times["whole"].append(1000 * (time.perf_counter() - started))
        for stage, spent in analysis.milliseconds.items():
            times[stage].append(spent)
    medians = {stage: round(statistics.median(spent), 2) for stage, spent in times.items()}
    bare, whole = medians.pop("bare backbone"), medians.pop("whole")
    return {
        "model": pipeline.model,
        "subject_finder": finder,
        "picture": {"width": WIDTH, "height": HEIGHT, "bytes": len(data)},
        "rounds": rounds,
        "stages_ms": medians,
        "whole_ms": whole,
        "bare_backbone_ms": bare,
        "ratio": round(whole / bare, 2),
    }


class BareBackbone:
    """The network alone, on a tensor that is ready."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._session = cpu_session(path, threads=1)
        spec = manifest.picture_input()
        shape = (1, 3, spec.height, spec.width)
        self._feed = {self._session.get_inputs()[0].name: np.zeros(shape, np.float32)}
        self._outputs = [manifest.outputs["feature_map"]]

    def milliseconds(self) -> float:
        """Time of one pass."""
        started = time.perf_counter()
        self._session.run(self._outputs, self._feed)
        return 1000 * (time.perf_counter() - started)


def print_table(results: dict[str, object]) -> None:
    """Stages from top to bottom, then the ratio."""
    stages = results["stages_ms"]
    assert isinstance(stages, dict)  # noqa: S101 - built above
    rows = [*stages.items(), ("whole", results["whole_ms"]), ("bare backbone", results["bare_backbone_ms"])]
    print(f"{'stage':<16}{'ms':>9}")
    for name, spent in rows:
        print(f"{name:<16}{spent:>9.2f}")
    print(f"{'ratio':<16}{results['ratio']:>9}   (target: at most {TARGET})")


if __name__ == "__main__":
    main()
