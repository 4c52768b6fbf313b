import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from similis.catalogue import Catalogue

_KILLS = 25
Start = Callable[..., "Popen[str]"]
Open = Callable[[str], Catalogue]


def test_what_was_acknowledged_outlives_kills(tmp_path: Path, start: Start, open_shop: Open) -> None:
    _kill_and_check(tmp_path, start, open_shop, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_was_acknowledged_outlives_hundreds_of_kills(tmp_path: Path, start: Start, open_shop: Open) -> None:
    for seed in range(1, 11):
        directory = tmp_path / str(seed)
        directory.mkdir()
        _kill_and_check(directory, start, open_shop, seed)


def _kill_and_check(directory: Path, start: Start, open_shop: Open, seed: int) -> None:
    url, chance = f"sqlite:///{directory}/catalogue.sqlite", random.Random(seed)  # noqa: S311 - no secret
    open_shop(url).close()
    acknowledged = []
    with start("killed", url, _KILLS) as processes:
        for _ in range(_KILLS):
            acknowledged.append(_kill_one(processes, chance))
            stored = _stored(open_shop(url))
            for run, said in enumerate(acknowledged):
                _check(stored.get(run, set()), said)
    assert sum(map(len, acknowledged)) > _KILLS


def _kill_one(processes: "Popen[str]", chance: random.Random) -> list[str]:
    """Kill a process somewhere among its first writes and return what it had acknowledged."""
    output, request = processes.stdout, processes.stdin
    assert output is not None
    assert request is not None
    request.write("next\n")
    request.flush()
    process = int(output.readline().removeprefix("process "))
    said = [output.readline().strip() for _ in range(chance.randrange(12))]
    assert not {"ended", ""}.intersection(said), "the process ended by itself"
    time.sleep(chance.random() * 0.006)
    os.kill(process, signal.SIGKILL)
    for line in output:
        if line.strip() == "ended":
            return said
        said.append(line.strip())
    pytest.fail("the processes ended by themselves")


def _stored(catalogue: Catalogue) -> dict[int, set[int]]:
    """Numbers of the stored pictures by run, once each was found to be whole."""
    instance = catalogue.instance("shop")
    pictures = catalogue.pictures(instance, catalogue.select_ids(instance, None, None).tolist())
    vectors = catalogue.vectors(instance, list(pictures))
    numbers: dict[int, set[int]] = {}
    for kept in pictures.values():
        run, number = int(kept.picture.key.product_id.removeprefix("run ")), int(kept.picture.key.pic_name)
        assert kept.picture.custom_content == f"content {number}"
        assert set(vectors[kept.id]) == {number}
        numbers.setdefault(run, set()).add(number)
    catalogue.close()
    return numbers


def _check(there: set[int], said: list[str]) -> None:
    """All that was acknowledged is there, and beyond it at most the one step that could not be acknowledged."""
    expected: set[int] = set()
    following = 0
    for verb, number in (line.split() for line in said):
        if verb == "added":
            expected.add(int(number))
            following = int(number) + 1
        else:
            expected.remove(int(number))
    assert there - expected <= {following}
    assert expected - there <= {following - 2}
    assert len(there ^ expected) <= 1
