"""A plain model of what a service must hold, kept beside the real one and compared with it.

Nothing here needs a neural network: features are drawn from the key of a picture and the version of it.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from similis.catalogue import NewPicture
from similis.domain import (
    Attributes,
    Category,
    Instance,
    InstanceSpec,
    Picture,
    PictureKey,
    PictureNotFound,
    Region,
    matches,
    parse_filter,
)
from similis.engine import Effort, FaissIndex, Hit, VectorIndex
from similis.service import App

SHOP = "shop"
DIMENSION = 32
FILTERS = (None, "int_attr>=7", 'str_attr="b"', 'str_attr in ("a","c") AND int_attr<5', "int_attr2=1")
CATEGORIES = (None, Category.BAG, Category.TOY)
_PRODUCTS = 24
_PICTURES = 40
_ROUNDING = 1e-5


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one picture; its features follow from key and version."""

    version: int
    category: Category
    attributes: Attributes
    content: str


@dataclass
class Shadow:
    """What a service must hold, by key."""

    pictures: dict[PictureKey, Kept] = field(default_factory=dict)

    def copy(self) -> Shadow:
        return Shadow(dict(self.pictures))

    def forget(self, keys: Sequence[PictureKey]) -> None:
        for key in keys:
            del self.pictures[key]


class Operation(Protocol):
    """Something that is done to a service and to its shadow."""

    def run(self, app: App, name: str = SHOP) -> None: ...

    def note(self, shadow: Shadow) -> None: ...


@dataclass(frozen=True, slots=True)
class Add:
    """Add pictures in one transaction, those that are there already are replaced."""

    keys: tuple[PictureKey, ...]
    version: int

    def run(self, app: App, name: str = SHOP) -> None:
        instance = app.instances.get(name)
        app._catalogue.add(instance, [_new(key, self.version) for key in self.keys])
        assert finds(app, self.keys[-1], self.version, name)

    def note(self, shadow: Shadow) -> None:
        for key in self.keys:
            shadow.pictures[key] = kept(key, self.version)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a picture, or a product."""

    product_id: str
    pic_name: str | None = None

    def run(self, app: App, name: str = SHOP) -> None:
        app.pictures.delete(name, self.product_id, self.pic_name)

    def note(self, shadow: Shadow) -> None:
        shadow.forget(
            [
                key
                for key in shadow.pictures
                if key.product_id == self.product_id and self.pic_name in {None, key.pic_name}
            ]
        )


@dataclass(frozen=True, slots=True)
class DeleteMatching:
    """Delete what matches a filter."""

    text: str

    def run(self, app: App, name: str = SHOP) -> None:
        app.pictures.delete_matching(name, parse_filter(self.text))

    def note(self, shadow: Shadow) -> None:
        tree = parse_filter(self.text)
        shadow.forget([key for key, each in shadow.pictures.items() if matches(tree, each.attributes)])


@dataclass(frozen=True, slots=True)
class Update:
    """Change an attribute, if the picture is there."""

    key: PictureKey
    number: int | None
    text: str | None

    def run(self, app: App, name: str = SHOP) -> None:
        try:
            app.pictures.update(name, self.key, {"int_attr": self.number, "str_attr": self.text})
        except PictureNotFound:
            return
        app._indexes.current(app.instances.get(name))

    def note(self, shadow: Shadow) -> None:
        if old := shadow.pictures.get(self.key):
            attributes = replace(old.attributes, int_attr=self.number, str_attr=self.text)
            shadow.pictures[self.key] = replace(old, attributes=attributes)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Build the index anew."""

    def run(self, app: App, name: str = SHOP) -> None:
        app.instances.rebuild(name)

    def note(self, shadow: Shadow) -> None:
        """Nothing changes."""


@dataclass(frozen=True, slots=True)
class Seal:
    """Write a segment and wait for it, where there are pictures enough to find cells."""

    def run(self, app: App, name: str = SHOP) -> None:
        index = embedded(app, name)
        if index.count() >= _PICTURES:
            index.seal()

    def note(self, shadow: Shadow) -> None:
        """Nothing changes."""


def make_shop(app: App, name: str = SHOP) -> Instance:
    """Make an instance whose features no model makes."""
    return app.bulk.create(InstanceSpec(name, capacity=1_000_000), "ready-made", DIMENSION)


def embedded(app: App, name: str = SHOP) -> FaissIndex:
    """The index of an instance, with all changes applied."""
    index = app._indexes.current(app.instances.get(name))
    assert isinstance(index, FaissIndex)
    return index


def finds(app: App, key: PictureKey, version: int, name: str = SHOP) -> bool:
    """Whether a picture is the first that is found by its own features."""
    instance = app.instances.get(name)
    [[best]] = app._indexes.current(instance).search(vector(key, version)[np.newaxis], 1)
    return app._catalogue.pictures(instance, [best.picture_id])[best.picture_id].picture.key == key


def operations(chance: random.Random, first_version: int) -> Iterator[Operation]:
    """Draw operations without an end; mostly additions, some of very many pictures."""
    version = first_version
    while True:
        version += 1
        yield _operation(chance, version)


@lru_cache(maxsize=10_000)
def vector(key: PictureKey, version: int) -> NDArray[np.float16]:
    """The features of a version of a picture: near the others of its product."""
    centre = np.random.default_rng(zlib.crc32(key.product_id.encode())).standard_normal(DIMENSION)
    own = np.random.default_rng(zlib.crc32(f"{key} {version}".encode())).standard_normal(DIMENSION)
    features: NDArray[np.float16] = (centre + 0.6 * own).astype(np.float16)
    features.flags.writeable = False  # it is remembered
    return features


