"""How far the head's answers agree with the teacher's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from training.pictures import SETS
from training.subject_network import SubjectHead
from training.subject_teacher import MAPS, TEST, Examples

from similis.algorithm._subject import mask_regions

THRESHOLD = 0.5

Mask = NDArray[np.float32]


def answers(head: SubjectHead, examples: Examples) -> list[Mask]:
    """The head's masks, float32[65, 65] each."""
    return [_answer(head, examples, place) for place in range(len(examples.masks))]


def _answer(head: SubjectHead, examples: Examples, place: int) -> Mask:
    maps = [torch.from_numpy(examples.maps[name][place : place + 1].astype(np.float32)) for name in MAPS]
    with torch.no_grad():
        mask: Mask = torch.sigmoid(head(maps)[-1])[0].numpy()
    return mask


def measure(found: Sequence[Mask], wanted: Sequence[NDArray[np.floating]]) -> dict[str, dict[str, float]]:
    """Mean intersection over union with the teacher by group of tests: of masks cut at one half, of main boxes."""
    both = zip(found, wanted, strict=True)
    pairs = np.array([(mask_overlap(mine, theirs), box_overlap(mine, theirs)) for mine, theirs in both])
    means = pairs.reshape(-1, TEST, 2).mean(1).round(4)
    groups = zip((*SETS, "pasted"), means, strict=True)
    return {group: {"mask": float(mask), "box": float(box)} for group, (mask, box) in groups}


def cells_overlap(mine: Tensor, theirs: Tensor) -> float:
    """Mean intersection over union of masks in cells, of mine that are cut and of theirs that are not."""
    there = theirs > THRESHOLD
    both, either = (mine & there).sum((1, 2)), (mine | there).sum((1, 2))
    return float(torch.where(either > 0, both / either.clamp(min=1), 1.0).mean())


def mask_overlap(mine: Mask, theirs: NDArray[np.floating]) -> float:
    """Intersection over union at the teacher's size; two empty masks are the same."""
    height, width = theirs.shape
    large = np.asarray(Image.fromarray(mine).resize((width, height), Image.Resampling.BILINEAR)) > THRESHOLD
    there = theirs > THRESHOLD
    either = int((large | there).sum())
    return int((large & there).sum()) / either if either else 1.0


def box_overlap(mine: Mask, theirs: NDArray[np.floating]) -> float:
    """Intersection over union of the main regions."""
    one, other = (mask_regions(mask.astype(np.float32), 1000, 1000)[0] for mask in (mine, theirs))
    across = max(0, min(one.x2, other.x2) - max(one.x1, other.x1))
    down = max(0, min(one.y2, other.y2) - max(one.y1, other.y1))
    return across * down / (one.area + other.area - across * down)
