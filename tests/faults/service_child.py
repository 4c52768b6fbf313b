"""Programs that meet with an accident while they use a whole service; run by the tests beside this file.

    service_child.py killed DATA SEED    for each number of a run read, start a process that works until it is killed

They say on their standard output what they were told is done.
"""

import os
import random
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.shadow import Operation, operations

from similis.service import App, Settings


def settings(data: Path) -> Settings:
    """An index goes to disk with 150 pictures, and again with every 60 changes."""
    return Settings(data=data, exact_below=150, threads=1)


def work_of(seed: int, run: int) -> Iterator[Operation]:
    """What a run does, always the same."""
    return operations(random.Random(f"{seed} {run}"), 1_000_000 * run)  # noqa: S311 - no secret


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def work_for_ever(data: Path, seed: int, run: int) -> None:
    app = App.open(settings(data))
    say("opened")
    for operation in work_of(seed, run):
        operation.run(app)
        say("done")


def killed(data: Path, seed: int) -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            say(f"process {os.getpid()}")
            try:
                work_for_ever(data, seed, int(line))
            finally:
                traceback.print_exc()
                os._exit(1)  # exit handlers of libraries may wait for threads that a fork does not have
        os.waitpid(child, 0)
        say("ended")


if __name__ == "__main__":
    _mode, _data, *_rest = sys.argv[1:]
    killed(Path(_data), int(_rest[0]))
