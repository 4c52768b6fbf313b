"""Indexes under test, each seen through the VectorIndex protocol, and the naive one that they are compared with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.servers.milvus_server import MilvusServer as RealMilvus

from similis.domain import Attributes, Category, Filter, matches
from similis.engine import (
    Change,
    Effort,
    FaissIndex,
    Hit,
    IndexSpec,
    MilvusConsistency,
    MilvusIndex,
    MilvusServer,
    MilvusSettings,
    Operation,
    OwnProgress,
    Progress,
    Pushed,
    VectorIndex,
    Vectors,
)
from similis.engine._tail import Row

DIMENSION = 8
_MOST_PICTURES = 101


@dataclass
class Shelf:
    """Stands for the catalogue: what is known of each picture beside its vector, at the moment."""

    attributes: dict[int, Attributes] = field(default_factory=dict)
    categories: dict[int, Category] = field(default_factory=dict)

    def put(self, picture_id: int, category: Category = Category.OTHER, **attributes: int | str | None) -> None:
        self.attributes[picture_id] = Attributes(**attributes)  # type: ignore[arg-type] # checked by Attributes itself
        self.categories[picture_id] = category

    def holds(self, picture_id: int, tree: Filter | None, category: Category | None) -> bool:
        fits = tree is None or matches(tree, self.attributes[picture_id])
        return fits and category in {None, self.categories[picture_id]}

    def told(self, change: Change) -> Change:
        """A change as it is read from a catalogue."""
        number = change.picture_id
        if change.operation is Operation.REMOVE or number not in self.attributes:
            return change
        return replace(change, category=self.categories[number], attributes=self.attributes[number])


class NaiveIndex:
    """Every similarity computed, everything sorted, every filter asked of the shelf: slow and plainly right."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._vectors: dict[int, NDArray[np.float64]] = {}
        self._applied = 0

    def open(self, spec: IndexSpec) -> None:
        self._dimension = spec.dimension
        self.drop()

    def apply(self, changes: Iterable[Change]) -> int:
        previous = 0
        for change in changes:
            if change.seq <= previous:
                raise ValueError("out of order")
            previous = change.seq
            if change.seq > self._applied:
                self._apply(change)
                self._applied = change.seq
        return self._applied

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.TARGET,
    ) -> list[list[Hit]]:
        del effort
        queries = [self._unit(query) for query in vectors]
        chosen = [number for number in self._vectors if self._shelf.holds(number, tree, category)]
        return [self._nearest(query, chosen)[:k] for query in queries]

    def applied_seq(self) -> int:
        return self._applied

    def count(self) -> int:
        return len(self._vectors)

    def drop(self) -> None:
        self._vectors = {}
        self._applied = 0

    def close(self) -> None:
        self.drop()

    def _apply(self, change: Change) -> None:
        if change.operation is Operation.UPDATE:
            return
        self._vectors.pop(change.picture_id, None)
        if change.operation is Operation.ADD and change.vector is not None:
            self._vectors[change.picture_id] = self._unit(change.vector)

    def _nearest(self, query: NDArray[np.float64], chosen: list[int]) -> list[Hit]:
        hits = [Hit(number, float(query @ self._vectors[number])) for number in chosen]
        return sorted(hits, key=lambda hit: (-hit.similarity, hit.picture_id))

    def _unit(self, vector: Vectors) -> NDArray[np.float64]:
        if vector.shape != (self._dimension,):
            raise ValueError("wrong dimension")
        length = float(np.linalg.norm(vector.astype(np.float64)))
        return vector.astype(np.float64) / (length or 1.0)


@dataclass
class Following:
    """An index whose changes come with what the shelf knows of their pictures."""

    index: VectorIndex
    shelf: Shelf

    def apply(self, changes: Iterable[Change]) -> int:
        self.index.apply(map(self.shelf.told, changes))
        return self.index.applied_seq()

    def __getattr__(self, name: str) -> object:
        return getattr(self.index, name)


class MilvusCollection:
    """One collection for all tests, as making one takes seconds; each index finds it empty."""

    def __init__(self, uri: str) -> None:
        self._server = MilvusServer(MilvusSettings(uri, consistency=MilvusConsistency.STRONG))
        self._progress: Progress = OwnProgress()

    def index(self) -> VectorIndex:
        """An index that keeps in its tail no more than one change that was not sent yet."""
        pushed = self._progress.read()
        if pushed is not None and self._server.mark(pushed.collection) is not None:
            self._server.write(
                pushed.collection, [Row(0, number, None) for number in range(1, _MOST_PICTURES)], 0, DIMENSION
            )
            self._progress.write(Pushed(pushed.collection, 0))
        return MilvusIndex(self._server, "conformance", self._progress, staleness=0, push_from=2)


MakeIndex = Callable[[Shelf], VectorIndex]
KINDS: Mapping[str, MakeIndex] = {"naive": NaiveIndex, "faiss": lambda _shelf: FaissIndex()}


@pytest.fixture(scope="session")
def milvus_collection(milvus_server: RealMilvus) -> MilvusCollection:
    """A collection on the real server."""
    return MilvusCollection(milvus_server.uri)


@pytest.fixture(params=[*KINDS, pytest.param("milvus", marks=pytest.mark.slow)])
def make_index(request: pytest.FixtureRequest) -> MakeIndex:
    """Makes an empty index of one kind over a shelf."""

    def made(shelf: Shelf) -> VectorIndex:
        if request.param == "milvus":
            index = request.getfixturevalue("milvus_collection").index()
        else:
            index = KINDS[request.param](shelf)
        index.open(IndexSpec(DIMENSION))
        return cast("VectorIndex", Following(index, shelf))

    return made


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def index(make_index: MakeIndex, shelf: Shelf) -> VectorIndex:
    return make_index(shelf)


@pytest.fixture
def new_shelf() -> type[Shelf]:
    return Shelf


@pytest.fixture
def new_naive() -> Callable[[Shelf], VectorIndex]:
    def made(shelf: Shelf) -> VectorIndex:
        index = NaiveIndex(shelf)
        index.open(IndexSpec(DIMENSION))
        return index

    return made