def kept(key: PictureKey, version: int) -> Kept:
    """What is kept of a version of a picture at first."""
    number = zlib.crc32(f"{key} {version}".encode())
    attributes = Attributes(int_attr=number % 10, int_attr2=number % 7 or None, str_attr="abcd"[number // 10 % 4])
    return Kept(version, _category(key), attributes, f"{key.pic_name} in version {version}")


def holds(app: App, shadow: Shadow) -> bool:
    """Whether a service holds just what a shadow says; searches aside."""
    instance = app.instances.get(SHOP)
    stored = app._catalogue.pictures(instance, app._catalogue.select_ids(instance, None, None).tolist())
    return {each.picture.key: _described(each.picture) for each in stored.values()} == {
        key: (each.category, each.attributes, each.content) for key, each in shadow.pictures.items()
    }


def compare(app: App, shadow: Shadow, chance: random.Random, name: str = SHOP) -> None:
    """Compare everything that a service holds, and what it finds, with what it must."""
    instance = app.instances.get(name)
    ids = app._catalogue.select_ids(instance, None, None).tolist()
    stored = app._catalogue.pictures(instance, ids)
    vectors = app._catalogue.vectors(instance, ids)
    assert {each.picture.key for each in stored.values()} == shadow.pictures.keys()
    for number, each in stored.items():
        wanted = shadow.pictures[each.picture.key]
        assert _described(each.picture) == (wanted.category, wanted.attributes, wanted.content)
        assert np.array_equal(vectors[number], vector(each.picture.key, wanted.version))
    assert instance.picture_count == len(stored)
    numbers = {each.picture.key: number for number, each in stored.items()}
    compare_searches(app._indexes.current(instance), shadow, numbers, chance)


def compare_searches(
    index: VectorIndex, shadow: Shadow, numbers: dict[PictureKey, int], chance: random.Random
) -> None:
    """Compare some searches with comparing every picture."""
    assert index.count() == len(numbers)
    keys = [PictureKey(f"product {chance.randrange(_PRODUCTS)}", "asked") for _ in range(3)]
    queries = np.stack([vector(key, chance.randrange(10**6)) for key in keys])
    cosines = _cosines(queries, shadow)
    for text in FILTERS:
        for category in CATEGORIES:
            tree = None if text is None else parse_filter(text)
            allowed = [
                (category is None or category is each.category) and (tree is None or matches(tree, each.attributes))
                for each in shadow.pictures.values()
            ]
            matching = [numbers[key] for key, kept_ in zip(shadow.pictures, allowed, strict=True) if kept_]
            for effort in Effort:
                answers = index.search(queries, 10, tree, category, effort)
                for hits, line in zip(answers, cosines, strict=True):
                    assert_nearest(
                        hits, dict(zip(matching, line[np.array(allowed, np.bool_)].tolist(), strict=True)), 10
                    )


def assert_nearest(hits: Sequence[Hit], truth: dict[int, float], count: int) -> None:
    """Check that hits are the nearest, given the true similarity of all that may be found."""
    assert len(hits) == min(count, len(truth))
    assert list(hits) == sorted(hits, key=lambda hit: (-hit.similarity, hit.picture_id))
    assert len({hit.picture_id for hit in hits}) == len(hits)
    best = sorted(truth.values(), reverse=True)
    for hit, least in zip(hits, best, strict=False):
        assert abs(hit.similarity - truth[hit.picture_id]) < _ROUNDING
        assert hit.similarity > least - _ROUNDING


def _operation(chance: random.Random, version: int) -> Operation:
    product = f"product {chance.randrange(_PRODUCTS)}"
    key = PictureKey(product, str(chance.randrange(_PICTURES)))
    makers: list[tuple[int, Callable[[], Operation]]] = [
        (35, lambda: Add((key,), version)),
        (25, lambda: Add(_keys(chance, product), version)),
        (15, lambda: Update(key, chance.choice([None, *range(10)]), chance.choice([None, *"abcd"]))),
        (13, lambda: Delete(product, key.pic_name)),
        (4, lambda: Delete(product)),
        (2, lambda: DeleteMatching(f'int_attr={chance.randrange(10)} AND str_attr="{chance.choice("abcd")}"')),
        (4, Seal),
        (2, Rebuild),
    ]
    weights, making = zip(*makers, strict=True)
    made: Operation = chance.choices(making, weights)[0]()
    return made


def _keys(chance: random.Random, product: str) -> tuple[PictureKey, ...]:
    names = chance.sample(range(_PICTURES), chance.randrange(2, _PICTURES))
    return tuple(PictureKey(product, str(name)) for name in names)


def _new(key: PictureKey, version: int) -> NewPicture:
    each = kept(key, version)
    picture = Picture(key, each.category, Region(0, 1, 0, 1), each.content, each.attributes)
    return NewPicture(picture, vector(key, version))


def _described(picture: Picture) -> tuple[Category, Attributes, str | None]:
    return picture.category, picture.attributes, picture.custom_content


def _category(key: PictureKey) -> Category:
    return (Category.BAG, Category.TOY, Category.SHOES)[zlib.crc32(key.product_id.encode()) % 3]


def _cosines(queries: NDArray[np.float16], shadow: Shadow) -> NDArray[np.float64]:
    """Of every query with every picture, float64[q, n]."""
    rows = np.array([vector(key, each.version) for key, each in shadow.pictures.items()], np.float64).reshape(
        -1, DIMENSION
    )
    wanted = queries.astype(np.float64)
    lengths = np.linalg.norm(wanted, axis=1)[:, np.newaxis] * np.linalg.norm(rows, axis=1)
    cosines: NDArray[np.float64] = wanted @ rows.T / lengths
    return cosines
