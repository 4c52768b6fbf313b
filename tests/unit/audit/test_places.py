"""Places are searched as a thief would: rows over many pages, files that are gone, mappings."""

from __future__ import annotations

import contextlib
import mmap
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from similis.audit._places import files, memory, open_files, sqlite_files, tables


def test_files_are_read_but_not_those_passed_over_or_old(tmp_path: Path) -> None:
    for name in ("a/one", "a/deep/two", "b/three"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = {Path(place).name: bytes(data) for place, data in files([tmp_path], without=[tmp_path / "b"])}
    assert found == {"one": b"a/one", "two": b"a/deep/two"}
    assert not list(files([tmp_path], since=time.time() + 60))
    assert len(list(files([tmp_path], since=time.time() - 60))) == 3


def test_values_are_put_together_from_their_pages(tmp_path: Path) -> None:
    value = os.urandom(30_000)
    with contextlib.closing(sqlite3.connect(tmp_path / "any.db")) as database, database:
        database.execute('CREATE TABLE "odd name" (number INTEGER, content BLOB, text TEXT)')
        database.execute('INSERT INTO "odd name" VALUES (7, ?, ?)', (value, "t" * 100))
    (tmp_path / "other").write_text("no database")
    (path,) = sqlite_files(tmp_path)
    assert [bytes(data) for _, data in tables(f"sqlite:///{path}")] == [value, b"t" * 100]


def test_open_files_are_read_when_they_are_gone_and_what_is_mapped(tmp_path: Path) -> None:
    with tempfile.TemporaryFile(dir=tmp_path) as file, (tmp_path / "mapped").open("w+b") as under:
        file.write(b"gone")
        file.flush()
        under.truncate(4096)
        memory = mmap.mmap(under.fileno(), 4096)
        memory[:6] = b"mapped"
        found = [bytes(data) for place, data in open_files([os.getpid()]) if str(tmp_path) in place]
        memory.close()
    assert b"gone" in found
    assert any(data.startswith(b"mapped") for data in found)


def test_memory_is_read() -> None:
    kept = os.urandom(3000)
    assert any(kept in data for data in memory([os.getpid()]))
