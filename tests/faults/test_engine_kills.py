"""A service is killed while its index changes, is rebuilt and writes segments by a thread of its own."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pytest
from tests.faults.service_child import settings, work_of
from tests.shadow import Shadow, compare, holds, make_shop

from similis.service import App

_ROOT = Path(__file__).parents[2]
_QUICK, _SLOW = 4, 300


def test_what_was_acknowledged_outlives_kills(tmp_path: Path) -> None:
    Kills(tmp_path / "data", seed=0).go(_QUICK)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_was_acknowledged_outlives_hundreds_of_kills(tmp_path: Path) -> None:
    kills = int(os.environ.get("SIMILIS_TEST_KILLS", _SLOW))
    done = Kills(tmp_path / "data", seed=kills)
    done.go(kills)
    assert len(done.unfinished) > kills // 50, "hardly a kill met a segment that was being written"


@dataclass
class Kills:
    """Kills processes that work on a data directory, one after the other, and checks what they leave.

    Attributes:
        seed: of all that is random.
        acknowledged: how many operations were.
        unfinished: segments that were being written when a process was killed.
    """

    data: Path
    seed: int
    acknowledged: int = 0
    unfinished: set[Path] = field(default_factory=set)

    def go(self, kills: int) -> None:
        print(f"seed {self.seed}")  # noqa: T201 - shown with a failure
        chance, shadow = random.Random(self.seed), Shadow()  # noqa: S311 - no secret
        with App.open(settings(self.data)) as app:
            make_shop(app)
        with _processes(self.data, self.seed) as processes:
            for run in range(kills):
                done = _kill_one(processes, run, chance)
                self.acknowledged += done
                self.unfinished.update(_unfinished(self.data))
                shadow = self._check(shadow, run, done, chance)
        assert self.acknowledged > 3 * kills
        print(f"{kills} kills, {self.acknowledged} acknowledged, {len(self.unfinished)} unfinished segments")  # noqa: T201

    def _check(self, before: Shadow, run: int, done: int, chance: random.Random) -> Shadow:
        """What was acknowledged is there and, beyond it, at most the one operation that could not be."""
        operations = work_of(self.seed, run)
        for operation in islice(operations, done):
            operation.note(before)
        after = before.copy()
        next(operations).note(after)
        with App.open(settings(self.data)) as app:
            there = after if holds(app, after) else before
            compare(app, there, chance)
        return there


def _processes(data: Path, seed: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.faults.service_child", "killed", str(data), str(seed)]
    return subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _kill_one(processes: "subprocess.Popen[str]", run: int, chance: random.Random) -> int:
    """Kill a process somewhere in its work and return how many operations it had acknowledged."""
    output, request = processes.stdout, processes.stdin
    assert output is not None
    assert request is not None
    request.write(f"{run}\n")
    request.flush()
    process = int(output.readline().removeprefix("process "))
    said = [output.readline().strip() for _ in range(chance.randrange(20))]
    assert not {"ended", ""}.intersection(said), "the process ended by itself"
    time.sleep(chance.random() * chance.choice([0.01, 0.2]))
    os.kill(process, signal.SIGKILL)
    for line in output:
        if line.strip() == "ended":
            return said.count("done")
        said.append(line.strip())
    pytest.fail("the processes ended by themselves")


def _unfinished(data: Path) -> list[Path]:
    """Segments whose manifest, the last that is written, is not there."""
    return [path for path in data.glob("index/*/*/*") if not (path / "segment.json").exists()]
