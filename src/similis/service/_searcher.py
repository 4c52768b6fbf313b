"""Searches by name in a process that does nothing else: a reader of the catalogue, with a copy of the indexes.

It changes nothing. What it cannot answer as the service itself would is left to the service: an index that is not
open yet, or made for another tuning; a picture that is gone; anything that fails.
"""

from __future__ import annotations

import copyreg
import logging
import pickle
import selectors
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from multiprocessing.connection import Connection
from operator import attrgetter
from typing import Any, NamedTuple, cast

from similis.algorithm import Calibration
from similis.catalogue import Catalogue
from similis.domain import (
    Attributes,
    Instance,
    KeyringFailed,
    Match,
    PictureKey,
    SearchOptions,
    SearchResult,
    SimilisError,
    watching_stages,
)
from similis.engine import VectorIndex
from similis.service._children import begin_child
from similis.service._embedded import FAISS
from similis.service._indexes import Indexes
from similis.service._opening import InstanceSealer, open_keyring
from similis.service._ranking import Ranking
from similis.service._read_indexes import ReadIndexes
from similis.service._searched_category import inside, named_category
from similis.service._settings import Settings
from similis.service._spaces import Spaces

_KEEP_UP_SECONDS = 1.0


def _by_constructor(value: object) -> tuple[type, tuple[Any, ...]]:
    return type(value), _FIELDS[type(value)](value)


# A frozen dataclass is pickled field by field, in Python; as a call of its constructor it takes a third of the time.
_FIELDS: dict[type, Callable[[object], tuple[Any, ...]]] = {
    kind: attrgetter(*(each.name for each in fields(kind))) for kind in (Attributes, Match)
}
for kind in _FIELDS:
    copyreg.pickle(kind, _by_constructor)


class Asked(NamedTuple):
    """A search by name, and what the service knows for it already.

    Attributes:
        instance: as it is now.
        key: of the picture.
        options: what to return.
        calibration: how similarities read as scores.
        threshold: the score of a good match.
    """

    instance: Instance
    key: PictureKey
    options: SearchOptions
    calibration: Calibration
    threshold: float


class Told(NamedTuple):
    """An answer, None where there is none here; and the seconds that each stage of it took."""

    result: SearchResult | None
    stages: list[tuple[str, float]]


class Searcher:
    """Answers from a catalogue that another process writes.

    Raises:
        KeyringFailed: the key directory cannot be read.
        StorageFailed: the catalogue cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self._keyring = open_keyring(settings, create=False)
        self._catalogue = Catalogue.reader(settings.catalogue_url, InstanceSealer(self._keyring))
        self._spaces = Spaces(self._catalogue, self._keyring)
        self._files = ReadIndexes(self._catalogue, self._keyring, settings.index_directory, settings.sizing)
        self._indexes = Indexes(self._catalogue, self._spaces, {FAISS: self._files})
        self._seen = self._catalogue.writes()

    def tell(self, asked: Asked) -> Told:
        """Search, as `Search.by_name` does.

        Raises:
            KeyringFailed: the instance's key cannot be read, perhaps because the master key was changed.
        """
        stages: list[tuple[str, float]] = []
        with watching_stages(lambda name, seconds: stages.append((name, seconds))):
            try:
                return Told(self._found(asked), stages)
            except KeyringFailed:
                raise
            except SimilisError:  # the service meets it, too, and tells the caller
                return Told(None, [])

    def keep_up(self) -> None:
        """Follow what was committed although nobody searches: what was deleted must not stay in memory."""
        writes = self._catalogue.writes()
        if writes == self._seen:
            return
        with suppress(SimilisError):  # it is tried again in a second
            self._keep_up()
            if not self._indexes.renewing():  # what is being opened may lack what was committed meanwhile
                self._seen = writes

    def _keep_up(self) -> None:
        there = {each.id: each for each in self._catalogue.instances() if each.index == FAISS}
        for instance in self._indexes.instances():
            if (now := there.get(instance.id)) is None:
                self._indexes.forget(instance)
                continue
            if self._files.outdated(now, self._spaces.of(now)):
                self._indexes.renew(now)
            self._indexes.follow(now)
        for uid in self._keyring.loaded() - {each.uid for each in there.values()}:
            self._keyring.unload(uid)

    def close(self) -> None:
        """Close catalogue and indexes."""
        self._indexes.close()
        self._catalogue.close()

    def _found(self, asked: Asked) -> SearchResult | None:
        self._check_key(asked.instance)
        index = self._indexes.at_hand(asked.instance)
        if index is None:
            return None
        with self._catalogue.snapshot():  # no older than what the index has followed
            return self._searched(asked, index)

    def _check_key(self, instance: Instance) -> None:
        try:
            self._keyring.instance(instance.uid)
        except KeyringFailed:
            self._catalogue.require(instance)  # a deleted one has no key, which is no reason to end
            raise

    def _searched(self, asked: Asked, index: VectorIndex) -> SearchResult | None:
        begun = time.perf_counter()
        instance, options = asked.instance, asked.options
        stored = self._catalogue.described(instance, asked.key)
        category = named_category(instance, options, stored.picture)
        within, curve = inside(instance, category), asked.calibration
        ranking = Ranking(self._catalogue, instance, index, curve, stored.vector, options, within, stored)
        matches, found = ranking.page()
        spent = {"search": 1000 * (time.perf_counter() - begun)}
        return SearchResult(matches, found, category, None, spent, asked.threshold) if ranking.settled else None


def run(settings: Settings, lines: Sequence[Connection]) -> None:
    """Say on each line that it can be asked, then answer what comes in, until the process is ended.

    Keys or a catalogue that cannot be read end it; started anew, it finds keys that were changed meanwhile.
    """
    begin_child()
    logging.disable()  # the service, which meets the same, has the log
    try:
        _answer(Searcher(settings), lines)
    except Exception as error:  # whatever it is; its message may quote what a caller sent
        sys.exit(f"similis: a process that searches ends by {type(error).__name__}.")


def _answer(searcher: Searcher, lines: Sequence[Connection]) -> None:
    coming = selectors.DefaultSelector()
    for line in lines:
        coming.register(line, selectors.EVENT_READ)
        line.send_bytes(b"")
    due = time.monotonic() + _KEEP_UP_SECONDS
    while True:
        for ready, _ in coming.select(max(0.0, due - time.monotonic())):
            line = cast("Connection", ready.fileobj)
            line.send_bytes(pickle.dumps(searcher.tell(pickle.loads(line.recv_bytes()))))  # noqa: S301 - of the parent
        if time.monotonic() >= due:
            searcher.keep_up()
            due = time.monotonic() + _KEEP_UP_SECONDS
