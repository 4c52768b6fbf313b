"""Who judges what was rebuilt: descriptors of pictures, and maps of a network; not the one that made the features."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.utils import Extractor
from PIL import Image

from similis.algorithm._backbone import as_input
from similis.algorithm._features import unit
from similis.algorithm._runtime import cpu_session
from similis.algorithm.models import ModelStore

Floats = NDArray[np.float32]

COPY_DETECTOR = "sscd-distilled"
PERCEPTION = "u2netp"
_LAYOUT = 8
_STAGES = 3


class Judge(Protocol):
    """Gives descriptors; their cosine says how similar two pictures are.

    Attributes:
        name: what the report calls it.
    """

    name: str

    def describe(self, pictures: Floats) -> Floats:
        """Descriptors of unit length, float32[n, D], of pictures float32[n, rows, columns, 3] in 0..1."""


class Layout:
    """Which colours are where, roughly: 8 × 8 cells, less the mean of pictures. It needs no model.

    Args:
        mean: picture, float32[rows, columns, 3].
    """

    name = "layout"

    def __init__(self, mean: Floats) -> None:
        self._mean = _cells(mean)

    def describe(self, pictures: Floats) -> Floats:
        """As `Judge.describe`."""
        return np.stack([unit(_cells(each) - self._mean) for each in pictures])


class CopyDetector:
    """SSCD, which finds copies of pictures (Pizzi et al., CVPR 2022). It is optional, see docs/models.md."""

    name = "SSCD"

    def __init__(self, store: ModelStore) -> None:
        manifest = store.manifest(COPY_DETECTOR)
        self._session = cpu_session(store.path(COPY_DETECTOR), 1)
        self._spec, self._output = manifest.picture_input(), manifest.outputs["features"]

    def describe(self, pictures: Floats) -> Floats:
        """As `Judge.describe`."""
        name = self._session.get_inputs()[0].name
        tensors = (as_input(_bytes(each), self._spec) for each in pictures)
        return np.stack([unit(self._session.run([self._output], {name: each})[0][0]) for each in tensors])


class Perception:
    """A perceptual distance: between maps of the first stages of U²-Net, each cell's channels to unit length.

    That is LPIPS (Zhang et al., CVPR 2018) with another network and without learned weights.
    """

    def __init__(self, store: ModelStore) -> None:
        self._spec = store.manifest(PERCEPTION).picture_input()
        self._session = cpu_session(_first_stages(store.path(PERCEPTION)), 1)

    def distances(self, originals: Floats, rebuilt: Floats) -> NDArray[np.float64]:
        """The distance of each pair of pictures, float32[n, rows, columns, 3] in 0..1; float64[n] in 0..2."""
        return np.array([self._distance(*pair) for pair in zip(originals, rebuilt, strict=True)])

    def _distance(self, original: Floats, rebuilt: Floats) -> float:
        stages = zip(self._maps(original), self._maps(rebuilt), strict=True)
        return float(np.mean([np.square(first - second).sum(1).mean() for first, second in stages]))

    def _maps(self, picture: Floats) -> list[Floats]:
        spec = self._spec.model_copy(update={"height": picture.shape[0], "width": picture.shape[1]})
        maps = self._session.run(None, {self._session.get_inputs()[0].name: as_input(_bytes(picture), spec)})
        return [each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-6) for each in maps]


def _first_stages(path: Path) -> bytes:
    """The beginning of U²-Net: a stage ends with a sum that is pooled next."""
    model = onnx.load(path)
    pooled = {node.input[0] for node in model.graph.node if node.op_type == "MaxPool"}
    sums = [node.output[0] for node in model.graph.node if node.op_type == "Add" and node.output[0] in pooled]
    ends = sums[:_STAGES]
    values = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ends)
    model.graph.value_info.extend(values)
    return bytes(Extractor(model).extract_model([model.graph.input[0].name], ends).SerializeToString())


def _cells(picture: Floats) -> Floats:
    small = Image.fromarray(_bytes(picture)).resize((_LAYOUT, _LAYOUT), Image.Resampling.BOX)
    return (np.asarray(small).ravel() / 255).astype(np.float32)


def _bytes(picture: Floats) -> NDArray[np.uint8]:
    return (picture * 255).round().astype(np.uint8)
