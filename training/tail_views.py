"""Views of the pictures as the frozen part of the backbone sees them.

Kept in the cache directory: `views_SET.npy`, float16[pictures, views, 120, 14, 14]. Some fifteen minutes on two
cores for the three sets of photographs.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image
from training.pictures import read_rows
from training.views import LONGEST, Picture, hard, mild

from similis.algorithm._backbone import as_input
from similis.algorithm.models import InputSpec

VIEWS = {"grocery_store": 6, "clothing_small": 4, "caltech101": 4}
SIDE = 224
_CELLS = SIDE // 16
_CHANNELS = 120
_STRANGERS = 3  # pictures to paste on, or beside, in each view


@dataclass(frozen=True)
class Source:
    """Where everything is: the sets, and the backbone up to its output `middle`."""

    data: Path
    trunk: Path


@dataclass(frozen=True)
class _Job:
    source: Source
    name: str
    place: int
    files: tuple[Path, ...]  # the picture, then strangers


def make(source: Source, name: str, cache_dir: Path, processes: int = 2) -> NDArray[np.float16]:
    """The views of one set, made if they are not in the cache."""
    path = cache_dir / f"views_{name}.npy"
    if not path.exists():
        partial = path.with_suffix(".part")
        shape = (len(read_rows(source.data / name)), VIEWS[name], _CHANNELS, _CELLS, _CELLS)
        array = np.lib.format.open_memmap(partial, "w+", np.float16, shape)
        with Pool(processes) as pool:
            for place, value in pool.imap_unordered(_see, _jobs(source, name), chunksize=8):
                array[place] = value
        array.flush()
        partial.rename(path)
    views: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return views


def _jobs(source: Source, name: str) -> Iterator[_Job]:
    everything = [source.data / one / row["path"] for one in VIEWS for row in read_rows(source.data / one)]
    rng = np.random.default_rng(7)
    for place, row in enumerate(read_rows(source.data / name)):
        strangers = rng.integers(0, len(everything), _STRANGERS * VIEWS[name])
        yield _Job(source, name, place, (source.data / name / row["path"], *(everything[one] for one in strangers)))


def _see(job: _Job) -> tuple[int, NDArray[np.float16]]:
    """Every third view is mild, the others hard."""
    rng = np.random.default_rng([zlib.crc32(job.name.encode()), job.place])
    session, spec = _session(job.source.trunk), _input_spec()
    picture, seen = _open(job.files[0]), []
    for number in range(VIEWS[job.name]):
        first = 1 + _STRANGERS * number
        strangers = [_open(path) for path in job.files[first : first + _STRANGERS]]
        view = (hard if number % 3 else mild)(picture, rng, strangers)
        (maps,) = session.run(["middle"], {"pixels": as_input(np.asarray(view), spec)})
        seen.append(maps[0].astype(np.float16))
    return job.place, np.stack(seen)


def _open(path: Path) -> Picture:
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((LONGEST, LONGEST))
    return picture


@cache
def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


@cache
def _input_spec() -> InputSpec:
    return InputSpec(height=SIDE, width=SIDE, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
