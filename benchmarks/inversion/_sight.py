"""What decoders are taught by: the first stages of the product's own backbone, and structural similarity.

Needs PyTorch.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SSIM_SIGMA, _SSIM_RADIUS = 1.5, 5


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
    """As `_measures.ssim`, but one differentiable mean over pictures float32[n, channels, side, side]."""
    blur = _blurring(first.shape[-1])

    def blurred(pictures: Tensor) -> Tensor:
        return blur @ pictures @ blur.T

    mean_x, mean_y = blurred(first), blurred(second)
    variance_x = blurred(first * first) - mean_x**2
    variance_y = blurred(second * second) - mean_y**2
    covariance = blurred(first * second) - mean_x * mean_y
    light = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
    return (light * (2 * covariance + 9e-4) / (variance_x + variance_y + 9e-4)).mean()


def _blurring(side: int) -> Tensor:
    """Gaussian means along an axis as a matrix, float32[side − 10, side]: ten times as fast as a convolution here."""
    places = torch.arange(side) - torch.arange(_SSIM_RADIUS, side - _SSIM_RADIUS)[:, None]
    weights = torch.exp(-((places / _SSIM_SIGMA) ** 2) / 2) * (places.abs() <= _SSIM_RADIUS)
    return weights / weights.sum(1, keepdim=True)
