"""Train decoders for a given time. Needs PyTorch."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from benchmarks.inversion._linear import Principal
from benchmarks.inversion._networks import Coarse, Decoder, Sight, structural_similarity
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]

_COARSE_BATCH, _FINE_BATCH = 128, 32
_COARSE_RATE, _FINE_RATE = 1e-3, 6e-4
_JITTER = 0.15
"""Noise on features while the coarse part learns, in standard deviations of a number of a random unit vector."""
_PERCEPTUAL = 0.25


def train_coarse(features: Floats, pictures: Floats, principal: Principal, seconds: float, seed: int = 0) -> Coarse:
    """The hidden layers that tell the weights of principal pictures, by least squares of pixels.

    Args:
        features: the attacker's, float32[n, D], of unit length.
        pictures: float32[n, side, side, 3] in 0..1.
        principal: those of `pictures`.
        seconds: how long to train.
        seed: of the weights and of the order.
    """
    torch.manual_seed(seed)
    scales, wanted = principal.scales, torch.from_numpy(principal.weights(pictures) / principal.scales)
    given = _scaled(features)
    coarse = Coarse(_flat(principal.mean), _flat(principal.components * scales[:, None]), features.shape[1])
    importance = torch.from_numpy(np.square(scales / scales[0]))

    def loss(rows: Tensor) -> Tensor:
        noisy = given[rows] + _JITTER * torch.randn(len(rows), given.shape[1])
        return ((coarse.layers(noisy) - wanted[rows]).square() * importance).mean()

    _train(coarse.layers, loss, len(given), _COARSE_BATCH, _COARSE_RATE, seconds)
    return coarse


def train_decoder(
    coarse: Coarse, features: Floats, pictures: Floats, sight: Sight, seconds: float, seed: int = 0
) -> Decoder:
    """Train all of a decoder, from a coarse one on.

    The loss is the mean absolute error, one minus the structural similarity, and the distance of the maps that the
    product's own backbone sees.
    """
    torch.manual_seed(seed)
    given, wanted = _scaled(features), torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
    decoder = Decoder(coarse, features.shape[1])

    def loss(rows: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            rebuilt = decoder(given[rows]).float()
        original = wanted[rows]
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                there = sight(original)
            apart = sum((a - b).float().square().sum(1).mean() for a, b in zip(sight(rebuilt), there, strict=True))
        return (rebuilt - original).abs().mean() + 1 - structural_similarity(rebuilt, original) + _PERCEPTUAL * apart

    _train(decoder, loss, len(given), _FINE_BATCH, _FINE_RATE, seconds)
    return decoder


def rebuild(network: nn.Module, features: Floats, batch: int = 100) -> Floats:
    """Pictures rebuilt from features, float32[n, side, side, 3] in 0..1."""
    network.eval()
    given = _scaled(features)
    with torch.no_grad():
        parts = [network(given[at : at + batch]) for at in range(0, len(given), batch)]
    pictures: Floats = torch.cat(parts).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return pictures


def _train(
    network: nn.Module, loss: Callable[[Tensor], Tensor], count: int, batch: int, rate: float, seconds: float
) -> None:
    """AdamW; the rate rises for a twentieth of the time and falls like a cosine."""
    network.train()
    chooser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    started = time.monotonic()
    while (gone := (time.monotonic() - started) / seconds) < 1:
        for group in chooser.param_groups:
            group["lr"] = rate * min(gone / 0.05, 0.5 + 0.5 * np.cos(np.pi * gone))
        value = loss(torch.randint(count, (batch,)))
        chooser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        chooser.step()
    network.eval()


def _scaled(features: Floats) -> Tensor:
    """Numbers of about unit variance."""
    return torch.from_numpy(features * np.float32(features.shape[1] ** 0.5))


def _flat(pictures: Floats) -> Floats:
    """Channels first, as PyTorch has them, of float32[..., side² · 3]."""
    side = round((pictures.shape[-1] / 3) ** 0.5)
    moved = np.moveaxis(pictures.reshape(*pictures.shape[:-1], side, side, 3), -1, -3)
    return np.ascontiguousarray(moved.reshape(pictures.shape))
