"""Nonces of signed requests, remembered until the signature is too old to be accepted anyway.

A call may go on when its nonce is on the disk, which takes longer than all the rest of a light call. So calls that
come while one is being written wait for it, and then all of them are written by one commit.

What is over by a clock that has jumped forward is not forgotten for a day, lest it be taken again when the clock is
set back.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from similis.catalogue._database import Database
from similis.catalogue._inserting import insert_all_new
from similis.catalogue._steady_time import SteadyTime
from similis.catalogue._tables import nonce as nonce_table
from similis.domain import StorageFailed


class Nonces:
    """Notes nonces, several at once where several callers wait."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._time = SteadyTime()
        self._changed = threading.Condition()
        self._waiting: list[_Note] = []
        self._writing = False

    def remember(self, key_id: str, nonce: str, *, until: datetime, now: datetime) -> bool:
        """Note a nonce of a key until a moment and return whether it is new; those whose time is over are removed.

        Raises:
            StorageFailed: it could not be written.
        """
        note = _Note(_digest(key_id, nonce), until, now)
        with self._changed:
            self._waiting.append(note)
            self._changed.wait_for(lambda: note.written or not self._writing)
            taken = self._take() if not note.written else []
        if taken:
            self._write(taken)
        if note.failure is not None:
            raise StorageFailed(note.failure.message, note.failure.hint)
        return note.new

    def knows(self, key_id: str, nonce: str) -> bool:
        """Whether a nonce of a key is noted."""
        found = select(nonce_table.c.digest).where(nonce_table.c.digest == _digest(key_id, nonce))
        with self._database.reading() as connection:
            return connection.execute(found).first() is not None

    def _take(self) -> list[_Note]:
        notes, self._waiting, self._writing = self._waiting, [], True
        return notes

    def _write(self, notes: Sequence[_Note]) -> None:
        failure: StorageFailed | None = StorageFailed("The call could not be noted.", "Look into the service's log.")
        try:
            with self._database.noting() as connection:
                _forget(connection, self._time.believed(min(note.now for note in notes)))
                _note(connection, notes)
            failure = None
        except StorageFailed as error:
            failure = error
        finally:
            with self._changed:
                for each in notes:
                    each.failure, each.written = failure, True
                self._writing = False
                self._changed.notify_all()


@dataclass(slots=True)
class _Note:
    digest: bytes
    until: datetime
    now: datetime
    new: bool = False
    written: bool = False
    failure: StorageFailed | None = None


def _note(connection: Connection, notes: Sequence[_Note]) -> None:
    # In this order, lest two gateways that note the same ones wait for each other.
    rows = [{"digest": each.digest, "until": each.until} for each in sorted(notes, key=lambda note: note.digest)]
    inserted = {row.digest for row in insert_all_new(connection, nonce_table, rows)}
    for note in notes:
        note.new = note.digest in inserted
        inserted.discard(note.digest)  # of two equal ones, the second is a repetition


def _forget(connection: Connection, now: datetime) -> None:
    # What another gateway is removing is left to it: two that wait for each other's rows would be stuck.
    over = select(nonce_table.c.digest).where(nonce_table.c.until < now).with_for_update(skip_locked=True)
    connection.execute(delete(nonce_table).where(nonce_table.c.digest.in_(over)))


def _digest(key_id: str, nonce: str) -> bytes:
    # A digest, because callers choose length and characters of a nonce.
    return hashlib.sha256(f"{key_id}\n{nonce}".encode()).digest()
