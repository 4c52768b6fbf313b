"""The indexes of instances that are searched on this machine, their segments in the data directory."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4
from weakref import WeakValueDictionary

from similis.algorithm import TunedSpace
from similis.catalogue import Catalogue, IndexState
from similis.domain import Instance, KeyringFailed, StorageFailed
from similis.engine import (
    FaissIndex,
    IndexSpec,
    KeySealer,
    Sizing,
    VectorIndex,
    clear_directory,
    is_intact,
    is_of_other_version,
)
from similis.privacy import Keyring
from similis.service._segment_keys import SegmentKeys
from similis.service._tuned_index import TunedIndex

log = logging.getLogger(__name__)

FAISS = "faiss"
_FEATURES = "features"
_IDENTITY = re.compile("[0-9a-f]{16}")
_AnyStore = TypeVar("_AnyStore", bound="_Store")


class EmbeddedIndexes:
    """Makes indexes in one directory: for each instance one of its features, and one in the space of its tuning.

    Args:
        catalogue: notes which segments count.
        keyring: encrypts them.
        directory: for nothing else.
        sizing: when an index goes to disk.
    """

    def __init__(self, catalogue: Catalogue, keyring: Keyring, directory: Path, sizing: Sizing) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._directory = directory
        self._sizing = sizing
        self._holder = _identity(directory)
        self._noting = threading.Lock()
        self._writers: WeakValueDictionary[Path, FaissIndex] = WeakValueDictionary()

    def check(self) -> None:
        """There is nothing to see to."""

    def opened(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """The index with what its segment has; the change log has the rest."""
        return self._made(instance, space, fresh=False)

    def fresh(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """An empty index, whose segments will take the place of those that count now."""
        return self._made(instance, space, fresh=True)

    def adopt(self, instance: Instance, space: TunedSpace | None, index: VectorIndex) -> None:
        """Let a fresh index take the other's place, also on disk: wait for its first segment where it needs one."""
        inner = index.inner if isinstance(index, TunedIndex) else index
        if not isinstance(inner, FaissIndex):
            return
        store = self._store(_Store, instance, space)
        self._let_write(store, inner)
        inner.wait()
        if inner.about() is None and (replaced := store.forget()):
            shutil.rmtree(store.directory / replaced, ignore_errors=True)
        self._forget_other_tunings(instance, store.directory.name)

    def close(self) -> None:
        """There is nothing to close."""

    def forget(self, instance: Instance) -> None:
        """Remove all files of an instance, and what is noted of them; also where it was never opened."""
        directory = self._directory / instance.uid
        for path in directory.glob("*"):
            self._catalogue.index_states.forget(instance, f"{self._holder} {path.name}")
        shutil.rmtree(directory, ignore_errors=True)

    def keep(self, instances: Iterable[Instance]) -> None:
        """Remove all files but the segments of some instances that count: what accidents and earlier versions left.

        Before any index is opened, for it may write a segment that does not count yet.
        """
        known = {instance.uid: instance for instance in instances}
        for path in self._directory.iterdir():
            if path.is_dir() and path.name in known:
                self._keep_segments(known[path.name], path)
            elif path.is_dir():
                shutil.rmtree(path, ignore_errors=True)

    def size(self, instance: Instance) -> int:
        """Bytes that the files of an instance take."""
        total = 0
        for path in (self._directory / instance.uid).rglob("*"):
            with suppress(OSError):  # replaced meanwhile
                total += path.stat().st_size if path.is_file() else 0
        return total

    def verify(self, instances: Iterable[Instance]) -> None:
        """Check the files of all indexes byte by byte.

        Raises:
            KeyringFailed: the key of an instance cannot be read.
            StorageFailed: some are damaged.
        """
        for instance in instances:
            for place in sorted((self._directory / instance.uid).glob("*")):
                segment = self._segment(instance, place)
                whole = segment is None or is_intact(place / segment, self._keys(instance))
                if not whole and segment == self._segment(instance, place):  # no newer one took its place meanwhile
                    raise StorageFailed(
                        f"Files of the index of instance {instance.spec.name!r} are damaged.",
                        f"No picture is lost. Build it anew: similis instance rebuild {instance.spec.name}.",
                    )

    def _segment(self, instance: Instance, place: Path) -> str | None:
        state = self._catalogue.index_states.get(instance, f"{self._holder} {place.name}")
        return None if state is None else state.segment

    def _keep_segments(self, instance: Instance, directory: Path) -> None:
        for place in directory.iterdir():
            segment = self._segment(instance, place)
            if segment is not None and is_of_other_version(place / segment):
                log.warning("An index is built anew, for its files are of another version.")
                self._catalogue.index_states.forget(instance, f"{self._holder} {place.name}")
                segment = None
            clear_directory(place, segment)

    def _made(self, instance: Instance, space: TunedSpace | None, *, fresh: bool) -> VectorIndex:
        store = self._store(_Fresh if fresh else _Store, instance, space)
        index: VectorIndex = (writer := FaissIndex(store, self._sizing))
        if not fresh:
            self._let_write(store, writer)
        if space is not None:
            self._forget_other_tunings(instance, _tuned(space))
            index = TunedIndex(index, space)
        index.open(IndexSpec(instance.dimension))
        return index

    def _let_write(self, store: _Store, index: FaissIndex) -> None:
        """Let an index be the only one that writes segments in its place; one before it may still be searched."""
        before = self._writers.get(store.directory)
        self._writers[store.directory] = index
        if before is not None and before is not index:
            before.stop_writing()

    def _store(self, kind: type[_AnyStore], instance: Instance, space: TunedSpace | None) -> _AnyStore:
        place = _FEATURES if space is None else _tuned(space)
        directory, holder = self._directory / instance.uid / place, f"{self._holder} {place}"
        return kind(self._catalogue, self._noting, instance, directory, holder, self._keys(instance))

    def _keys(self, instance: Instance) -> SegmentKeys:
        try:
            return SegmentKeys(self._keyring.instance(instance.uid))
        except KeyringFailed:
            self._catalogue.require(instance)  # a deleted one has no key: then that is what there is to say
            raise

    def _forget_other_tunings(self, instance: Instance, place: str) -> None:
        """Spaces that were tuned earlier are never searched again."""
        for path in (self._directory / instance.uid).glob("tuned-*"):
            if path.name != place:
                self._catalogue.index_states.forget(instance, f"{self._holder} {path.name}")
                shutil.rmtree(path, ignore_errors=True)


