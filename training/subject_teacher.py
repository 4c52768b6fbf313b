"""What the backbone and the teacher see in the pictures of `subject_views.py`, seen once and kept in a cache.

    python -m training.subject_teacher --data … --models … --cache …

The teacher is U²-Net as it is fetched for `--subject-finder precise`, at 320 × 320. The pictures that the head is
tested on are answered by its full graph, that of the original file.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image, ImageOps
from training import subject_views as views
from training.pictures import BACKBONE, SETS, arguments, read_rows

from similis.algorithm import Backbone, ModelStore
from similis.algorithm._backbone import as_input
from similis.algorithm._runtime import cpu_session
from similis.algorithm.models._source import obtain

TRAINED = ("grocery_store", "clothing_small", "caltech101")
LEFT_OUT = tuple(name for name in SETS if name not in TRAINED)
TEACHER = "u2netp"
MAPS = ("glance", "feature_map", "middle", "fine", "detail")  # coarse to fine
POOL = {"grocery_store": slice(1000), "clothing_small": slice(450), "caltech101": slice(1500)}  # for training
MORE = {"grocery_store": slice(1000, None), "caltech101": slice(1500, None)}  # the rest of the sets that need it
COARSE = dict.fromkeys(TRAINED, slice(500, 800))  # learned from as coarse ones
MORE_COARSE = {"caltech101": slice(800, 1500), "grocery_store": slice(800, 1000)}  # these as well
VIEWS, TEST = 1500, 40  # made for training; pictures a set for tests
_HELD_OUT = 6  # one in so many
_FIRST_TEST = 1_000_000  # numbers of made pictures for tests, beyond those for training
_BLANK = 0.35  # of the pasted ones
_SUBJECTS = (0.45, 0.3, 0.15, 0.1)  # one, two, three, four of them

Picture = Image.Image
Mask = NDArray[np.float32]
Halves = NDArray[np.float16]
Answer = tuple[list[Halves], Halves]
_Change = Callable[[Path, int], Answer]


@dataclass(frozen=True)
class Examples:
    """Maps of the backbone by name, float16[n, channels, rows, columns], and masks, float16[n, rows, columns]."""

    maps: dict[str, Halves]
    masks: Halves


def main() -> None:
    """Fill the cache."""
    options = arguments(__doc__ or "")
    for part in _FILL:
        print(part, len(see(options, part).masks))


def see(options: argparse.Namespace, part: str) -> Examples:
    """What is seen in one part of the pictures, from the cache after the first time.

    `pool`, `more`: whole pictures for training, each followed by itself mirrored and relit; `views`: made of those of
    `pool`; `coarse`: some whole ones with the detail of small ones; `tests`: whole pictures for tests, `TEST` of each
    of `SETS`, and `TEST` made of those; `mirrored`, `relit`: those whole ones once more, with masks turned back.
    """
    folder = options.cache / "subject" / part
    if not (folder / "masks.npy").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _FILL[part](options, folder)
    maps = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in MAPS}
    return Examples(maps, np.load(folder / "masks.npy", mmap_mode="r"))


def _test_pictures(data: Path) -> list[Path]:
    """`TEST` of each of `SETS`."""
    return [path for name in SETS for path in _pictures_of(data, name, test=True)[:TEST]]


def _training_pictures(data: Path, parts: dict[str, slice]) -> list[Path]:
    """These parts of sets."""
    return [path for name, part in parts.items() for path in _pictures_of(data, name, test=False)[part]]


def _pictures_of(data: Path, name: str, *, test: bool) -> list[Path]:
    names = sorted((row["path"] for row in read_rows(data / name)), key=lambda path: crc32(path.encode()))
    held_out = set(names[::_HELD_OUT] if name in TRAINED else names)
    return [data / name / each for each in names if (each in held_out) == test]


def _fill_whole(parts: dict[str, slice], series: int, options: argparse.Namespace, folder: Path) -> None:
    chosen = _training_pictures(options.data, parts)
    with _workers(options, full=False) as workers:
        both = workers.map(partial(_see_both, series), chosen, range(len(chosen)), chunksize=8)
        _keep(folder, 2 * len(chosen), (each for pair in both for each in pair))


def _fill_coarse(options: argparse.Namespace, folder: Path) -> None:
    chosen = [path for parts in (COARSE, MORE_COARSE) for path in _training_pictures(options.data, parts)]
    with _workers(options, full=False) as workers:
        _keep(folder, len(chosen), workers.map(_see_coarse, chosen, range(len(chosen)), chunksize=8))


def _fill_views(options: argparse.Namespace, folder: Path) -> None:
    sources = _cut_outs(_training_pictures(options.data, POOL), see(options, "pool").masks[::2])
    with _workers(options, full=False, sources=sources) as workers:
        _keep(folder, VIEWS, workers.map(_see_view, range(VIEWS), chunksize=8))


def _fill_tests(options: argparse.Namespace, folder: Path) -> None:
    chosen = _test_pictures(options.data)
    with _workers(options, full=True) as workers:
        whole = list(workers.map(_see_whole, chosen, chunksize=8))
    with _workers(options, full=True, sources=_cut_outs(chosen, [mask for _maps, mask in whole])) as workers:
        made = workers.map(_see_pasted, range(_FIRST_TEST, _FIRST_TEST + TEST), chunksize=8)
        _keep(folder, len(chosen) + TEST, (*whole, *made))


def _fill_changed(change: _Change, options: argparse.Namespace, folder: Path) -> None:
    chosen = _test_pictures(options.data)
    with _workers(options, full=True) as workers:
        _keep(folder, len(chosen), workers.map(change, chosen, range(len(chosen)), chunksize=8))


def _see_mirrored(path: Path, _number: int) -> Answer:
    maps, mask = _eyes[0].answer(ImageOps.mirror(_read(path)))
    return maps, mask[:, ::-1]


def _see_relit(path: Path, number: int) -> Answer:
    return _eyes[0].answer(views.relit(_read(path), np.random.default_rng([9, number])))


_FILL: dict[str, Callable[[argparse.Namespace, Path], None]] = {
    "tests": _fill_tests,
    "pool": partial(_fill_whole, POOL, 1),
    "more": partial(_fill_whole, MORE, 5),
    "coarse": _fill_coarse,
    "views": _fill_views,
    "mirrored": partial(_fill_changed, _see_mirrored),
    "relit": partial(_fill_changed, _see_relit),
}


def _cut_outs(chosen: Sequence[Path], masks: Iterable[NDArray[np.floating]]) -> list[tuple[Path, Mask]]:
    return [(path, mask.astype(np.float32)) for path, mask in zip(chosen, masks, strict=True)]


def _keep(folder: Path, count: int, answers: Iterable[Answer]) -> None:
    """Write answers as they come; the masks get their name last of all, which makes the part count as there."""
    files: list[Halves] = []
    for place, (maps, mask) in enumerate(answers):
        row = dict(zip((*MAPS, "masks.part"), (*maps, mask), strict=True))
        files = files or [
            open_memmap(folder / f"{name}.npy", "w+", np.float16, (count, *each.shape)) for name, each in row.items()
        ]
        for file, each in zip(files, row.values(), strict=True):
            file[place] = each
    (folder / "masks.part.npy").rename(folder / "masks.npy")


class _Eyes:
    """Backbone and teacher of one worker process, and what it may cut subjects out of."""

    def __init__(self, models: Path, teacher: Path, sources: list[tuple[Path, Mask]]) -> None:
        store = ModelStore(models)
        self._backbone = Backbone(store.path(BACKBONE), store.manifest(BACKBONE), threads=1)
        self._session = cpu_session(teacher, threads=1)
        self._spec = store.manifest(TEACHER).picture_input()
        self.sources = sources

    def maps(self, picture: Picture) -> list[Halves]:
        maps = self._backbone.maps(np.asarray(picture))
        return [getattr(maps, name).astype(np.float16) for name in MAPS]

    def answer(self, picture: Picture) -> Answer:
        output = self._session.get_outputs()[0].name
        given = {self._session.get_inputs()[0].name: as_input(np.asarray(picture), self._spec)}
        (masks,) = self._session.run([output], given)
        return self.maps(picture), masks[0, 0].astype(np.float16)


_eyes: list[_Eyes] = []  # of this process


@contextmanager
def _workers(
    options: argparse.Namespace, *, full: bool, sources: list[tuple[Path, Mask]] | None = None
) -> Iterator[ProcessPoolExecutor]:
    """Worker processes with the teacher: its full graph as its makers export it, or as it is fetched."""
    store = ModelStore(options.models)
    with tempfile.TemporaryDirectory() as folder:
        teacher = obtain(store.manifest(TEACHER), None, Path(folder)).weights if full else store.path(TEACHER)
        prepare = partial(_open_eyes, options.models, teacher, sources or [])
        with ProcessPoolExecutor(initializer=prepare, mp_context=get_context("spawn")) as workers:
            yield workers


def _open_eyes(models: Path, teacher: Path, sources: list[tuple[Path, Mask]]) -> None:
    _eyes.append(_Eyes(models, teacher, sources))


def _read(path: Path) -> Picture:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def _see_whole(path: Path) -> Answer:
    return _eyes[0].answer(_read(path))


def _see_both(series: int, path: Path, number: int) -> tuple[Answer, Answer]:
    """A picture, and mirrored in other light, where the teacher would say the same."""
    picture = _read(path)
    maps, mask = _eyes[0].answer(picture)
    other = views.relit(ImageOps.mirror(picture), np.random.default_rng([series, number]))
    return (maps, mask), (_eyes[0].maps(other), mask[:, ::-1])


def _see_coarse(path: Path, number: int) -> Answer:
    """A picture, or a part of it, as a small one; what the teacher sees in that, not in the sharp one."""
    rng = np.random.default_rng([4, number])
    picture = views.relit(_read(path), rng)
    return _eyes[0].answer(views.coarse(views.cropped(picture, rng) if rng.random() < 0.5 else picture, rng))


def _see_view(number: int) -> Answer:
    """Every fourth a crop, every tenth drawn shapes, the rest pasted."""
    rng = np.random.default_rng([2, number])
    if number % 10 == 0:
        ground = views.blank(rng) if number % 20 else _random_picture(rng)
        return _eyes[0].answer(views.drawn(ground, rng))
    if number % 4 == 1:
        return _eyes[0].answer(views.cropped(views.relit(_random_picture(rng), rng), rng))
    return _see_pasted(number)


def _see_pasted(number: int) -> Answer:
    rng = np.random.default_rng([3, number])
    ground = views.blank(rng) if rng.random() < _BLANK else views.cropped(_random_picture(rng), rng)
    subjects = [_random_subject(rng) for _ in range(rng.choice(4, p=_SUBJECTS) + 1)]
    return _eyes[0].answer(views.relit(views.composed(ground, subjects, rng), rng))


def _random_picture(rng: np.random.Generator) -> Picture:
    sources = _eyes[0].sources
    return _read(sources[rng.integers(len(sources))][0])


def _random_subject(rng: np.random.Generator) -> Picture:
    sources = _eyes[0].sources
    while True:
        path, mask = sources[rng.integers(len(sources))]
        subject = views.cut_out(_read(path), mask)
        if subject is not None:
            return subject


if __name__ == "__main__":
    main()
