"""The tail of EfficientNet-Lite2 as PyTorch modules: stages six and seven and the head, from the end of stage five.

What it sees is pooled and projected as `similis.algorithm._features` does it.

Batch normalisation is folded into the convolutions, as in the converted backbone that the weights come from.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn
from torch.nn import functional

BLOCKS = range(15, 21)

Weights = dict[str, NDArray[np.float32]]


class Convolution(nn.Module):
    """A convolution padded as TensorFlow's SAME, with ReLU6 behind it or not."""

    def __init__(
        self, weights: Weights, name: str, *, stride: int = 1, depthwise: bool = False, relu6: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weights[f"{name}.weight"]))
        self.bias = nn.Parameter(torch.tensor(weights[f"{name}.bias"]))
        self._stride, self._relu6 = stride, relu6
        self._groups = len(self.weight) if depthwise else 1

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        kernel = self.weight.shape[2]
        if kernel > 1:
            top, bottom = _padding(maps.shape[2], kernel, self._stride)
            left, right = _padding(maps.shape[3], kernel, self._stride)
            maps = functional.pad(maps, (left, right, top, bottom))
        maps = functional.conv2d(maps, self.weight, self.bias, self._stride, groups=self._groups)
        return maps.clamp(0, 6) if self._relu6 else maps


def _padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """SAME_UPPER of ONNX: as even as possible, the odd one at the end."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


class Block(nn.Module):
    """Inverted residual: expand, depthwise, project; added to its input where shapes allow."""

    def __init__(self, weights: Weights, number: int, stride: int) -> None:
        super().__init__()
        name = f"_blocks.{number}."
        self.expand = Convolution(weights, f"{name}_expand_conv")
        self.depthwise = Convolution(weights, f"{name}_depthwise_conv", stride=stride, depthwise=True)
        self.project = Convolution(weights, f"{name}_project_conv", relu6=False)
        self._residual = stride == 1 and self.expand.weight.shape[1] == self.project.weight.shape[0]

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        made = self.project(self.depthwise(self.expand(maps)))
        return maps + made if self._residual else made


class Tail(nn.Module):
    """From the end of stage five, float32[n, 120, rows, columns], to features, float32[n, dimension], of unit length.

    Args:
        weights: initialisers of the converted backbone, see `backbone_weights`.
        projection: mean float32[1280] and matrix float32[1280, dimension]; they stay as they are.
    """

    def __init__(self, weights: Weights, projection: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
        super().__init__()
        self.body = tail_body(weights)
        self._mean, self._matrix = (torch.tensor(part) for part in projection)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self.project(self.pool(maps))

    def project(self, pooled: torch.Tensor) -> torch.Tensor:
        """Pooled vectors, float32[n, 1280], centred and projected, to unit length."""
        return functional.normalize((pooled - self._mean) @ self._matrix, dim=1)

    def pool(self, maps: torch.Tensor) -> torch.Tensor:
        """The root mean square of the last map's cells, to unit length: float32[n, 1280]."""
        return functional.normalize((self.body(maps).square().mean((2, 3)) + 1e-8).sqrt(), dim=1)


def tail_body(weights: Weights) -> nn.Sequential:
    """Stages six and seven and the head."""
    blocks = [Block(weights, number, stride=2 if number == BLOCKS[0] else 1) for number in BLOCKS]
    return nn.Sequential(*blocks, Convolution(weights, "_conv_head"))


def backbone_weights(backbone: Path) -> Weights:
    """The initialisers of a converted backbone by name."""
    return {one.name: numpy_helper.to_array(one).copy() for one in onnx.load(backbone).graph.initializer}
