"""Tune the backbone's last two stages for instances and copies: `python -m training.tail …`.

What is learned, on views made by `views.py` (pictures edited hard, see `tail_views.py`):

* two views of one picture are near, pictures of other labels far (InfoNCE; pictures of the same label are left out,
  since they may be near or not);
* pictures of one product are near (supervised contrastive, for sets whose labels are products);
* every view is where the untuned backbone puts the unedited picture, and nearer to it than to any other picture of
  the sets: so nothing is forgotten.

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
from training.pictures import BACKBONE, Seen, option_parser, see
from training.projection import learn
from training.tail_network import Tail, backbone_weights
from training.tail_views import Source, make

from similis.algorithm import ModelStore

PRODUCT_SETS = {"grocery_store"}
RATE, DECAY, WARM_UP = 1e-4, 1e-2, 50
AVERAGE = 0.995
HEAT = 0.07
PLACE_WEIGHT, AMONG_WEIGHT, PRODUCT_WEIGHT = 3.0, 0.5, 0.5

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Pictures:
    """All pictures of the sets, numbered through.

    Attributes:
        views: per set, float16[pictures, views, 120, 14, 14].
        starts: number of each set's first picture.
        places: where the untuned backbone puts the unedited pictures, float32[pictures, dimension], of unit length.
        labels: numbers of the labels.
        product: whether the label is a product rather than a kind.
    """

    views: list[NDArray[np.float16]]
    starts: Numbers
    places: torch.Tensor
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
    store = ModelStore(options.models)
    seen = {name: one for name, one in see(options).items() if name in options.sets}
    projection, _colour = learn(seen.values())
    backbone = store.path(BACKBONE)
    tail = Tail(backbone_weights(backbone), projection).to(memory_format=torch.channels_last)
    pictures = gather(Source(options.data, cut_trunk(backbone, options.cache)), seen, tail, options.cache)
    if options.start:
        tail.load_state_dict(torch.load(options.start, weights_only=True))
    torch.save(train(tail, pictures, options).state_dict(), options.out)


def cut_trunk(backbone: Path, cache: Path) -> Path:
    """The part of the backbone that stays as it is."""
    trunk = cache / "trunk.onnx"
    onnx.utils.extract_model(backbone, trunk, ["pixels"], ["middle"])
    return trunk


def gather(source: Source, seen: dict[str, Seen], tail: Tail, cache: Path) -> Pictures:
    """The pictures of the sets with their views."""
    views = [make(source, name, cache) for name in seen]
    labels = np.unique(
        [f"{name} {row['label']}" for name, one in seen.items() for row in one.rows], return_inverse=True
    )
    counts = [len(one.rows) for one in seen.values()]
    product = np.repeat([name in PRODUCT_SETS for name in seen], counts)
    places = tail.project(torch.tensor(np.concatenate([one.pooled for one in seen.values()])))
    return Pictures(views, np.cumsum([0, *counts[:-1]]), places, torch.tensor(labels[1]), torch.tensor(product))


def train(tail: Tail, pictures: Pictures, options: argparse.Namespace) -> Tail:
    """AdamW with a cosine schedule; returns the running average."""
    rng = np.random.default_rng(0)
    optimiser = torch.optim.AdamW(tail.parameters(), lr=RATE, weight_decay=DECAY, betas=(0.9, 0.98))
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


def losses(features: torch.Tensor, chosen: torch.Tensor, pictures: Pictures) -> list[torch.Tensor]:
    """The weighted parts of the loss: copies, products, own place, own place among all.

    Args:
        features: first and second views, float32[2n, dimension], of unit length.
        chosen: numbers of the n pictures.
        pictures: what they were chosen from.
    """
    own = chosen.repeat(2)
    labels, rows = pictures.labels[own], torch.arange(len(own))
    same_picture, same_label = own[:, None] == own, labels[:, None] == labels
    similarity = features @ features.T / HEAT
    others = torch.logsumexp(similarity.masked_fill(same_label, -1e4), 1, keepdim=True)
    against = functional.softplus(others - similarity)
    copies = same_picture & ~torch.eye(len(own), dtype=torch.bool)
    products = same_label & ~same_picture & pictures.product[own][:, None]
    alike = same_label.new_zeros(()) if not products.any() else against[products].mean()
    alike_all = pictures.labels == labels[:, None]
    alike_all[rows, own] = False
    among_all = (features @ pictures.places.T / HEAT).masked_fill(alike_all, -1e4)
    return [
        against[copies].mean(),
        PRODUCT_WEIGHT * alike.float(),
        PLACE_WEIGHT * (1 - (features * pictures.places[own]).sum(1)).mean(),
        AMONG_WEIGHT * functional.cross_entropy(among_all, own),
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
    parser = option_parser(__doc__ or "")
    parser.add_argument("--sets", nargs="+", default=["grocery_store", "clothing_small", "caltech101"])
    parser.add_argument("--start", type=Path, help="weights of an earlier run to go on from")
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=64, help="pictures a step, with two views each")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True, help="the tuned weights, a PyTorch state")
    return parser.parse_args()


if __name__ == "__main__":
    main()
