"""Connections and transactions."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing, contextmanager
from typing import TypeVar, cast

from sqlalchemy import Connection, func, make_url, select

from similis.catalogue._failures import storage_failures
from similis.catalogue._postgresql import is_alone, open_postgresql
from similis.catalogue._sqlite import Version, open_sqlite
from similis.domain import StorageFailed

_Asked = TypeVar("_Asked", bound=Hashable)
_Read = TypeVar("_Read")


class NotRemembered(Exception):
    """What is asked for is not in memory."""


class Database:
    """A SQL database with many readers and, in this process, one writer at a time.

    Args:
        url: of the database.
        read_only: only read a file that another process of this machine writes.

    Attributes:
        shared: whether other processes may use it meanwhile.
        file: of the database; None where it has none of its own.
        keyring: id of the keyring that seals what is written, once that is known.
    """

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        parsed = make_url(url)
        self.shared = parsed.get_backend_name() == "postgresql"
        self.file = None if self.shared else parsed.database
        with storage_failures():
            opened = open_postgresql(parsed) if self.shared else open_sqlite(parsed, read_only=read_only)
            self._reader, self._writer = opened
            self._version = Version(self.file) if read_only and self.file is not None else None
        self.keyring: str | None = None
        self._write_lock = threading.Lock()
        self._named_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._held = threading.local()
        self._writes = 0
        self._committing = False
        self._remembered: tuple[int, dict[tuple[object, ...], object]] = (0, {})
        self._closed = False
        self._failed: StorageFailed | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot of the data; within a block of `snapshot` that of the block.

        Raises:
            StorageFailed: the database cannot be read.
        """
        held: Connection | None = getattr(self._held, "connection", None)
        with storage_failures():
            if held is not None:
                yield held
                return
            with self._fresh() as connection:
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """A block in which all that this thread reads is of one moment, which takes less than one snapshot each.

        Raises:
            StorageFailed: the database cannot be read.
        """
        with storage_failures(), self._fresh() as connection:
            self._held.connection = connection
            try:
                yield
            finally:
                self._held.connection = None

    @contextmanager
    def _fresh(self) -> Iterator[Connection]:
        self._check_usable()
        with self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, on disk when the block ends and undone when it raises.

        In a shared database others write at the same time: whoever changes an instance reserves it first.

        Raises:
            StorageFailed: the database cannot be written.
        """
        self._check_usable()
        with self._write_lock:
            try:
                with self._transaction() as connection:
                    yield connection
                    self._committing = True  # others may see what was written before this thread is told so
            finally:
                self._writes += 1
                self._remembered = self._writes, {}
                self._committing = False

    @contextmanager
    def noting(self) -> Iterator[Connection]:
        """One transaction as `writing` has, that changes nothing of what searches remember.

        Raises:
            StorageFailed: the database cannot be written.
        """
        self._check_usable()
        with self._write_lock, self._transaction() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._check_open()
        with storage_failures(), self._writer.begin() as connection:
            yield connection

    def remembered(self, read: Callable[[Connection, _Asked], _Read], asked: _Asked) -> _Read:
        """Read something that every search asks for: once, until the process that writes does so again.

        A shared database is read each time, for others write, too.

        Raises:
            StorageFailed: the database cannot be read.
        """
        self._check_open()
        committing = self._committing  # asked first: afterwards the number is a new one
        remembered = self._known_at(self.writes())
        if not committing and (read, asked) in remembered:
            return cast("_Read", remembered[read, asked])
        with storage_failures(), self._fresh() as connection:  # not older than the number that it is remembered by
            found = read(connection, asked)
        if not self.shared:
            remembered[read, asked] = found
        return found

    @contextmanager
    def only_remembered(self) -> Iterator[None]:
        """A block in which this thread neither reads nor writes, as it must not wait.

        Raises:
            NotRemembered: it would have to.
        """
        self._held.only_remembered = True
        try:
            yield
        finally:
            self._held.only_remembered = False

    def _known_at(self, writes: int) -> dict[tuple[object, ...], object]:
        """What is remembered by a number; all by an earlier one is forgotten."""
        at, remembered = self._remembered
        if at != writes:
            remembered = {}
            self._remembered = writes, remembered
        return remembered

    def writes(self) -> int:
        """A number that changes with each transaction of the process that writes; of no use where several do."""
        return self._writes if self._version is None else self._version()

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """A block that one thread at a time runs under a name: of all processes where the database is shared.

        It may write. Others wait for it, so that whoever holds other locks must not wait here.

        Raises:
            StorageFailed: the database cannot be used.
        """
        with self._named_locks[name]:
            self._check_open()
            if not self.shared:
                yield
                return
            key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
            with storage_failures(), self._writer.begin() as connection:
                # The block may take longer than a transaction may else do nothing, which would end the lock.
                patience = func.set_config("idle_in_transaction_session_timeout", "0", True)
                connection.execute(select(patience, func.pg_advisory_xact_lock(key)))
                yield

    @contextmanager
    def writing_alone(self) -> Iterator[Connection | None]:
        """One transaction while no other process has the database open, nor comes in; None where another has.

        For what is done before this process itself begins to use the database.

        Raises:
            StorageFailed: the database cannot be written.
        """
        if self.shared:
            self._writer.dispose()  # connections at rest, each of which would count as another's
        with self.writing() as connection:
            yield connection if not self.shared or is_alone(connection) else None

    def purge(self) -> None:
        """Let what was deleted disappear from the log of a file, too, unless somebody reads it for seconds.

        A server keeps and removes its log by rules of its own.

        Raises:
            StorageFailed: the database cannot be written.
        """
        if self.shared:
            return
        with self._write_lock, storage_failures(), closing(self._writer.raw_connection()) as connection:
            self._check_open()
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Wait for a transaction that writes, then close all connections for good: another process may come now."""
        with self._write_lock:
            self._closed = True
        self._writer.dispose()
        if self._version is not None:
            self._version.close()

    def fail(self, error: StorageFailed) -> None:
        """Raise an error from now on whenever the database is used: it is damaged."""
        self._failed = error

    def _check_usable(self) -> None:
        if getattr(self._held, "only_remembered", False):
            raise NotRemembered
        self._check_open()

    def _check_open(self) -> None:
        if self._failed is not None:
            raise StorageFailed(self._failed.message, self._failed.hint)
        if self._closed:
            raise StorageFailed("The catalogue is closed.", "Open the data directory again.")
