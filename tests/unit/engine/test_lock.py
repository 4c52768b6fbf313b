import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from similis.engine._lock import ReadWriteLock

_SOON = 5.0


def test_readers_run_together() -> None:
    lock, together = ReadWriteLock(), threading.Barrier(3, timeout=_SOON)

    def read() -> None:
        with lock.reading():
            together.wait()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(read) for _ in range(3)]:
            done.result(_SOON)


def test_a_writer_runs_alone() -> None:
    lock, inside, most, written = ReadWriteLock(), 0, 0, 0

    def write() -> None:
        nonlocal inside, most, written
        for _ in range(50):
            with lock.writing():
                inside += 1
                most = max(most, inside)
                written += 1
                time.sleep(0)
                inside -= 1

    def read() -> None:
        for _ in range(50):
            with lock.reading():
                assert inside == 0

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(job) for job in (write, write, write, read, read, read)]:
            done.result(_SOON)
    assert (most, written) == (1, 150)


def test_a_waiting_writer_goes_before_new_readers() -> None:
    lock, order = ReadWriteLock(), list[str]()
    first_reads, may_end = threading.Event(), threading.Event()

    def first_reader() -> None:
        with lock.reading():
            first_reads.set()
            may_end.wait(_SOON)

    def writer() -> None:
        with lock.writing():
            order.append("writer")

    def late_reader() -> None:
        with lock.reading():
            order.append("reader")

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(first_reader)]
        first_reads.wait(_SOON)
        jobs.append(pool.submit(writer))
        while not lock._waiting_writers:
            time.sleep(0.001)
        jobs.append(pool.submit(late_reader))
        time.sleep(0.02)
        may_end.set()
        for job in jobs:
            job.result(_SOON)
    assert order == ["writer", "reader"]


def test_an_error_inside_frees_the_lock() -> None:
    lock = ReadWriteLock()
    for hold in (lock.reading, lock.writing):
        with pytest.raises(RuntimeError), hold():
            raise RuntimeError
    with lock.writing():
        pass
