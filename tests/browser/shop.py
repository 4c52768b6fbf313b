"""A served shop: Similis as its operator starts it, a key for each role, and photos to search among."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from PIL import Image
from tests.contract.judging import served

PHOTOS = "photos"
"""The instance that all tests share: for reading only."""

_SIDE = 240
_FILES = {
    "astronaut-portrait": "astronaut.png",
    "beach-photographer": "camera.png",
    "blood-cell": "cell.png",
    "brick-wall": "brick.png",
    "coffee-cup": "coffee.png",
    "deep-sky": "hubble_deep_field.jpg",
    "eye-retina": "retina.jpg",
    "garden-grass": "grass.png",
    "garden-gravel": "gravel.png",
    "grey-moon": "moon.png",
    "left-motorcycle": "motorcycle_left.png",
    "moving-clock": "clock_motion.png",
    "old-coins": "coins.png",
    "printed-page": "page.png",
    "right-motorcycle": "motorcycle_right.png",
    "running-horse": "horse.png",
    "space-rocket": "rocket.jpg",
    "tabby-cat": "chelsea.png",
}
"""Photographs that scikit-image brings along, by what they show."""


@cache
def _folder() -> TemporaryDirectory[str]:
    """All photos as JPEG; the folder goes when the process ends."""
    folder = TemporaryDirectory(prefix="similis-photos-")
    package = find_spec("skimage")
    assert package is not None
    assert package.origin is not None
    for name, file in _FILES.items():
        with Image.open(Path(package.origin).parent / "data" / file) as original:
            upright = original.convert("RGBA")
        shown = Image.new("RGB", upright.size, "white")
        shown.paste(upright, mask=upright)
        shown.thumbnail((_SIDE, _SIDE))
        shown.save(Path(folder.name) / f"{name}.jpg", quality=90)
    return folder


def photo(name: str) -> Path:
    """A photo such as `coffee-cup`."""
    return Path(_folder().name) / f"{name}.jpg"


def photos() -> Sequence[Path]:
    """All of them, by name."""
    return [photo(name) for name in sorted(_FILES)]


@dataclass(frozen=True, slots=True)
class Shop:
    """A running service: its address, a client with an admin's key, and an access key `ID:SECRET` for each role."""

    address: str
    operator: httpx.Client
    keys: dict[str, str]
    numbers: Iterator[int] = field(default_factory=count)

    def key(self, role: str, **form: object) -> str:
        """A new access key, `ID:SECRET`."""
        made = self.operator.post("/api/v1/keys", json={"role": role, **form}).raise_for_status().json()
        return f"{made['id']}:{made['secret']}"

    def instance(self, kind: str = "generic", pictures: Sequence[Path] = (), **spec: object) -> str:
        """The name of a new instance that holds these pictures."""
        name = f"{kind}-{next(self.numbers)}"
        self.create(name, kind, **spec)
        for picture in pictures:
            self.add(name, picture)
        return name

    def create(self, name: str, kind: str, **spec: object) -> None:
        """Make an instance."""
        self.operator.post("/api/v1/instances", json={"name": name, "type": kind, **spec}).raise_for_status()

    def add(self, instance: str, picture: Path, **fields: object) -> None:
        """Add a picture: its ProductId is the file's stem, its PicName the file's name, unless told."""
        given = {"product_id": picture.stem, "pic_name": picture.name, **fields}
        form = {name: str(value) for name, value in given.items()}
        path = f"/api/v1/instances/{instance}/pictures"
        self.operator.post(path, data=form, files={"file": picture.read_bytes()}).raise_for_status()


@contextmanager
def serve(folder: Path, **variables: str) -> Iterator[Shop]:
    """An empty shop in a folder of its own, started with these settings."""
    with served(folder, **variables) as (address, operator):
        admin = str(operator.headers["authorization"]).removeprefix("Bearer ")
        shop = Shop(address, operator, {"admin": admin})
        shop.keys.update(writer=shop.key("writer"), reader=shop.key("reader"))
        yield shop


def furnish(shop: Shop) -> None:
    """Make the shared instance: every photo, with attributes to filter by."""
    shop.create(PHOTOS, "generic")
    for number, picture in enumerate(photos()):
        kind = picture.stem.rsplit("-", 1)[-1]
        shop.add(PHOTOS, picture, int_attr=number, str_attr=kind, custom_content=f"no. {number}")
