"""What `strace` writes down is read: contents, places, and what it cannot see."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from similis.audit._tracing import command, read_logs, why_not

_PROGRAM = """
import mmap, os, tempfile
with tempfile.TemporaryFile() as file:
    file.write(b'unlinked "\\xff' * 3)
descriptor = os.open('kept', os.O_CREAT | os.O_WRONLY)
os.pwrite(descriptor, b'here', 10)
os.writev(descriptor, [b'one', b'two'])
memory = os.memfd_create('hidden')
os.ftruncate(memory, 4096)
mmap.mmap(memory, 4096)[:3] = b'abc'
os.write(1, b'said')
read, write = os.pipe()
os.write(write, b'passed on')
"""


@pytest.mark.skipif(why_not() is not None, reason="nothing can be traced here")
def test_what_a_program_writes_is_seen(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    with (tmp_path / "out").open("wb") as out:
        run = [*command(tmp_path / "logs" / "log"), sys.executable, "-c", _PROGRAM]
        subprocess.run(run, stdout=out, cwd=tmp_path, check=True)
    for _ in range(100):  # the tracer ends after the program
        traced = read_logs(tmp_path / "logs")
        if any(path.endswith("out") for _, path in traced.writes):
            break
        time.sleep(0.05)
    writes = {Path(path).name: bytes(data) for (_, path), data in traced.writes.items()}
    assert writes["kept"] == b"hereonetwo"
    assert writes["out"] == b"said"
    assert b'unlinked "\xff' * 3 in writes.values()
    assert b"passed on" not in writes.values()
    assert str(tmp_path / "kept") in traced.opened
    assert {each for each in traced.unseen if "hidden" in each} == {
        "memfd_create of hidden", "mmap of /memfd:hidden",
    }  # fmt: skip
    assert traced.torn == 0


def test_torn_lines_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    (tmp_path / "log.1").write_text('write(3<\\x2f\\x61>, "\\x62\\x63\\x6\n\\x41\\x42", 7) = 7\n')
    traced = read_logs(tmp_path)
    assert traced.writes["log.1", "/a"] == b"bc"
    assert traced.torn == 1
    assert any("1 lines" in note for note in traced.notes())


def test_what_is_cut_short_counts_as_not_seen(tmp_path: Path) -> None:
    (tmp_path / "log.1").write_text('write(3<\\x2f\\x61>, "\\x62"..., 7000) = 7000\n')
    assert read_logs(tmp_path).unseen == {"write to /a"}


def test_it_is_told_why_nothing_can_be_traced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert why_not() == "strace is not installed"
    assert shutil.which("strace") is None
    (tmp_path / "strace").write_text("#!/bin/sh\necho 'strace: not permitted' >&2\nexit 1\n")
    os.chmod(tmp_path / "strace", 0o755)  # noqa: PTH101, S103 - a program
    assert "not permitted" in str(why_not())
