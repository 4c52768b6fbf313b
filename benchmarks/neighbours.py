"""How much slower one customer's searches get while another floods the service, with a quota and without.

    python -m benchmarks.neighbours [--seconds 15] [--threads 8] [--qps 2] [--json FILE]

A service of its own process has two instances, `a` and `b`, with a few drawn pictures each. One client searches `b`
by a picture, one search after the other: alone, while threads search `a` as fast as they can, and while they do so
under a quota. The threads do not wait after a refusal, as a badly written client would. Flood and service share the
machine's processors, so the figures are the ratios within one run.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

import httpx
import numpy as np
from PIL import Image

_PICTURES = 12


@dataclass(frozen=True)
class Row:
    """One situation.

    Attributes:
        situation: what `a` does meanwhile.
        searches: that `b` made.
        p50, p99: milliseconds of each.
        answered, refused: calls a second of `a`.
    """

    situation: str
    searches: int
    p50: float
    p99: float
    answered: float
    refused: float


@contextmanager
def flood(address: str, key: str, threads: int) -> Iterator[Counter[int]]:
    """Search `a` as fast as threads can while the block runs; gives the count of answers by status."""
    statuses: Counter[int] = Counter()
    stop = threading.Event()

    def run() -> None:
        picture, headers = drawn(99), {"authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
            while not stop.is_set():
                statuses[client.post("/api/v1/instances/a/search", files={"file": picture}).status_code] += 1

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in running:
            thread.join()


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15, help="of each situation")
    parser.add_argument("--threads", type=int, default=8, help="of the flood")
    parser.add_argument("--qps", type=float, default=2, help="quota of the flooded instance")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "data") as (address, key):
        rows = measure(address, key, options)
    print(f"{'a meanwhile':24} searches   p50 ms   p99 ms  p50 ÷  p99 ÷    a/s   429/s")
    for row in rows:
        ratios = f"{row.p50 / rows[0].p50:6.2f} {row.p99 / rows[0].p99:6.2f}"
        print(
            f"{row.situation:24} {row.searches:8d} {row.p50:8.1f} {row.p99:8.1f} {ratios} "
            f"{row.answered:6.1f} {row.refused:7.1f}"
        )
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def measure(address: str, key: str, options: argparse.Namespace) -> list[Row]:
    """Fill both instances and measure the situations, one after the other."""
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=120) as client:
        for name in ("a", "b"):
            client.post("/instances", json={"name": name, "type": "product"}).raise_for_status()
            for number in range(_PICTURES):
                fields = {"product_id": f"p{number}", "pic_name": "x"}
                client.post(
                    f"/instances/{name}/pictures", data=fields, files={"file": drawn(number)}
                ).raise_for_status()
        keys = {}
        for name in ("a", "b"):
            made = client.post("/keys", json={"role": "reader", "instances": [name]}).raise_for_status().json()
            keys[name] = f"{made['id']}:{made['secret']}"
        _searching(address, keys["b"], 2)
        alone = _row("nothing", _searching(address, keys["b"], options.seconds), Counter(), options.seconds)
        flooded = _flooded("floods", address, keys, options)
        client.patch("/instances/a", json={"qps": options.qps}).raise_for_status()
        held = _flooded(f"floods, quota {options.qps:g}/s", address, keys, options)
    return [alone, flooded, held]


def _flooded(situation: str, address: str, keys: dict[str, str], options: argparse.Namespace) -> Row:
    with flood(address, keys["a"], options.threads) as statuses:
        times = _searching(address, keys["b"], options.seconds)
        counted = statuses.copy()
    return _row(situation, times, counted, options.seconds)


def _searching(address: str, key: str, seconds: float) -> list[float]:
    """Search `b` for some seconds, at least once; milliseconds of each search, all of which must be answered."""
    picture = drawn(3)
    times: list[float] = []
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
        until = time.perf_counter() + seconds  # not sooner: to make the client takes a busy machine a second
        while (begun := time.perf_counter()) < until or not times:
            client.post("/api/v1/instances/b/search", files={"file": picture}).raise_for_status()
            times.append(1000 * (time.perf_counter() - begun))
    return times


def _row(situation: str, times: list[float], statuses: Counter[int], seconds: float) -> Row:
    p50, p99 = (float(np.percentile(times, each)) for each in (50, 99))
    return Row(situation, len(times), p50, p99, statuses[200] / seconds, statuses[429] / seconds)


@contextmanager
def served(data: Path) -> Iterator[tuple[str, str]]:
    """A service in a process of its own: its address and an admin key."""
    command = [sys.executable, "-m", "similis", "serve", "--port", "0", "--data", str(data), "--show-key", "--json"]
    quiet = {**os.environ, "SIMILIS_LOG_LEVEL": "warning"}  # else a line for each call
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet) as process:  # noqa: S603 - our own
        stdout = cast("IO[str]", process.stdout)
        try:
            announced = ""
            while not announced.endswith("}\n"):
                announced += stdout.readline()
            found = json.loads(announced)
            yield found["address"], found["key"]
        finally:
            process.terminate()


def drawn(number: int) -> bytes:
    """A picture of coloured squares, its own for every number."""
    squares = np.random.default_rng(number).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(squares).resize((240, 240), Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()


if __name__ == "__main__":
    main()
