"""Networks that rebuild pictures from features. Needs PyTorch."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Floats = NDArray[np.float32]

_HIDDEN, _DROPOUT = 1536, 0.3
_SEED_DROPOUT = 0.1
_GRID = 8
"""Rows and columns that the first layer of the convolutional part fills."""
_BESIDE, _SHARPNESS = 16, 12.0
"""Similar pictures that are looked at, and how much more the more similar ones count in their mean."""


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


class Beside(nn.Module):
    """The attacker's own pictures that are most similar to the wanted one: maps for a decoder to draw from.

    While it learns, a picture is not among those beside itself.

    Args:
        features: of the attacker's own pictures, float32[n, D], all of one length.
        pictures: uint8[n, 3, side, side].
    """

    shown = 3
    """Pictures that are shown by themselves, beside the weighted mean of more."""
    maps = 4 * 3 * (shown + 1) + shown

    def __init__(self, features: Tensor, pictures: Tensor) -> None:
        super().__init__()
        self.register_buffer("features", functional.normalize(features))
        self.register_buffer("pictures", pictures)

    def forward(self, features: Tensor) -> Tensor:
        """Maps, float32[n, maps, side / 2, side / 2]: pictures, their mean, and how similar they are."""
        similarity = functional.normalize(features) @ self.features.T
        values, rows = similarity.topk(_BESIDE + 1)
        first = int(self.training)
        values, rows = values[:, first : first + _BESIDE], rows[:, first : first + _BESIDE]
        pictures = self.pictures[rows].float() / 255
        mean = ((_SHARPNESS * values).softmax(1)[:, :, None, None, None] * pictures).sum(1)
        drawn = torch.cat([pictures[:, : self.shown].flatten(1, 2), mean], 1)
        maps = functional.pixel_unshuffle(drawn, 2)
        trust = values[:, : self.shown, None, None].expand(-1, -1, *maps.shape[2:])
        return torch.cat([maps, trust], 1)


class Decoder(nn.Module):
    """The coarse picture, and what convolutions from 8 × 8 cells upwards change in it.

    Args:
        coarse: gives the coarse picture; is trained on with the rest.
        dimension: numbers in a feature vector.
        beside: gives similar pictures to draw from, if there are any.
        channels: of the finest layers; the coarser ones have more.
    """

    def __init__(self, coarse: Coarse, dimension: int, beside: Beside | None = None, channels: int = 32) -> None:
        super().__init__()
        self.coarse, self.beside = coarse, beside
        self._first = 4 * channels
        self.seed = nn.Sequential(nn.Linear(dimension, self._first * _GRID**2), nn.Dropout(_SEED_DROPOUT))
        self.upwards = nn.Sequential(_Block(4 * channels, 2 * channels), _Block(2 * channels, channels))
        entering = channels + 12 + (0 if beside is None else beside.maps)
        self.joined = nn.Sequential(
            _convolution(entering, channels), nn.GELU(), _convolution(channels, channels), nn.GELU()
        )
        self.last = _convolution(channels, 12)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Pictures, float32[n, 3, 64, 64], in about 0..1."""
        coarse = self.coarse(features)
        cells = self.upwards(self.seed(features).reshape(-1, self._first, _GRID, _GRID))
        maps = [cells, functional.pixel_unshuffle(coarse, 2)]
        if self.beside is not None:
            maps.append(self.beside(features))
        return coarse + functional.pixel_shuffle(self.last(self.joined(torch.cat(maps, 1))), 2)


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
