from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.domain import Attributes, Category, KeyringFailed
from similis.engine import Change, FaissIndex, IndexSpec, KeySealer, Operation, Sizing

DIMENSION = 32
SMALL = Sizing(exact_below=3000, tail=500, tail_share=0.1)


class MirrorSealer:
    """Writes keys backwards and remembers for which segment."""

    def seal(self, key: bytes, segment: str) -> bytes:
        return f"{segment}:".encode() + key[::-1]

    def unseal(self, sealed: bytes, segment: str) -> bytes:
        begin = f"{segment}:".encode()
        if not sealed.startswith(begin):
            raise KeyringFailed("It is the key of another segment.")
        return sealed.removeprefix(begin)[::-1]


@dataclass
class MemoryStore:
    """Notes which segment counts, as the catalogue does."""

    directory: Path
    sealer: KeySealer = field(default_factory=MirrorSealer)
    noted: list[tuple[str, int]] = field(default_factory=list)

    def current(self) -> tuple[str, int] | None:
        return self.noted[-1] if self.noted else None

    def adopt(self, segment: str, applied_seq: int) -> str | None:
        before = self.forget()
        self.noted.append((segment, applied_seq))
        return before

    def forget(self) -> str | None:
        current = self.current()
        self.noted.clear()
        return None if current is None else current[0]


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path / "index")


@pytest.fixture
def open_index(store: MemoryStore) -> Callable[[], FaissIndex]:
    """Opens an index that goes to disk early, on the same store each time."""

    def opened() -> FaissIndex:
        index = FaissIndex(store, SMALL)
        index.open(IndexSpec(DIMENSION))
        return index

    return opened


@pytest.fixture(scope="session")
def open_index_on() -> Callable[[Path], FaissIndex]:
    """Opens such an index in a directory."""

    def opened(directory: Path) -> FaissIndex:
        index = FaissIndex(MemoryStore(directory), SMALL)
        index.open(IndexSpec(DIMENSION))
        return index

    return opened


@pytest.fixture(scope="session")
def clustered() -> NDArray[np.float16]:
    """Eight thousand vectors around two hundred centres."""
    chance = np.random.default_rng(3)
    centres = chance.standard_normal((200, DIMENSION))
    vectors = centres[chance.integers(0, 200, 8000)] + 0.5 * chance.standard_normal((8000, DIMENSION))
    return vectors.astype(np.float16)


@pytest.fixture(scope="session")
def additions() -> Callable[..., list[Change]]:
    """Makes additions of vectors, numbered from `first` on; every number has attributes and a category of its own."""

    def made(vectors: NDArray[np.float16], first: int = 1) -> list[Change]:
        return [
            Change(
                number, Operation.ADD, number, vector, [Category.BAG, Category.TOY][number % 2], attributes(number)
            )
            for number, vector in enumerate(vectors, first)
        ]

    return made


_ATTRIBUTES = [Attributes(int_attr=number, str_attr="abcdefghij"[number % 10]) for number in range(100)]


def attributes(number: int) -> Attributes:
    return _ATTRIBUTES[number % 100]
