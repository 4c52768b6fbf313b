"""Networks that rebuild pictures from features, and what they are taught by. Needs PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

Floats = NDArray[np.float32]

_HIDDEN, _DROPOUT = 1536, 0.3
_GRID = 8
"""Rows and columns that the first layer of the convolutional part fills."""
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SSIM_SIGMA, _SSIM_RADIUS = 1.5, 5


class Coarse(nn.Module):
    """Features to the weights of principal pictures: two hidden layers.

    Args:
        mean: picture, float32[3 · side²], channels first.
        components: principal pictures, each scaled by its standard deviation, float32[k, 3 · side²].
        dimension: numbers in a feature vector.
    """

    def __init__(self, mean: Floats, components: Floats, dimension: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("components", torch.from_numpy(components))
        self.layers = nn.Sequential(
            nn.Linear(dimension, _HIDDEN), nn.GELU(), nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, _HIDDEN), nn.GELU(), nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, len(components)),
        )  # fmt: skip

    def forward(self, features: Tensor) -> Tensor:
        """Pictures, float32[n, 3, side, side]."""
        flat = self.mean + self.layers(features) @ self.components
        side = round((flat.shape[1] / 3) ** 0.5)
        return flat.reshape(-1, 3, side, side)


class Decoder(nn.Module):
    """The coarse picture, and what convolutions from 8 × 8 cells upwards change in it.

    Args:
        coarse: gives the coarse picture; is trained on with the rest.
        dimension: numbers in a feature vector.
        channels: of the finest layers; the coarser ones have more.
    """

    def __init__(self, coarse: Coarse, dimension: int, channels: int = 48) -> None:
        super().__init__()
        self.coarse = coarse
        self._first = 4 * channels
        self.seed = nn.Linear(dimension, self._first * _GRID**2)
        self.upwards = nn.Sequential(_Block(4 * channels, 2 * channels), _Block(2 * channels, channels))
        self.joined = nn.Sequential(
            _convolution(channels + 12, channels), nn.GELU(), _convolution(channels, channels), nn.GELU()
        )
        self.last = _convolution(channels, 12)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Pictures, float32[n, 3, 64, 64], in about 0..1."""
        coarse = self.coarse(features)
        cells = self.upwards(self.seed(features).reshape(-1, self._first, _GRID, _GRID))
        cells = self.joined(torch.cat([cells, functional.pixel_unshuffle(coarse, 2)], 1))
        return coarse + functional.pixel_shuffle(self.last(cells), 2)


class _Block(nn.Module):
    """Twice as many rows and columns; a residual pair of convolutions."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(entering, leaving, 1)
        first, second = _convolution(leaving, leaving), _convolution(leaving, leaving)
        self.pair = nn.Sequential(nn.GroupNorm(8, leaving), nn.GELU(), first, nn.GELU(), second)

    def forward(self, cells: Tensor) -> Tensor:
        wide = functional.interpolate(self.narrow(cells), scale_factor=2, mode="bilinear")
        return wide + self.pair(wide)


def _convolution(entering: int, leaving: int) -> nn.Conv2d:
    return nn.Conv2d(entering, leaving, 3, padding=1)


class Sight(nn.Module):
    """The first stages of the product's own backbone, read from its ONNX file: the perceptual loss compares its maps.

    Whoever has Similis has them too. Only what EfficientNet-Lite consists of is understood.
    """

    def __init__(self, path: Path, outputs: tuple[str, ...] = ("detail", "fine")) -> None:
        super().__init__()
        graph = onnx.load(path).graph
        self._outputs = outputs
        self._nodes = []
        arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
        self._constants = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
        wanted = set(outputs)
        for node in graph.node:
            self._nodes.append(node)
            wanted -= set(node.output)
            if not wanted:
                break

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Maps of pictures, float32[n, 3, rows, columns] in 0..1; each cell's channels scaled to unit length."""
        mean, std = (torch.tensor(each).reshape(1, 3, 1, 1) for each in (_MEAN, _STD))
        tensors = {"pixels": (pictures - mean) / std}
        for node in self._nodes:
            given = [tensors[name] if name in tensors else self._constants[name] for name in node.input]
            tensors[node.output[0]] = _run(node, given)
        return [functional.normalize(tensors[name], dim=1) for name in self._outputs]


def _run(node: onnx.NodeProto, given: list[Tensor]) -> Tensor:
    match node.op_type:
        case "Add":
            return given[0] + given[1]
        case "Clip":
            return given[0].clamp(0, 6)
        case "Conv":
            return _same_convolution(node, *given)
    raise ValueError(f"The backbone has a node of type {node.op_type}.")


def _same_convolution(node: onnx.NodeProto, pictures: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution padded as TensorFlow's SAME."""
    settings = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
    stride = settings["strides"][0]
    pads = [_same(size, kernel, stride) for size, kernel in zip(pictures.shape[2:], weight.shape[2:], strict=True)]
    padded = functional.pad(pictures, [*pads[1], *pads[0]])
    return functional.conv2d(padded, weight, bias, stride, groups=settings.get("group", 1))


def _same(size: int, kernel: int, stride: int) -> tuple[int, int]:
    missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return missing // 2, missing - missing // 2


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """As `_measures.ssim`, but one differentiable mean over pictures float32[n, channels, rows, columns]."""
    places = torch.arange(-_SSIM_RADIUS, _SSIM_RADIUS + 1)
    weights = torch.exp(-((places / _SSIM_SIGMA) ** 2) / 2)
    weights = weights / weights.sum()

    def blurred(pictures: Tensor) -> Tensor:
        rows = functional.conv2d(pictures.flatten(0, 1)[:, None], weights.reshape(1, 1, -1, 1))
        return functional.conv2d(rows, weights.reshape(1, 1, 1, -1))

    mean_x, mean_y = blurred(first), blurred(second)
    variance_x = blurred(first * first) - mean_x**2
    variance_y = blurred(second * second) - mean_y**2
    covariance = blurred(first * second) - mean_x * mean_y
    light = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return (light * (2 * covariance + 9e-4) / (variance_x + variance_y + 9e-4)).mean()
