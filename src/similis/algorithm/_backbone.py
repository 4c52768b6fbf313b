"""The backbone network: pixels in, its last feature map out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm._runtime import cpu_session
from similis.algorithm.models import InputSpec, Manifest

Pixels = NDArray[np.uint8]
FeatureMap = NDArray[np.float32]


class Backbone:
    """An ONNX model on the CPU. Safe for threads: one loaded model serves all of them.

    Pictures go through one by one, with a fixed number of threads, so that the same pixels always give the same bits.

    Args:
        path: the model file, from `ModelStore.path`.
        manifest: tells how pixels enter and what the output `feature_map` is called.
        threads: threads inside one pass.
    """

    def __init__(self, path: Path, manifest: Manifest, threads: int = 1) -> None:
        self._session = cpu_session(path, threads)
        self._input = self._session.get_inputs()[0].name
        self._output = manifest.outputs["feature_map"]
        self._spec = manifest.picture_input()
        self.name = manifest.name
        self.dimension = manifest.dimension

    def feature_map(self, pixels: Pixels) -> FeatureMap:
        """The last feature map of a picture squashed to the input size.

        Args:
            pixels: RGB, uint8[height, width, 3].

        Returns:
            float32[channels, rows, columns].
        """
        tensor = as_input(pixels, self._spec)
        (maps,) = self._session.run([self._output], {self._input: tensor})
        found: FeatureMap = maps[0]
        return found


def as_input(pixels: Pixels, spec: InputSpec) -> NDArray[np.float32]:
    """Squash RGB pixels, uint8[height, width, 3], to a model's input, float32[1, 3, height, width]."""
    picture = Image.fromarray(pixels)
    squashed = picture.resize((spec.width, spec.height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    mean, std = np.asarray(spec.mean, np.float32), np.asarray(spec.std, np.float32)
    scaled = (np.asarray(squashed, np.float32) - mean * 255) / (std * 255)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
