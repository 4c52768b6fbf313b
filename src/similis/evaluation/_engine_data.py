"""Vectors to measure the engine with: made up, or real ones multiplied.

Rows come in blocks, each from a random generator of its own: any of them can be made again at any time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from similis.domain import Attributes, Category, InvalidInput

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

PERCENT = 100
_BLOCK = 10_000
_SEED = 20_260
_CENTRES, _ROWS, _AXIS, _SAMPLE, _QUERIES = range(5)  # random generators apart
_LATENT = 64
_WHITE = 0.15
_LEAST_NOISE, _MOST_NOISE = 0.33, 0.62  # cosines 0.95 and 0.85 to the row they are added to
_CATEGORIES = tuple(Category)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows.

    Attributes:
        first: number of the first one.
        vectors: of unit length, float32[m, D].
        groups: the kind of thing that each shows, int64[m].
        drawn: a number that has nothing to do with the vector, 0..99, int64[m].
        percentile: where it lies on an axis through all vectors, 0..99, int64[m].
    """

    first: int
    vectors: Floats
    groups: Integers
    drawn: Integers
    percentile: Integers

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def categories(self) -> Integers:
        """Numbers of categories, int64[m]; all of a kind are in one."""
        return np.array(_CATEGORIES)[self.groups % len(_CATEGORIES)]

    def attributes(self, row: int) -> Attributes:
        """What is kept of a row to filter by."""
        return Attributes(int_attr=int(self.drawn[row]), int_attr2=int(self.percentile[row]))

    def upto(self, count: int) -> Block:
        """The first rows."""
        return Block(
            self.first, self.vectors[:count], self.groups[:count], self.drawn[:count], self.percentile[:count]
        )


class Source(ABC):
    """An endless supply of rows of one distribution.

    Attributes:
        name: of the kind of data.
        dimension: numbers in a vector.
    """

    def __init__(self, name: str, dimension: int) -> None:
        self.name = name
        self.dimension = dimension

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int) -> tuple[Floats, Integers]:
        """Draw vectors, which need not have unit length, and their groups."""

    def blocks(self, count: int, first: int = 0) -> Iterator[Block]:
        """Yield rows in order.

        Args:
            count: how many.
            first: number of the first one, a multiple of 10,000.
        """
        for start in range(first, first + count, _BLOCK):
            block = self._block(np.random.default_rng((_SEED, _ROWS, start)), start, _BLOCK)
            yield block.upto(first + count - start)

    def further(self, count: int, after: int) -> Block:
        """Rows, at most 10,000, that come after those of `blocks(after)`."""
        return next(self.blocks(count, -(-after // _BLOCK) * _BLOCK))

    def queries(self, count: int) -> Block:
        """Rows that are in no block."""
        return self._block(np.random.default_rng((_SEED, _QUERIES)), 0, count)

    def prepare(self) -> None:
        """Find out where percentiles lie, from a sample; must come before rows are drawn."""
        self._axis = np.random.default_rng((_SEED, _AXIS)).standard_normal(self.dimension, np.float32)
        sample = _unit(self.draw(np.random.default_rng((_SEED, _SAMPLE)), _BLOCK)[0])
        self._borders = np.quantile(sample @ self._axis, np.arange(1, PERCENT) / PERCENT)

    def _block(self, rng: np.random.Generator, first: int, count: int) -> Block:
        vectors, groups = self.draw(rng, count)
        vectors = _unit(vectors)
        percentile = np.searchsorted(self._borders, vectors @ self._axis)
        return Block(first, vectors, groups, rng.integers(0, PERCENT, count), percentile)


class Clusters(Source):
    """Clusters of 64 dimensions in a space of more, with a little noise in all of them.

    Args:
        name: of the kind of data.
        dimension: of the space.
        centres: how many clusters.
        spread: of a cluster, as a share of how far centres are spread.
    """

    def __init__(self, name: str, dimension: int, centres: int, spread: float) -> None:
        super().__init__(name, dimension)
        rng = np.random.default_rng((_SEED, _CENTRES))
        self._embedding = rng.standard_normal((_LATENT, dimension), np.float32) / np.float32(_LATENT**0.5)
        self._centres = rng.standard_normal((centres, _LATENT), np.float32)
        self._spread = np.float32(spread)
        self.prepare()

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Floats, Integers]:
        """Draw vectors and their clusters."""
        groups = rng.integers(0, len(self._centres), count)
        inside = self._centres[groups] + self._spread * rng.standard_normal((count, _LATENT), np.float32)
        white = np.float32(_WHITE) * rng.standard_normal((count, self.dimension), np.float32)
        return inside @ self._embedding + white, groups


class Multiplied(Source):
    """Real rows with noise that has their own covariance, cosine 0.85 to 0.95 to the row.

    Args:
        name: of the kind of data.
        rows: real features, float[m, D].
    """

    def __init__(self, name: str, rows: NDArray[np.floating]) -> None:
        super().__init__(name, rows.shape[1])
        self._rows = _unit(rows.astype(np.float32))
        values, directions = np.linalg.eigh(np.cov(self._rows, rowvar=False))
        self._mixing = (directions * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)
        self.prepare()

    def draw(self, rng: np.random.Generator, count: int) -> tuple[Floats, Integers]:
        """Draw vectors and the rows that they were made from."""
        groups = rng.integers(0, len(self._rows), count)
        noise = _unit(rng.standard_normal((count, self.dimension), np.float32) @ self._mixing)
        scale = rng.uniform(_LEAST_NOISE, _MOST_NOISE, (count, 1)).astype(np.float32)
        return self._rows[groups] + scale * noise, groups


def source_of(kind: str, dimension: int, count: int) -> Source:
    """Return the data of a kind.

    Args:
        kind: `clustered`, `weak` (many wide clusters that overlap), or a file of real features, `.npy`, [m, D].
        dimension: of data that is made up.
        count: how many rows there will be.

    Raises:
        InvalidInput: there is no such kind, or the file cannot be used.
    """
    if kind == "clustered":
        return Clusters(kind, dimension, max(min(20_000, count // 50), 1), 0.6)
    if kind == "weak":
        return Clusters(kind, dimension, 4_000, 1.5)
    return Multiplied(Path(kind).name, _read(Path(kind)))


def _read(file: Path) -> NDArray[np.floating]:
    try:
        rows = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"There is no kind of data {str(file)!r}, and no file of vectors: {error}.",
            "Use clustered, weak, or an .npy file of features, one row each.",
        ) from None
    if not (isinstance(rows, np.ndarray) and rows.ndim == 2 and len(rows) > 1 and rows.dtype.kind == "f"):  # noqa: PLR2004 - a matrix
        raise InvalidInput(f"{file} has no rows of features.", "Give a matrix of floats, one row a picture.")
    if not np.isfinite(rows).all():
        raise InvalidInput(f"{file} has numbers that are not finite.", "Leave those rows out.")
    return rows


def _unit(rows: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, np.newaxis]
    normed: Floats = rows / np.maximum(lengths, np.float32(1e-12))
    return normed
