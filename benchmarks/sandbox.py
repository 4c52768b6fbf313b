"""What decoding in a sandbox costs: pictures decoded inside and in a sandbox, beside their whole analysis.

    python -m benchmarks.sandbox [--rounds 30] [--json FILE]

All three take turns, so that a noisy machine slows them alike; medians are shown.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from PIL import Image

from similis.algorithm import ModelStore, Pipeline, decode
from similis.evaluation._load_pictures import photograph
from similis.service import Settings
from similis.service._sandbox import Sandbox

_SIZES = ((576, 434), (1152, 868), (4000, 3000))


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    sandbox = Sandbox(1)
    pipeline = Pipeline.load(ModelStore(Settings().models))
    ways: Mapping[str, Callable[[bytes], object]] = {
        "inside": decode, "sandbox": sandbox.decode, "analysis": pipeline.analyse,
    }  # fmt: skip
    results = [measure(ways, width, height, options.rounds) for width, height in _SIZES]
    sandbox.close()
    print_table(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def measure(
    ways: Mapping[str, Callable[[bytes], object]], width: int, height: int, rounds: int
) -> dict[str, float | str]:
    """Median milliseconds of each way for a JPEG of these sides, and what the sandbox adds to an analysis."""
    data = resized(photograph(2), width, height)
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way(data)
            times[name].append(1000 * (time.perf_counter() - started))
    medians = {name: statistics.median(spent[1:]) for name, spent in times.items()}
    added = (medians["sandbox"] - medians["inside"]) / medians["analysis"]
    return {
        "picture": f"{width}×{height}",
        **{name: round(spent, 2) for name, spent in medians.items()},
        "added": added,
    }


def resized(data: bytes, width: int, height: int) -> bytes:
    """The picture in another size, as a JPEG again."""
    with Image.open(io.BytesIO(data)) as image, io.BytesIO() as file:
        image.resize((width, height)).save(file, "JPEG", quality=85)
        return file.getvalue()


def print_table(results: list[dict[str, float | str]]) -> None:
    """A line a size."""
    print(f"{'picture':<12}{'inside ms':>12}{'sandbox ms':>12}{'analysis ms':>13}   added to the analysis")
    for each in results:
        print(
            f"{each['picture']:<12}{each['inside']:>12}{each['sandbox']:>12}{each['analysis']:>13}"
            f"{float(each['added']):>14.0%}"
        )


if __name__ == "__main__":
    main()
