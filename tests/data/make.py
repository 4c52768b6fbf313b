"""Makes a data directory that later versions must open: `python -m tests.data.make` from the root of the project.

It is kept as NAME.tar.xz, its keys included, with all that it must answer in NAME.json. Make a new one, under a new
name, when what is written changes: a schema, the format of segments, how something is encrypted. Keep the old ones.
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similis.algorithm import ModelStore, Pipeline
from similis.domain import (
    Attributes,
    Category,
    InstanceSpec,
    InstanceType,
    Match,
    PictureKey,
    Role,
    SearchOptions,
    parse_filter,
)
from similis.engine import FaissIndex
from similis.service import App, Settings
from similis.service._bulk import Featured
from similis.service._tuned_index import TunedIndex

DIRECTORY = Path(__file__).parent
DATA = "data"
_DIMENSION = 32
_VIEWS = 4
_FILTERS = (None, "int_attr<20", 'str_attr="red" OR int_attr2>=2')


def settings(directory: Path) -> Settings:
    """A hundred pictures are enough for an index on disk."""
    return Settings(data=directory / DATA, exact_below=100, threads=1)


def describe(app: App) -> dict[str, Any]:
    """All that a data directory answers, as JSON has it; the secrets of access keys aside."""
    return {instance.spec.name: _described(app, instance.spec.name) for instance in app.instances.list()}


def _described(app: App, name: str) -> dict[str, Any]:
    instance = app.instances.get(name)
    stored = app._catalogue.pictures(instance, app._catalogue.select_ids(instance, None, None).tolist())
    pictures = {
        f"{each.picture.key.product_id}/{each.picture.key.pic_name}": each.picture for each in stored.values()
    }
    return {
        "type": instance.spec.type.value,
        "count": instance.picture_count,
        "tuned": instance.tuning is not None and instance.tuning.adopted,
        "pictures": {
            key: [each.category.value, each.attributes.as_dict(), each.custom_content]
            for key, each in pictures.items()
        },
        "searches": {
            f"{product} {text}": [_told(match) for match in _search(app, name, product, text)]
            for product in ("p0", "p7", "p18")
            for text in _FILTERS
        },
    }


def _search(app: App, name: str, product: str, text: str | None) -> list[Match]:
    options = SearchOptions(num=5, filter=None if text is None else parse_filter(text))
    return app.search.by_name(name, PictureKey(product, "v1"), options).matches


def _told(match: Match) -> list[str | float]:
    return [match.product_id, match.pic_name, round(match.score, 6)]


def fill(app: App) -> dict[str, Any]:
    """Fill a new data directory; the access key that it gets."""
    for name, kind, nuisance in (("plain", InstanceType.PRODUCT, 0.5), ("tuned", InstanceType.GENERIC, 6.0)):
        app.bulk.create(InstanceSpec(name, kind), app.analyst.pipeline.model, _DIMENSION)
        app.bulk.add(name, _featured(_features(nuisance)))
        _embedded(app, name).seal()
    _change(app, "plain")
    if not app.tuning.tune("tuned").adopted:
        raise RuntimeError("the tuning was not adopted")
    _embedded(app, "tuned").seal()
    _change(app, "tuned")
    made = app.access.create(Role.READER, ["plain"])
    return {"id": made.key.id, "secret": made.secret}


def _change(app: App, name: str) -> None:
    """What is in no segment: a picture replaced, some deleted, some changed."""
    app.bulk.add(name, _featured(_features(0.4)[:1])[:1])
    app.pictures.delete(name, "p3")
    app.pictures.delete(name, "p4", "v0")
    app.pictures.update(name, PictureKey("p5", "v1"), {"int_attr": 7, "str_attr": None, "custom_content": "内容 5"})


def _embedded(app: App, name: str) -> FaissIndex:
    index = app._indexes.current(app.instances.get(name))
    inner = index.inner if isinstance(index, TunedIndex) else index
    if not isinstance(inner, FaissIndex):
        raise TypeError("not an index in the data directory")
    return inner


def _features(nuisance: float) -> NDArray[np.float32]:
    """Unit vectors [30 products, views, D]; the nuisance, in eight directions, is what tuning can learn to ignore."""
    chance = np.random.default_rng(5)
    centres = chance.normal(size=(30, 1, _DIMENSION))
    spread = np.where(np.arange(_DIMENSION) < 8, nuisance, 0.5)
    rows = centres + chance.normal(size=(30, _VIEWS, _DIMENSION)) * spread
    scaled: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return scaled


def _featured(rows: NDArray[np.float32]) -> list[Featured]:
    return [
        Featured(
            PictureKey(f"p{product}", f"v{view}"),
            vector,
            Category.BAG if product % 3 else Category.TOY,
            Attributes(int_attr=product, int_attr2=view or None, str_attr="red" if product % 2 else "blue"),
        )
        for product, views in enumerate(rows)
        for view, vector in enumerate(views)
    ]


def _main(name: str) -> None:
    pipeline = Pipeline.load(ModelStore(Settings().models))
    with tempfile.TemporaryDirectory() as directory:
        with App.open(settings(Path(directory)), pipeline) as app:
            key = fill(app)
            answers = describe(app)
        with tarfile.open(DIRECTORY / f"{name}.tar.xz", "w:xz") as archive:
            for path in sorted(Path(directory).iterdir()):
                archive.add(path, path.name)
    content = {"key": key, "instances": answers}
    (DIRECTORY / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
