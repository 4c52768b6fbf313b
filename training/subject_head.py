"""Train the head that finds subjects in the backbone's maps: `python -m training.subject_head …` (PyTorch).

It learns to answer as U²-Net does (see `subject_teacher.py`) in whole, coarse and made pictures together. A few of
each part are held out: the running mean of the weights is kept as it was after the round in which it agreed best with
the teacher there, as after four or five rounds it agrees better on what it learned from and worse on everything else.
The figures are taken on other held-out pictures, of three sets that it learned from and of two that it did not,
against the teacher's full graph at 320 × 320.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from training.pictures import WEIGHTS, arguments, fingerprint, save
from training.subject_agreement import answers, cells_overlap, measure
from training.subject_export import export
from training.subject_network import SubjectHead, loss
from training.subject_teacher import LEFT_OUT, MAPS, TRAINED, Examples, see

SIDE = 65
EPOCHS, RATE, WARM = 6, 2e-3, 0.1  # the rate rises for the first tenth of the steps
BATCH, DECAY, MEMORY = 16, 2e-2, 0.998
MIRRORED = 0.5  # the share of examples that are learned with maps and mask mirrored

Mask = NDArray[np.float32]
Place = tuple[Examples, int]


@dataclass(frozen=True)
class Share:
    """How one part is learned from.

    Attributes:
        rows: examples of each picture; the first one is the picture as it is.
        again: how many times an epoch each is learned.
        held_out: one picture in so many is not, and shows when to stop.
    """

    rows: int
    again: int
    held_out: int


SHARES = {"pool": Share(2, 1, 25), "more": Share(2, 1, 25), "coarse": Share(1, 2, 25), "views": Share(1, 2, 15)}
_FIRST_HELD_OUT = 7


def main() -> None:
    """Write `subject.onnx` and `subject.json`."""
    options = arguments(__doc__ or "")
    started = time.monotonic()
    parts = {part: see(options, part) for part in SHARES}
    learned = [place for part, share in SHARES.items() for place in _learned(parts[part], share)]
    held_out = [_held_out(parts[part], share) for part, share in SHARES.items()]
    head = train(learned, held_out)
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


def _learned(part: Examples, share: Share) -> list[Place]:
    rows = [row for row in range(len(part.masks)) if row // share.rows % share.held_out != _FIRST_HELD_OUT]
    return [(part, row) for row in rows for _ in range(share.again)]


def _held_out(part: Examples, share: Share) -> list[Place]:
    return [(part, row) for row in range(_FIRST_HELD_OUT * share.rows, len(part.masks), share.held_out * share.rows)]


def train(places: Sequence[Place], held_out: Sequence[Sequence[Place]]) -> SubjectHead:
    """The mean of the weights after the best round; the same every time on the same machine."""
    torch.manual_seed(0)
    head = SubjectHead().to(memory_format=torch.channels_last)
    mean = AveragedModel(head, multi_avg_fn=get_ema_multi_avg_fn(MEMORY), use_buffers=True)
    steps = len(places) // BATCH
    chooser = _chooser(head)
    rates = torch.optim.lr_scheduler.OneCycleLR(chooser, RATE, total_steps=EPOCHS * steps, pct_start=WARM)
    rng = np.random.default_rng(0)
    best = 0.0
    kept: SubjectHead = head
    for epoch in range(EPOCHS):
        for batch in rng.permutation(len(places))[: steps * BATCH].reshape(steps, BATCH):
            value = _loss_of(head, [places[number] for number in batch], rng.random(BATCH) < MIRRORED)
            chooser.zero_grad()
            value.backward()
            chooser.step()
            rates.step()
            mean.update_parameters(head)
        now = copy.deepcopy(mean.module).eval()
        agreement = float(np.mean([_agreement(now, part) for part in held_out]))
        print(f"epoch {epoch + 1}: {agreement:.4f}", flush=True)
        if agreement > best:
            best, kept = agreement, now
    return kept


def _chooser(head: SubjectHead) -> torch.optim.Optimizer:
    """AdamW; only what multiplies decays."""
    weights = [each for each in head.parameters() if each.ndim > 1]
    others = [each for each in head.parameters() if each.ndim == 1]
    groups = [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, RATE)


def _loss_of(head: SubjectHead, batch: Sequence[Place], mirrored: NDArray[np.bool_]) -> Tensor:
    maps, masks = _examples(batch, mirrored)
    with torch.autocast("cpu", torch.bfloat16):  # a third less time than in full precision
        odds = head([each.bfloat16().to(memory_format=torch.channels_last) for each in maps])
    return loss(odds, masks)


def _agreement(head: nn.Module, places: Sequence[Place]) -> float:
    """Mean overlap of the masks, cell by cell."""
    maps, masks = _examples(places, np.zeros(len(places), bool))
    with torch.no_grad():
        return cells_overlap(head(maps)[-1] > 0, masks)


def _examples(places: Sequence[Place], mirrored: NDArray[np.bool_]) -> tuple[list[Tensor], Tensor]:
    maps = [_stack([part.maps[name][row] for part, row in places], mirrored) for name in MAPS]
    return maps, _stack([_fit(part.masks[row]) for part, row in places], mirrored)


def _stack(arrays: Sequence[NDArray[np.floating]], mirrored: NDArray[np.bool_]) -> Tensor:
    turned = [array[..., ::-1] if turn else array for array, turn in zip(arrays, mirrored, strict=True)]
    return torch.from_numpy(np.stack(turned).astype(np.float32))


def _fit(mask: NDArray[np.floating]) -> Mask:
    """A mask averaged to the head's cells."""
    picture = Image.fromarray(mask.astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(picture)


if __name__ == "__main__":
    main()
