"""Jobs of the red team: each in a process of its own, and none of them twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from benchmarks.inversion._side_by_side import Workshop


def _spend() -> int:
    return sum(range(300_000))


def _fail() -> int:
    raise ValueError


def test_each_job_has_a_process_of_its_own(tmp_path: Path) -> None:
    done = Workshop(tmp_path / "done").do(dict.fromkeys(("one", "two", "three"), os.getpid))
    assert list(done) == ["one", "two", "three"]
    assert len({os.getpid(), *done.values()}) == 4


def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    first = Workshop(tmp_path).do({"job": os.getpid})
    assert Workshop(tmp_path).do({"job": os.getpid, "other": os.getpid})["job"] == first["job"]


def test_processor_time_of_all_jobs_is_counted(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path)
    assert workshop.processor_seconds() == 0
    workshop.do({"a": _spend})
    one = workshop.processor_seconds()
    workshop.do({"b": _spend})
    assert 0 < one < workshop.processor_seconds()


def test_a_failed_job_is_named_and_the_others_are_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match=r"see above: bad\."):
        Workshop(tmp_path).do({"bad": _fail, "good": _spend})
    assert "ValueError" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["good.pickle"]