class _Store:
    """Where one index keeps its segment; see `similis.engine.SegmentStore`."""

    def __init__(
        self,
        catalogue: Catalogue,
        noting: threading.Lock,
        instance: Instance,
        directory: Path,
        holder: str,
        sealer: KeySealer,
    ) -> None:
        self.directory = directory
        self.sealer = sealer
        self._catalogue = catalogue
        self._noting = noting  # an index that is built anew and the one before note their segments in one place
        self._instance = instance
        self._holder = holder

    def current(self) -> tuple[str, int] | None:
        state = self._catalogue.index_states.get(self._instance, self._holder)
        return None if state is None else (state.segment, state.applied_seq)

    def adopt(self, segment: str, applied_seq: int) -> str | None:
        with self._noting:
            noted = self._noted()
            self._catalogue.index_states.set(self._instance, self._holder, IndexState(segment, applied_seq))
            return noted

    def forget(self) -> str | None:
        with self._noting:
            noted = self._noted()
            self._catalogue.index_states.forget(self._instance, self._holder)
            return noted

    def _noted(self) -> str | None:
        state = self._catalogue.index_states.get(self._instance, self._holder)
        return None if state is None else state.segment


class _Fresh(_Store):
    """A store that seems to have no segment, for an index that is built anew."""

    def current(self) -> tuple[str, int] | None:
        return None


class ReadStore(_Store):
    """A store of segments that another process writes.

    Attributes:
        read: the segment that counted when it was asked for last, None without one.
    """

    read: str | None = None

    def current(self) -> tuple[str, int] | None:
        found = super().current()
        self.read = None if found is None else found[0]
        return found

    def forget(self) -> str | None:
        return None


def _tuned(space: TunedSpace) -> str:
    return f"tuned-{hashlib.sha256(space.to_bytes()).hexdigest()[:16]}"


def _identity(directory: Path) -> str:
    """A name for this directory among those that use the same catalogue; all is built anew where it was damaged."""
    file = directory / "identity"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = file.read_bytes().decode("ascii", "replace") if file.exists() else ""
        return known if _IDENTITY.fullmatch(known) else _new_identity(file)
    except OSError as error:
        raise StorageFailed(
            f"The directory {directory} cannot be used: {error.strerror}.", "Check that this user may write there."
        ) from None


def _new_identity(file: Path) -> str:
    made, whole = uuid4().hex[:16], file.with_suffix(".new")
    whole.write_text(made, "ascii")
    whole.replace(file)
    return made
