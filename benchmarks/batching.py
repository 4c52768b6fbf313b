"""What a pass over several waiting pictures at once would gain over one pass each, and whether bits stay the same.

    python -m benchmarks.batching [--rounds 15] [--json FILE]

For the backbone, which takes most of the time of a picture: processor time of a picture in batches of several sizes,
on one thread, divided by that of a batch of one; and the largest difference between the outputs of the same picture,
alone and in a batch. All sizes take turns, so that a noisy machine slows all of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similis.algorithm import ModelStore
from similis.algorithm._runtime import cpu_session
from similis.service import Settings

BACKBONE = "efficientnet-lite2"
SIZES = (1, 2, 4, 8, 16)


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures = measure(ModelStore(Settings().models), options.rounds)
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(store: ModelStore, rounds: int, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Milliseconds of a picture, and differences, by size of the batch."""
    manifest = store.manifest(BACKBONE)
    session = cpu_session(store.path(BACKBONE), threads=1)
    name, output = session.get_inputs()[0].name, manifest.outputs["feature_map"]
    spec = manifest.picture_input()
    pixels = np.random.default_rng(1).normal(size=(max(sizes), 3, spec.height, spec.width)).astype(np.float32)

    def run(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = session.run([output], {name: batch})[0]
        return found

    alone = np.concatenate([run(pixels[row : row + 1]) for row in range(len(pixels))])
    apart = {size: float(np.abs(run(pixels[:size]) - alone[:size]).max()) for size in sizes}
    taken: dict[int, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for size in sizes:
            begun = time.process_time()
            run(pixels[:size])
            taken[size].append(1000 * (time.process_time() - begun) / size)
    milliseconds = {size: statistics.median(each) for size, each in taken.items()}
    return {
        str(size): {
            "milliseconds_a_picture": round(milliseconds[size], 2),
            "of_one_alone": round(milliseconds[size] / milliseconds[1], 3),
            "largest_difference": apart[size],
        }
        for size in sizes
    }


if __name__ == "__main__":
    main()
