"""The vector indexes of instances, kept in step with the catalogue's change log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from similis.algorithm import TunedSpace
from similis.catalogue import Catalogue, Compaction, LoggedChange
from similis.domain import (
    IndexUnavailable,
    Instance,
    InstanceNotFound,
    InstanceRebuilding,
    InvalidInput,
    SimilisError,
)
from similis.engine import Change, Operation, VectorIndex
from similis.service._index_kinds import IndexKind
from similis.service._spaces import Spaces
from similis.service._tuned_index import TunedIndex

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_STILL_SEARCHED = 60.0  # seconds in which searches that began before a move are done


class _Version(NamedTuple):
    """What an index was made for; another gateway can change it."""

    kind: str
    tuned_at: datetime | None


@dataclass
class _Open:
    """An index, and whether it may lack changes that the log no longer has.

    While a process is connected to the catalogue nobody shortens the log; but it may be cut off for a while.
    """

    index: VectorIndex
    instance: Instance
    compaction: Compaction  # the latest one when the index had applied all up to `seen`
    seen: int = 0
    lacking: bool = False
    applying: threading.Lock = field(default_factory=threading.Lock)

    def see(self, compaction: Compaction) -> None:
        """Compare the latest compaction, asked for after changes were applied, with the one before."""
        if compaction != self.compaction and self.seen < compaction.seq:
            self.lacking = True
        self.compaction, self.seen = compaction, self.index.applied_seq()


class _Place(NamedTuple):
    """A tuned instance can have two indexes: in the space of its tuning, and in that of its features."""

    instance_id: int
    features: bool


class _Left(NamedTuple):
    """An instance as it was before its index became one of another kind, some searches of which may be under way."""

    instance: Instance
    until: float


class Indexes:
    """Opens, follows, rebuilds and moves the indexes; the change log is the only thing that ever feeds them.

    Args:
        catalogue: has the change log.
        spaces: those of tunings.
        kinds: what an instance's `index` can be.
    """

    def __init__(self, catalogue: Catalogue, spaces: Spaces, kinds: Mapping[str, IndexKind]) -> None:
        self._catalogue = catalogue
        self._spaces = spaces
        self._kinds = kinds
        self._left: list[_Left] = []
        self._open: dict[_Place, _Open] = {}
        self._opening = threading.Lock()
        self._alone: dict[_Place, threading.Lock] = {}
        self._rebuilding = threading.Lock()
        self._renewing: set[int] = set()

    def current(self, instance: Instance) -> VectorIndex:
        """Return the instance's index, a `TunedIndex` where it is tuned, with every committed change applied.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        place = _Place(instance.id, features=False)
        entry = self._open.get(place)
        if entry is None:
            entry = self._first(instance, place, lambda: self._opened(instance))
        elif _version(entry.instance) != _version(instance):
            self._start_renewing(instance)
        return self._followed(instance, entry)

    def at_hand(self, instance: Instance) -> VectorIndex | None:
        """Return what `current` returns where that is open; else None, and a thread opens it.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        entry = self._open.get(_Place(instance.id, features=False))
        if entry is None or entry.lacking or not self.up_to_date(instance):
            self._start_renewing(instance)
            return None
        return self._followed(instance, entry)

    def up_to_date(self, instance: Instance) -> bool:
        """Whether the index that is open is of the kind, and in the space, that the instance has now."""
        entry = self._open.get(_Place(instance.id, features=False))
        return entry is not None and _version(entry.instance) == _version(instance)

    def renewing(self) -> bool:
        """Whether any index is being opened by a thread of its own."""
        return bool(self._renewing)

    def of_features(self, instance: Instance) -> VectorIndex:
        """Return an index of the features as they are: the only one unless the instance is tuned, else one beside it.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        index = self.current(instance)
        if not isinstance(index, TunedIndex):
            return index
        place = _Place(instance.id, features=True)
        entry = self._open.get(place) or self._first(
            instance, place, lambda: self._new(instance, lambda: self._kind(instance).opened(instance, None))
        )
        return self._followed(instance, entry)

    def space(self, instance: Instance) -> TunedSpace | None:
        """The space of the instance's tuning; None where it is not tuned."""
        return self._spaces.of(instance)

    def rebuild(self, instance: Instance) -> None:
        """Build the index anew from stored features, in the space of the instance's tuning as it is now.

        Searches use the old one until the new one is complete.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        with self._rebuilding:
            now = self._catalogue.instance(instance.name)  # it may have been tuned or moved since it was read
            if now.id == instance.id:
                # Opened by a search meanwhile, the old one would take the new one's place on disk.
                self._first(now, _Place(now.id, features=False), lambda: self._opened(now))
                self._replace(now, self._built(now))

    def move(self, instance: Instance, kind: str) -> Instance:
        """Have an instance searched by another kind of index, and return it as it is then.

        Searches use the old one until the new one is complete.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: a rebuild from storage took its place meanwhile.
            IndexUnavailable: the new kind cannot be used; all stays as it is.
        """
        with self._rebuilding:
            entry = self._built(replace(instance, index=kind))
            try:
                entry.instance = moved = self._catalogue.change_index(instance, kind)
            except (InstanceNotFound, InstanceRebuilding):
                entry.index.close()
                self._kinds[kind].forget(instance)
                raise
            self._replace(moved, entry)
            self._leave(instance)
        return moved

    def check(self, kind: str) -> None:
        """See that there is a kind of index and that it can be used.

        Raises:
            InvalidInput: there is none of that name.
            IndexUnavailable: it cannot be used.
        """
        if kind not in self._kinds:
            raise InvalidInput(f"There is no index {kind!r}.", f"Use one of: {', '.join(self._kinds)}.")
        self._kinds[kind].check()

    def follow(self, instance: Instance) -> None:
        """Let the index take in what was committed; where it cannot now, it will when it is next searched.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        try:
            self.current(instance)
        except IndexUnavailable as error:
            log.warning("An index is behind. %s %s", error.message, error.hint)

    def renew(self, instance: Instance) -> None:
        """Have a thread open an index anew, from what is durable of it now; until then it is not at hand."""
        with self._opening:
            entry = self._open.get(_Place(instance.id, features=False))
            if entry is not None:
                entry.lacking = True
        self._start_renewing(instance)

    def instances(self) -> list[Instance]:
        """The instances that have an index here."""
        with self._opening:
            return [entry.instance for entry in self._open.values()]

    def rows(self, kind: str) -> dict[str, int]:
        """How many rows the indexes of a kind have that are open here, by the name of their instance."""
        with self._opening:
            opened = [entry for place, entry in self._open.items() if not place.features]
        return {each.instance.name: each.index.count() for each in opened if each.instance.index == kind}

    def forget(self, instance: Instance) -> None:
        """Remove the indexes of a deleted instance, with all that is durable of them."""
        for features in (False, True):
            with self._opening:
                entry = self._open.pop(_Place(instance.id, features), None)
                self._alone.pop(_Place(instance.id, features), None)
            if entry is not None:
                entry.index.close()
        for kind in self._kinds.values():
            kind.forget(instance)

    def close(self) -> None:
        """Close all indexes; what is durable stays, but for what was moved away from."""
        try:
            self._remove_left(at_once=True)
        except SimilisError as error:  # a catalogue that is gone must not keep anything open
            log.warning("What indexes left is still there. %s %s", error.message, error.hint)
        with self._opening:
            entries = list(self._open.values())
            self._open.clear()
        for entry in entries:
            entry.index.close()
        for kind in self._kinds.values():
            kind.close()

    def _kind(self, instance: Instance) -> IndexKind:
        return self._kinds[instance.index]

    def _opened(self, instance: Instance) -> _Open:
        space = self._spaces.of(instance)
        return self._new(instance, lambda: self._kind(instance).opened(instance, space))

    def _new(self, instance: Instance, make: Callable[[], VectorIndex]) -> _Open:
        compaction = self._catalogue.log_end(instance).compaction  # before the index learns how far it has followed
        return _Open(make(), instance, compaction)

    def _built(self, instance: Instance) -> _Open:
        """A fresh index, complete, that took the place of the one that its kind had, if any."""
        kind, space = self._kind(instance), self._spaces.of(instance)
        entry = self._new(instance, lambda: kind.fresh(instance, space))
        self._follow(instance, entry)
        kind.adopt(instance, space, entry.index)
        return entry

    def _replace(self, instance: Instance, entry: _Open) -> None:
        self._follow(instance, entry)
        with self._opening:
            self._open.pop(_Place(instance.id, features=True), None)
        self._keep(instance, _Place(instance.id, features=False), entry, replace=True)

    def _start_renewing(self, instance: Instance) -> None:
        """Have a thread open the index anew, tuned by another process or lacking; this one is searched until then."""
        with self._opening:
            if instance.id in self._renewing:
                return
            self._renewing.add(instance.id)
        threading.Thread(target=self._renew, args=(instance,), name=f"renew {instance.name}", daemon=True).start()

    def _renew(self, instance: Instance) -> None:
        try:
            with self._rebuilding:
                entry, now = (
                    self._open.get(_Place(instance.id, features=False)),
                    self._catalogue.instance(instance.name),
                )
                due = entry is None or _version(entry.instance) != _version(now) or self._lacking(instance)
                if due and now.id == instance.id and now.index in self._kinds:
                    self._replace(now, self._opened(now))
                    if entry is not None and entry.instance.index != now.index:
                        self._leave(entry.instance)
        except SimilisError as error:  # tried again at the next search after a while
            log.warning("An index could not be opened anew. %s %s", error.message, error.hint)
            time.sleep(_RETRY_SECONDS)
        finally:
            with self._opening:
                self._renewing.discard(instance.id)

    def _lacking(self, instance: Instance) -> bool:
        entries = (self._open.get(_Place(instance.id, features)) for features in (False, True))
        return any(entry is not None and entry.lacking for entry in entries)

    def _leave(self, instance: Instance) -> None:
        with self._opening:
            self._left.append(_Left(instance, time.monotonic() + _STILL_SEARCHED))

    def _remove_left(self, *, at_once: bool = False) -> None:
        """Remove what is durable of indexes that instances moved away from, unless they came back."""
        now = time.monotonic()
        with self._opening:
            due = [each.instance for each in self._left if at_once or each.until < now]
            self._left = [each for each in self._left if each.instance not in due]
        if not due:
            return
        kinds = {instance.id: instance.index for instance in self._catalogue.instances()}
        for instance in due:
            if kinds.get(instance.id) != instance.index:
                self._kind(instance).forget(instance)

    def _first(self, instance: Instance, place: _Place, opened: Callable[[], _Open]) -> _Open:
        """Open an index unless another thread did so meanwhile: of two in one place only the later may go to disk."""
        with self._opening:
            alone = self._alone.setdefault(place, threading.Lock())
        with alone:
            return self._open.get(place) or self._keep(instance, place, opened())

    def _keep(self, instance: Instance, place: _Place, entry: _Open, *, replace: bool = False) -> _Open:
        """Keep an index; not that of a deleted instance, which nobody would ever forget again."""
        with self._opening:
            if replace or place not in self._open:
                self._open[place] = entry
            kept = self._open[place]
        try:
            self._catalogue.require(instance)
        except InstanceNotFound:
            self.forget(instance)
            raise
        return kept

    def _followed(self, instance: Instance, entry: _Open) -> VectorIndex:
        if self._left:
            self._remove_left()
        end = self._catalogue.log_end(instance)
        if entry.index.applied_seq() < end.seq or entry.compaction != end.compaction:
            self._follow(instance, entry)
        if entry.lacking:
            self._start_renewing(instance)
        return entry.index

    def _follow(self, instance: Instance, entry: _Open) -> None:
        with entry.applying:
            entry.index.apply(self._changes(instance, entry.index.applied_seq()))
            entry.see(self._catalogue.log_end(instance).compaction)

    def _changes(self, instance: Instance, after: int) -> Iterator[Change]:
        for row in self._catalogue.changes(instance, after):
            yield _change(row)


def _version(instance: Instance) -> _Version:
    tuning = instance.tuning
    return _Version(instance.index, tuning.tuned_at if tuning is not None and tuning.adopted else None)


def _change(row: LoggedChange) -> Change:
    operation = Operation(row.operation)
    if row.category is None or row.attributes is None:  # gone already; the removal follows
        return Change(row.seq, operation, row.picture_id)
    return Change(row.seq, operation, row.picture_id, row.vector, row.category, row.attributes)
