"""While Similis is open, the linear algebra library keeps to one thread; later it has as many as before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import similis
from similis.service._blas import OneBlasThread


def _threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a program of somebody else's has them that has nothing open; the tests' own process has one thread."""
    monkeypatch.setattr(OneBlasThread, "_holders", set())
    with threadpool_limits(limits=2, user_api="blas"):
        yield


def test_one_thread_while_it_is_open(tmp_path: Path) -> None:
    assert _threads() == {2}
    with similis.open(tmp_path / "data"):
        assert _threads() == {1}
    assert _threads() == {2}


def test_the_last_one_to_be_closed_gives_them_back(tmp_path: Path) -> None:
    first, second = similis.open(tmp_path / "first"), similis.open(tmp_path / "second")
    first.close()
    first.close()
    assert _threads() == {1}
    second.close()
    assert _threads() == {2}


def test_what_cannot_be_opened_keeps_no_threads(tmp_path: Path) -> None:
    with similis.open(tmp_path / "data"), pytest.raises(similis.SimilisError, match="in use"):
        similis.open(tmp_path / "data")
    assert _threads() == {2}
