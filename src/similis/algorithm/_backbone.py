"""The backbone network: pixels in, its feature maps out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm._runtime import cpu_session
from similis.algorithm.models import InputSpec, Manifest
from similis.domain import InvalidManifest

Pixels = NDArray[np.uint8]
FeatureMap = NDArray[np.float32]
Tensor = NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint8]

_GAP = 1.5
"""Averaging over whole pixels shrinks a picture to no less than so many times the input's sides, the bicubic filter
does the rest: half the time of that filter alone, and levels that differ by 0.7 in the mean."""

GLANCE_SIDE = 128


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What one look at a picture gives: float32[channels, rows, columns] each.

    Attributes, with the sizes that EfficientNet-Lite2 gives at 260 × 260:
        feature_map: the last map, 1280 × 9 × 9.
        middle: the end of the fifth stage, 120 × 17 × 17.
        fine: the end of the third stage, 48 × 33 × 33.
        detail: the end of the second stage, 24 × 65 × 65.
        glance: the last map of the picture at 128 × 128, 1280 × 4 × 4: what blur and coarse grain leave of it.
    """

    feature_map: FeatureMap
    middle: FeatureMap
    fine: FeatureMap
    detail: FeatureMap
    glance: FeatureMap


class Backbone:
    """An ONNX model on the CPU. Safe for threads: one loaded model serves all of them.

    Pictures go through one by one, with a fixed number of threads, so that the same pixels always give the same bits.

    Args:
        path: the model file, from `ModelStore.path`.
        manifest: tells how pixels enter and what the outputs, named as in `Maps`, are called.
        threads: threads inside one pass.
    """

    def __init__(self, path: Path, manifest: Manifest, threads: int = 1) -> None:
        self._session = cpu_session(path, threads)
        self._input = self._session.get_inputs()[0].name
        self._outputs = [_output(manifest, field.name) for field in fields(Maps) if field.name != "glance"]
        self._spec = manifest.picture_input()
        self._glance = self._spec.model_copy(update={"height": GLANCE_SIDE, "width": GLANCE_SIDE})
        self.name = manifest.name
        self.dimension = manifest.dimension

    def squashed(self, pixels: Pixels) -> Pixels:
        """RGB pixels, uint8[height, width, 3], at the input size; `maps` gives the same for both."""
        return squash(pixels, self._spec)

    def maps(self, pixels: Pixels) -> Maps:
        """Look at a picture squashed to the input size, and at a glance.

        Args:
            pixels: RGB, uint8[height, width, 3].
        """
        squashed = squash(pixels, self._spec)
        maps = self._session.run(self._outputs, {self._input: as_tensor(squashed, self._spec)})
        smaller = as_tensor(squash(squashed, self._glance), self._glance)
        glance = self._session.run(self._outputs[:1], {self._input: smaller})
        return Maps(*(each[0] for each in (*maps, *glance)))


def _output(manifest: Manifest, name: str) -> str:
    if name not in manifest.outputs:
        raise InvalidManifest(
            f"The backbone {manifest.name} has no output {name}.",
            "Name it among the outputs of its manifest, or remove it to use the built-in one.",
        )
    return manifest.outputs[name]


def as_input(pixels: Pixels, spec: InputSpec) -> Tensor:
    """Squash RGB pixels, uint8[height, width, 3], to a model's input of one picture, as its manifest says."""
    return as_tensor(squash(pixels, spec), spec)


def squash(pixels: Pixels, spec: InputSpec) -> Pixels:
    """RGB pixels, uint8[height, width, 3], at a model's size."""
    size = (spec.width, spec.height)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC, reducing_gap=_GAP))


def as_tensor(pixels: Pixels, spec: InputSpec) -> Tensor:
    """RGB pixels at a model's size as its input of one picture."""
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    numbers = planes if spec.dtype == "uint8" else _normalised(planes, spec).astype(spec.dtype, copy=False)
    axes = (0, 1, 2) if spec.layout == "NCHW" else (1, 2, 0)
    return np.ascontiguousarray(numbers.transpose(axes)[np.newaxis])


def _normalised(planes: Pixels, spec: InputSpec) -> NDArray[np.float32]:
    """Colour by colour, uint8[3, height, width]: along an axis of three it would take seven times as long."""
    mean, std = (np.asarray(each, np.float32)[:, np.newaxis, np.newaxis] for each in (spec.mean, spec.std))
    scaled: NDArray[np.float32] = (planes.astype(np.float32) - mean * 255) / (std * 255)
    return scaled
