"""The places that are searched: files, tables of databases, and what a running process holds open."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

SHARED = (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 - looked into, not written to
"""Where any process may put files."""

_MOST = 512 * 1024 * 1024
_SQLITE = b"SQLite format 3\0"
_LEAST_VALUE = 32  # bytes
_WRITING = os.O_WRONLY | os.O_RDWR
_SECONDS = 2  # that clocks of file systems may be behind

Place = tuple[str, bytes | memoryview]


def files(
    directories: Iterable[Path], *, since: float = 0.0, without: Iterable[Path] = (), deep: bool = True
) -> Iterator[Place]:
    """The contents of all regular files of this user below directories.

    Args:
        directories: where to look.
        since: only files changed since then, seconds since 1970.
        without: directories to pass over.
        deep: whether to look into directories below them.
    """
    passed = {str(path.absolute()) for path in without}
    for directory in directories:
        for folder, names, leaves in os.walk(directory.absolute(), onerror=lambda _: None):
            names[:] = [name for name in names if deep and os.path.join(folder, name) not in passed]  # noqa: PTH118 - of many thousands
            for leaf in leaves:
                path = os.path.join(folder, leaf)  # noqa: PTH118 - as above
                if not since or _changed(path, since):
                    yield from _file(Path(path), path)


def named_files(paths: Iterable[Path]) -> Iterator[Place]:
    """The contents of files, as far as they are there."""
    for path in paths:
        yield from _file(path, str(path))


def tables(url: str) -> Iterator[Place]:
    """All values of all rows of a database, put together from however many pages they lie in.

    Args:
        url: of a database that SQLAlchemy knows.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                name = engine.dialect.identifier_preparer.quote(table)
                rows = connection.execute(text(f"SELECT * FROM {name}"))  # noqa: S608 - the database's own name, quoted
                yield from _values(table, rows)
    except SQLAlchemyError:
        return
    finally:
        engine.dispose()


def open_files(processes: Iterable[int]) -> Iterator[Place]:
    """What processes have open for writing or mapped to be shared, deleted files too."""
    for pid in processes:
        for descriptor in _entries(Path(f"/proc/{pid}/fd")):
            if _is_written(pid, descriptor.name):
                yield from _file(descriptor, f"open in the service: {_target(descriptor)}")
        for path in _mapped(pid):
            yield from _file(path, f"mapped in the service: {_target(path)}")


def sqlite_files(directory: Path) -> Iterator[Path]:
    """The databases below a directory, whatever they are called."""
    for path in directory.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(len(_SQLITE)) == _SQLITE:
                    yield path


def memory(processes: Iterable[int]) -> Iterator[bytes]:
    """All that processes have in memory of their own, mapping by mapping."""
    for pid in processes:
        try:
            with (
                Path(f"/proc/{pid}/maps").open() as maps,
                Path(f"/proc/{pid}/mem").open("rb", buffering=0) as content,
            ):
                for start, end in _own_spans(maps):
                    with suppress(OSError, OverflowError, ValueError):  # not there to be read
                        content.seek(start)
                        yield content.read(end - start)
        except OSError:  # ended, or closed to this user
            continue


def _own_spans(maps: Iterable[str]) -> list[tuple[int, int]]:
    found = [line.split() for line in maps]
    spans = [span.split("-") for span, rights, *_ in found if rights == "rw-p"]
    return [(int(start, 16), int(end, 16)) for start, end in spans]


def _values(table: str, rows: Iterable[Iterable[object]]) -> Iterator[Place]:
    for number, row in enumerate(rows):
        for value in row:
            data = value.encode(errors="surrogateescape") if isinstance(value, str) else value
            if isinstance(data, bytes | memoryview) and len(data) >= _LEAST_VALUE:
                yield f"row {number} of table {table}", data


def _file(path: Path, name: str) -> Iterator[Place]:
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode) or not 0 < kind.st_size <= _MOST:
            return
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            view = memoryview(content)
            try:
                yield name, view
            finally:
                view.release()
    except (OSError, ValueError):  # gone, or another's
        return


def _changed(path: str, since: float) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return found.st_uid == os.geteuid() and max(found.st_mtime, found.st_ctime) >= since - _SECONDS


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_written(pid: int, descriptor: str) -> bool:
    try:
        lines = Path(f"/proc/{pid}/fdinfo/{descriptor}").read_text().splitlines()
    except OSError:
        return False
    flags = next((int(line.split()[1], 8) for line in lines if line.startswith("flags:")), 0)
    return bool(flags & _WRITING)


def _mapped(pid: int) -> Iterator[Path]:
    try:
        lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        span, rights, *_ = line.split()
        if rights.startswith("rw-s"):
            yield Path(f"/proc/{pid}/map_files/{span}")


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return str(link)
