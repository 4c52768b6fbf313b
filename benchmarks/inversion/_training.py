"""Train decoders for a given time of the processor, however busy the machine is. Needs PyTorch."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from benchmarks.inversion._linear import Principal
from benchmarks.inversion._networks import Beside, Coarse, Decoder
from benchmarks.inversion._sight import Sight, structural_similarity
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]

_COARSE_BATCH, _FINE_BATCH = 128, 32
_COARSE_RATE, _FINE_RATE = 1e-3, 1e-3
_JITTER = 0.15
"""Noise on features while a network learns, in standard deviations of a number of a random unit vector."""
_PERCEPTUAL = 0.5
_PERCEIVED = 12
"""Pictures of a batch that the backbone looks at: half of the time would go there otherwise."""


def train_coarse(features: Floats, pictures: Floats, principal: Principal, seconds: float, seed: int = 0) -> Coarse:
    """The hidden layers that tell the weights of principal pictures, by least squares of pixels.

    Args:
        features: the attacker's, float32[n, D], of unit length.
        pictures: float32[n, side, side, 3] in 0..1.
        principal: those of `pictures`.
        seconds: of the processor, how long to train.
        seed: of the weights and of the order.
    """
    torch.manual_seed(seed)
    scales, wanted = principal.scales, torch.from_numpy(principal.weights(pictures) / principal.scales)
    given = _scaled(features)
    coarse = Coarse(_flat(principal.mean), _flat(principal.components * scales[:, None]), features.shape[1])
    importance = torch.from_numpy(np.square(scales / scales[0]))

    def loss(rows: Tensor) -> Tensor:
        return ((coarse.layers(_jittered(given[rows])) - wanted[rows]).square() * importance).mean()

    _train(coarse.layers, loss, len(given), _COARSE_BATCH, _COARSE_RATE, seconds)
    return coarse


def train_decoder(
    coarse: Coarse, features: Floats, pictures: Floats, sight: Sight, seconds: float, *, beside: bool, seed: int = 0
) -> Decoder:
    """Train all of a decoder, from a coarse one on.

    The loss is the mean absolute error, one minus the structural similarity, and the distance of the maps that the
    product's own backbone sees.

    Args:
        coarse: what it begins with.
        features: as in `train_coarse`.
        pictures: as in `train_coarse`.
        sight: the backbone.
        seconds: of the processor, how long to train.
        beside: let it draw from the attacker's own pictures that are most similar.
        seed: of the weights and of the order.
    """
    torch.manual_seed(seed)
    given, wanted = _scaled(features), _bytes(pictures)
    decoder = Decoder(coarse, features.shape[1], Beside(given, wanted) if beside else None)
    decoder.to(memory_format=torch.channels_last)

    def loss(rows: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            rebuilt = decoder(_jittered(given[rows])).float()
        original = wanted[rows].float() / 255
        apart = _apart(sight, rebuilt[:_PERCEIVED], original[:_PERCEIVED])
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


def _apart(sight: Sight, rebuilt: Tensor, original: Tensor) -> Tensor:
    """How far the backbone's maps of rebuilt pictures are from those of the originals."""
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            there = sight(original)
        pairs = zip(sight(rebuilt), there, strict=True)
        return torch.stack([(ours - theirs).float().square().sum(1).mean() for ours, theirs in pairs]).sum()


def _train(
    network: nn.Module, loss: Callable[[Tensor], Tensor], count: int, batch: int, rate: float, seconds: float
) -> None:
    """AdamW; the rate rises for a twentieth of the time and falls like a cosine."""
    network.train()
    chooser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    started = time.process_time()
    while (gone := (time.process_time() - started) / seconds) < 1:
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


def _jittered(features: Tensor) -> Tensor:
    return features + _JITTER * torch.randn(features.shape)


def _bytes(pictures: Floats) -> Tensor:
    """Channels first, uint8: a quarter of the memory."""
    return torch.from_numpy((pictures.transpose(0, 3, 1, 2) * 255).round().astype(np.uint8))


def _flat(pictures: Floats) -> Floats:
    """Channels first, as PyTorch has them, of float32[..., side² · 3]."""
    side = round((pictures.shape[-1] / 3) ** 0.5)
    moved = np.moveaxis(pictures.reshape(*pictures.shape[:-1], side, side, 3), -1, -3)
    return np.ascontiguousarray(moved.reshape(pictures.shape))
