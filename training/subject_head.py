"""Train the head that finds subjects in the backbone's maps: `python -m training.subject_head …` (PyTorch).

It learns to answer as U²-Net does (see `subject_teacher.py`), as a feature pyramid does: from the last map down to
that of stride 4, each enlarged, added to the next finer one and convolved. First it learns from sharp pictures, then,
for a short time and at a smaller rate, from coarse ones with sharp ones among them. The figures are taken on held-out
pictures of three sets that it learned from and of two that it did not, against the teacher's full graph at 320 × 320.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from training.pictures import SETS, WEIGHTS, arguments, fingerprint, save
from training.subject_export import export
from training.subject_teacher import LEFT_OUT, MAPS, TEST, TRAINED, Examples, see

from similis.algorithm._subject import mask_regions

SIDE = 65
THRESHOLD = 0.5
LEVELS = ((1280, 96), (120, 64), (48, 32), (24, 16))  # channels of each map, coarse to fine, and after its level
EPOCHS, RATE = 10, 2e-3
COARSE_EPOCHS, COARSE_RATE, SHARP = 2, 5e-4, 2100  # how many sharp pictures are among the coarse ones
BATCH, DECAY = 16, 1e-3
MADE_AGAIN = 2  # made pictures are fewer than whole ones; each is learned so many times an epoch

Mask = NDArray[np.float32]
Place = tuple[Examples, int]


class SubjectHead(nn.Module):
    """Maps, coarse to fine, to the log-odds that each cell of the finest belongs to a subject."""

    def __init__(self) -> None:
        super().__init__()
        entering = (LEVELS[0][1], *(leaving for _channels, leaving in LEVELS[:-1]))
        self.laterals = nn.ModuleList(
            _norm(nn.Conv2d(channels, width, 1, bias=False))
            for (channels, _leaving), width in zip(LEVELS, entering, strict=True)
        )
        self.blends = nn.ModuleList(
            _norm(nn.Conv2d(width, leaving, 3, padding=1, bias=False))
            for (_channels, leaving), width in zip(LEVELS, entering, strict=True)
        )
        self.last = nn.Conv2d(LEVELS[-1][1], 1, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Log-odds, [n, 65, 65]."""
        seen: Tensor | None = None
        for given, lateral, blend in zip(maps, self.laterals, self.blends, strict=True):
            side = lateral(given)
            if seen is not None:
                side = side + functional.interpolate(seen, side.shape[2:], mode="bilinear", align_corners=True)
            seen = functional.relu(blend(functional.relu(side)))
        odds: Tensor = self.last(seen)[:, 0]
        return odds


def _norm(convolution: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels))


def main() -> None:
    """Write `subject.onnx` and `subject.json`."""
    options = arguments(__doc__ or "")
    started = time.monotonic()
    pool, views, coarse = (_places(see(options, part)) for part in ("pool", "views", "coarse"))
    torch.manual_seed(0)
    head = SubjectHead().to(memory_format=torch.channels_last)
    train(head, [*pool, *views * MADE_AGAIN], EPOCHS, RATE)
    head.eval()  # so that batch normalisation keeps the statistics of sharp pictures
    train(head, [*_some(pool, SHARP), *coarse * MADE_AGAIN], COARSE_EPOCHS, COARSE_RATE)
    tests = see(options, "tests")
    figures = {
        "script": "training/subject_head.py",
        "data": fingerprint(options.data),
        "teacher": "u2netp, full graph at 320 x 320",
        "trained_on": TRAINED,
        "left_out": LEFT_OUT,
        "minutes": round((time.monotonic() - started) / 60),
        "agreement": measure(answers(head, tests), list(tests.masks)),
    }
    (WEIGHTS / "subject.onnx").write_bytes(export(head))
    save("subject", figures)


def _places(part: Examples) -> list[Place]:
    return [(part, place) for place in range(len(part.masks))]


def _some(places: Sequence[Place], count: int) -> list[Place]:
    return [places[number] for number in np.random.default_rng(1).permutation(len(places))[:count]]


def train(head: SubjectHead, places: Sequence[Place], epochs: int, rate: float) -> None:
    """AdamW with a rate that rises for an epoch and falls like a cosine; the same weights every time."""
    steps = len(places) // BATCH
    chooser = torch.optim.AdamW(head.parameters(), rate, weight_decay=DECAY)
    rates = torch.optim.lr_scheduler.OneCycleLR(
        chooser, rate, epochs=epochs, steps_per_epoch=steps, pct_start=1 / epochs
    )
    rng = np.random.default_rng(0)
    for epoch in range(epochs):
        losses = []
        for batch in rng.permutation(len(places))[: steps * BATCH].reshape(steps, BATCH):
            value = _loss_of(head, [places[number] for number in batch])
            chooser.zero_grad()
            value.backward()
            chooser.step()
            rates.step()
            losses.append(value.item())
        print(f"epoch {epoch + 1:3}: {np.mean(losses):.4f}", flush=True)


def _loss_of(head: SubjectHead, batch: Sequence[Place]) -> Tensor:
    maps = [_stack([part.maps[name][place] for part, place in batch]) for name in MAPS]
    masks = _stack([_fit(part.masks[place]) for part, place in batch])
    with torch.autocast("cpu", torch.bfloat16):  # a third less time than in full precision
        odds = head([each.to(memory_format=torch.channels_last) for each in maps])
    return loss(odds.float(), masks)


def _stack(arrays: Sequence[NDArray[np.floating]]) -> Tensor:
    return torch.from_numpy(np.stack(arrays).astype(np.float32))


def _fit(mask: NDArray[np.floating]) -> Mask:
    """A mask averaged to the head's cells."""
    picture = Image.fromarray(mask.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def loss(odds: Tensor, masks: Tensor) -> Tensor:
    """Cross-entropy of the cells, and one minus the soft intersection over union of each picture."""
    shares = torch.sigmoid(odds)
    both = (shares * masks).sum((1, 2))
    either = (shares + masks - shares * masks).sum((1, 2))
    return functional.binary_cross_entropy_with_logits(odds, masks) + (1 - (both + 1) / (either + 1)).mean()


def answers(head: SubjectHead, examples: Examples) -> list[Mask]:
    """The head's masks, float32[65, 65] each."""
    with torch.no_grad():
        return [
            torch.sigmoid(head([_stack([examples.maps[name][place]]) for name in MAPS]))[0].numpy()
            for place in range(len(examples.masks))
        ]


def measure(found: Sequence[Mask], wanted: Sequence[NDArray[np.floating]]) -> dict[str, dict[str, float]]:
    """Mean intersection over union with the teacher by group of tests: of masks cut at one half, of main boxes."""
    both = zip(found, wanted, strict=True)
    pairs = np.array([(mask_overlap(mine, theirs), box_overlap(mine, theirs)) for mine, theirs in both])
    means = pairs.reshape(-1, TEST, 2).mean(1).round(4)
    groups = zip((*SETS, "pasted"), means, strict=True)
    return {group: {"mask": float(mask), "box": float(box)} for group, (mask, box) in groups}


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


if __name__ == "__main__":
    main()
