"""The network that finds subjects in the backbone's maps, and what it is told when it is wrong (PyTorch).

It is a feature pyramid: from the glance and the last map down to that of stride 4, each level convolves its own map
and what the coarser ones made out. The three coarse levels also know the mean over the whole picture, as whether a
thing stands out depends on all the others. Each level answers while it learns, as those of U²-Net do; afterwards only
the finest does.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = (
    (1280, 64),
    (1280, 112),
    (120, 80),
    (48, 40),
    (24, 16),
)  # channels of maps, coarse to fine, and levels
WIDE = 3  # coarse levels that know the mean, and whose second convolution looks further around
DROPOUT = 0.3  # of the maps' channels
COARSE_SHARE = 0.3  # of the loss of each level but the finest
_THERE = 0.5


class Level(nn.Module):
    """One size of the pyramid: its own map and what the coarser levels made out, then residual convolutions."""

    def __init__(self, channels: int, coarser: int | None, width: int, *, wide: bool) -> None:
        super().__init__()
        self.lateral = _norm(nn.Conv2d(channels, width, 1, bias=False))
        self.narrow = _norm(nn.Conv2d(coarser, width, 1, bias=False)) if coarser else None
        self.blends = nn.ModuleList(_blend(width, dilation) for dilation in (1, 2 if wide else 1))
        self.overview = nn.Sequential(nn.Conv2d(width, width, 1)) if wide else None
        self.odds = nn.Sequential(nn.Conv2d(width, 1, 1))

    def forward(self, given: Tensor, coarser: Tensor | None) -> Tensor:
        """What this level makes out, [n, width, rows, columns]."""
        seen = self.lateral(functional.dropout2d(given, DROPOUT, self.training))
        if self.narrow is not None:
            seen = seen + _enlarge(self.narrow(coarser), seen.shape[2:])
        seen = functional.relu(seen)
        if self.overview is not None:
            seen = seen + self.overview(seen.mean((2, 3), keepdim=True))
        for blend in self.blends:
            seen = seen + functional.relu(blend(seen))
        return seen


class SubjectHead(nn.Module):
    """Maps, coarse to fine, to the log-odds that each cell belongs to a subject."""

    def __init__(self) -> None:
        super().__init__()
        coarser = (None, *(width for _channels, width in LEVELS[:-1]))
        self.levels = nn.ModuleList(
            Level(channels, before, width, wide=place < WIDE)
            for place, ((channels, width), before) in enumerate(zip(LEVELS, coarser, strict=True))
        )

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Log-odds of every level, coarse to fine, [n, rows, columns] each."""
        seen: Tensor | None = None
        odds = []
        for given, level in zip(maps, self.levels, strict=True):
            seen = level(given, seen)
            odds.append(level.odds(seen)[:, 0])
        return odds


def loss(odds: Sequence[Tensor], masks: Tensor) -> Tensor:
    """That of the finest level, and a share of those of the others."""
    *coarser, finest = (_loss_of(each, masks) for each in odds)
    return finest + COARSE_SHARE * torch.stack(coarser).sum()


def _loss_of(odds: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of the cells, and one minus the soft intersection over union with each mask cut as in the end."""
    odds = _enlarge(odds.float()[:, None], masks.shape[1:])[:, 0]
    shares, there = torch.sigmoid(odds), (masks > _THERE).float()
    both = (shares * there).sum((1, 2))
    either = (shares + there - shares * there).sum((1, 2))
    return functional.binary_cross_entropy_with_logits(odds, masks) + (1 - (both + 1) / (either + 1)).mean()


def _enlarge(tensor: Tensor, size: Sequence[int]) -> Tensor:
    return functional.interpolate(tensor, size, mode="bilinear", align_corners=True)


def _norm(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels))


def _blend(width: int, dilation: int) -> nn.Sequential:
    return _norm(nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation, bias=False))
