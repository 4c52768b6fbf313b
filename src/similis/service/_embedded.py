"""The indexes of instances that are searched on this machine, their segments in the data directory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from similis.algorithm import TunedSpace
from similis.catalogue import Catalogue, IndexState
from similis.domain import Instance, StorageFailed
from similis.engine import FaissIndex, IndexSpec, Sizing, VectorIndex
from similis.service._tuned_index import TunedIndex

FAISS = "faiss"
_FEATURES = "features"


class EmbeddedIndexes:
    """Makes indexes in one directory: for each instance one of its features, and one in the space of its tuning.

    Args:
        catalogue: notes which segments count.
        directory: for nothing else.
        sizing: when an index goes to disk.
    """

    def __init__(self, catalogue: Catalogue, directory: Path, sizing: Sizing) -> None:
        self._catalogue = catalogue
        self._directory = directory
        self._sizing = sizing
        self._holder = _identity(directory)

    def check(self) -> None:
        """There is nothing to see to."""

    def opened(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """The index with what its segment has; the change log has the rest."""
        return self._made(instance, space, fresh=False)

    def fresh(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """An empty index, whose segments will take the place of those that count now."""
        return self._made(instance, space, fresh=True)

    def adopt(self, instance: Instance, space: TunedSpace | None, index: VectorIndex) -> None:
        """A fresh index takes the other's place by itself, with its first segment."""

    def close(self) -> None:
        """There is nothing to close."""

    def forget(self, instance: Instance) -> None:
        """Remove all files of an instance; also where it was never opened."""
        shutil.rmtree(self._directory / instance.uid, ignore_errors=True)

    def keep(self, instances: Iterable[Instance]) -> None:
        """Remove the files of all instances but some: what a deletion that met with an accident has left."""
        names = {instance.uid for instance in instances}
        for path in self._directory.iterdir():
            if path.is_dir() and path.name not in names:
                shutil.rmtree(path, ignore_errors=True)

    def _made(self, instance: Instance, space: TunedSpace | None, *, fresh: bool) -> VectorIndex:
        place = _FEATURES if space is None else _tuned(space)
        if space is not None:
            self._forget_other_tunings(instance, place)
        kind = _Fresh if fresh else _Store
        store = kind(self._catalogue, instance, self._directory / instance.uid / place, f"{self._holder} {place}")
        index: VectorIndex = FaissIndex(store, self._sizing)
        if space is not None:
            index = TunedIndex(index, space)
        index.open(IndexSpec(instance.dimension))
        return index

    def _forget_other_tunings(self, instance: Instance, place: str) -> None:
        """Spaces that were tuned earlier are never searched again."""
        for path in (self._directory / instance.uid).glob("tuned-*"):
            if path.name != place:
                self._catalogue.forget_index_state(instance, f"{self._holder} {path.name}")
                shutil.rmtree(path, ignore_errors=True)


class _Store:
    """Where one index keeps its segment; see `similis.engine.SegmentStore`."""

    def __init__(self, catalogue: Catalogue, instance: Instance, directory: Path, holder: str) -> None:
        self.directory = directory
        self._catalogue = catalogue
        self._instance = instance
        self._holder = holder

    def current(self) -> tuple[str, int] | None:
        state = self._catalogue.index_state(self._instance, self._holder)
        return None if state is None else (state.segment, state.applied_seq)

    def adopt(self, segment: str, applied_seq: int) -> None:
        self._catalogue.set_index_state(self._instance, self._holder, IndexState(segment, applied_seq))

    def forget(self) -> None:
        self._catalogue.forget_index_state(self._instance, self._holder)


class _Fresh(_Store):
    """A store that seems to have no segment, for an index that is built anew."""

    def current(self) -> tuple[str, int] | None:
        return None


def _tuned(space: TunedSpace) -> str:
    return f"tuned-{hashlib.sha256(space.to_bytes()).hexdigest()[:16]}"


def _identity(directory: Path) -> str:
    """A name for this directory among those that use the same catalogue."""
    file = directory / "identity"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            file.write_text(uuid4().hex[:16], "ascii")
        return file.read_text("ascii")[:16]
    except OSError as error:
        raise StorageFailed(
            f"The directory {directory} cannot be used: {error.strerror}.", "Check that this user may write there."
        ) from None
