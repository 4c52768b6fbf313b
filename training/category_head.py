"""Train the category head: `python -m training.category_head …`.

The head is a classifier of kinds whose shares are summed into categories, and a linear term on what stands out (the
root mean square of the cells). It starts from what the backbone's classifier knows of ImageNet's kinds, learns from
the five sets and a changed view of each picture, and ends `KEPT` of the way between start and what it learned, which
keeps more of its sense for pictures from elsewhere (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR
2022). One picture in five is never learned from: on those the figures are measured and the temperature is set. Each
pair of sets is also left out whole, so that every set is judged by four heads that saw neither it nor one other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch.nn import functional
from training.categories import category_of, held_out
from training.category_views import see_views
from training.imagenet import Kinds, kinds
from training.pictures import BACKBONE, SETS, Floats, Seen, arguments, fingerprint, save, see

from similis.algorithm import ModelStore
from similis.algorithm._category import POOLED_SCALE
from similis.domain import Category

ORDER = list(Category)
KEPT = 0.7
ROUNDS, BATCH, RATE = 10, 256, 2e-3
PULL, POOLED_PULL = 2e-4, 6e-5  # towards the start
MIXING = 0.3  # of two pictures (Zhang et al., "mixup", ICLR 2018)
LEAST = np.arange(0.2, 0.62, 0.02)

Numbers = NDArray[np.int64]
Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Examples:
    """Labelled pictures.

    Attributes:
        seen: mean and scaled root mean square of the last map, of the picture and of its changed view,
            float32[2, n, 2560].
        right: places of the right categories in `ORDER`.
        origin: numbers of the sets.
        held_out: which are never learned from.
    """

    seen: torch.Tensor
    right: Numbers
    origin: Numbers
    held_out: NDArray[np.bool_]


def main() -> None:
    """Write `category.npz` and `category.json`."""
    options = arguments(__doc__ or "")
    examples = gather(see(options), see_views(options))
    start = kinds(onnx.load(ModelStore(options.models).path(BACKBONE)), ORDER)
    weights = learn(examples, np.flatnonzero(~examples.held_out), start)
    scores, right = answers(weights, start, examples)[examples.held_out], examples.right[examples.held_out]
    temperature = calibrate(scores, right)
    away = left_out(examples, start, temperature)
    figures = {
        "script": "training/category_head.py",
        "data": fingerprint(options.data),
        "categories": [int(category) for category in ORDER],
        "temperature": round(temperature, 4),
        "least_probability": least_probability(away, examples.right),
        "held_out": measure(scores / temperature, right, examples.origin[examples.held_out]),
        "left_out_top_1": by_partner(away, examples),
        "without_training_top_1": {
            name: _hits(answers(_start(start), start, examples), examples.right, examples.origin == number)
            for number, name in enumerate(SETS)
        },
    }
    arrays = {name: value.numpy() for name, value in weights.items()}
    save("category", figures, {**arrays, "category": start.category.astype(np.float32)})


def gather(sets: dict[str, Seen], views: dict[str, tuple[Floats, Floats]]) -> Examples:
    """The pictures whose kind has a category."""
    seen: list[list[Floats]] = [[], []]
    rows: list[tuple[int, int, bool]] = []
    for number, name in enumerate(SETS):
        found = [category_of(name, row) for row in sets[name].rows]
        chosen = [place for place, category in enumerate(found) if category is not None]
        for view, (mean, pooled) in enumerate([(sets[name].mean, sets[name].pooled), views[name]]):
            seen[view].append(np.concatenate([mean[chosen], POOLED_SCALE * pooled[chosen]], axis=1))
        paths = [sets[name].rows[place]["path"] for place in chosen]
        places = [ORDER.index(category) for category in found if category is not None]
        rows.extend((place, number, held_out(path)) for place, path in zip(places, paths, strict=True))
    right, origin, held = (np.array(column) for column in zip(*rows, strict=True))
    both = np.stack([np.concatenate(view) for view in seen]).astype(np.float32)
    return Examples(torch.from_numpy(both), right, origin, held)


def learn(examples: Examples, chosen: Numbers, start: Kinds) -> Weights:
    """Adam on cross-entropy; rare categories weigh more, by the root of their frequency."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    weights = {name: value.clone().requires_grad_() for name, value in _start(start).items()}
    steps = ROUNDS * len(chosen) // BATCH
    optimizer = torch.optim.Adam(weights.values(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1)
    counts = np.bincount(examples.right[chosen], minlength=len(ORDER))
    importance = torch.from_numpy(1 / np.sqrt(np.maximum(counts, 1))).float()
    importance /= importance[examples.right[chosen]].mean()
    for _ in range(steps):
        batch = rng.choice(chosen, BATCH)
        seen, wanted = _mixed(examples.seen[rng.integers(0, 2, BATCH), batch], examples.right[batch], rng)
        surprise = functional.log_softmax(_scores(weights, start, seen), 1)
        loss = -(surprise * wanted * importance).sum(1).mean() + _pull(weights, start)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return {name: (first + KEPT * (weights[name].detach() - first)) for name, first in _start(start).items()}


def answers(weights: Weights, start: Kinds, examples: Examples) -> Floats:
    """Logarithms, up to a constant, of the probabilities of the categories of all pictures as they are."""
    with torch.no_grad():
        found: Floats = _scores(weights, start, examples.seen[0]).numpy()
    return found


def calibrate(scores: Floats, right: Numbers) -> float:
    """The temperature that makes the right categories most likely (Guo et al., ICML 2017)."""
    found = minimize_scalar(lambda heat: _surprise(scores / heat, right), bounds=(0.2, 5), method="bounded")
    return float(found.x)


def measure(scores: Floats, right: Numbers, origin: Numbers) -> dict[str, Any]:
    """Accuracy by set, recall by category, surprise and expected calibration error."""
    shares, best = softmax(scores), scores.argmax(1)
    hit = best == right
    recall = {
        category.label: _hits(scores, right, right == place)
        for place, category in enumerate(ORDER)
        if (right == place).any()
    }
    bands = np.minimum((shares.max(1) * 10).astype(int), 9)
    gaps = [abs(hit[bands == band].mean() - shares.max(1)[bands == band].mean()) * (bands == band).mean()
            for band in np.unique(bands)]  # fmt: skip
    return {
        "pictures": len(hit),
        "top_1": round(float(hit.mean()), 4),
        "top_1_by_set": {name: _hits(scores, right, origin == number) for number, name in enumerate(SETS)},
        "mean_recall": round(float(np.mean(list(recall.values()))), 4),
        "surprise": round(_surprise(scores, right), 4),
        "calibration_error": round(float(sum(gaps)), 4),
        "recall": recall,
    }


def left_out(examples: Examples, start: Kinds, temperature: float) -> Floats:
    """Scores of all pictures by heads that saw neither their set nor one other, float32[4, n, 14].

    The other is the one that comes so many places later in `SETS`, from one to four.
    """
    result = np.zeros((len(SETS) - 1, len(examples.right), len(ORDER)), np.float32)
    for pair in combinations(range(len(SETS)), 2):
        weights = learn(examples, np.flatnonzero(~np.isin(examples.origin, pair)), start)
        scores = answers(weights, start, examples) / temperature
        for measured, other in (pair, pair[::-1]):
            away = examples.origin == measured
            result[(other - measured) % len(SETS) - 1, away] = scores[away]
    return result


def by_partner(scores: Floats, examples: Examples) -> dict[str, dict[str, float]]:
    """Accuracy on every set, by the set that was left out with it, and its mean."""
    found = {}
    for number, name in enumerate(SETS):
        hits = [_hits(each, examples.right, examples.origin == number) for each in scores]
        others = SETS[number + 1 :] + SETS[:number]
        found[name] = {"mean": round(float(np.mean(hits)), 4), **dict(zip(others, hits, strict=True))}
    return found


def least_probability(scores: Floats, right: Numbers) -> float:
    """The probability below which the best category is taken for `OTHER`: the one with most right answers."""
    shares = softmax(scores)
    decided = [np.where(shares.max(-1) >= least, shares.argmax(-1), ORDER.index(Category.OTHER)) for least in LEAST]
    return round(float(LEAST[int(np.argmax([(each == right).mean() for each in decided]))]), 2)


def softmax(scores: Floats) -> Floats:
    """Shares that sum to one along the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    shares: Floats = powers / powers.sum(-1, keepdims=True)
    return shares


def _start(start: Kinds) -> Weights:
    values = {"weight": start.weight, "bias": start.bias, "offset": start.offset}
    found = {name: torch.from_numpy(value) for name, value in values.items()}
    return {**found, "pooled": torch.zeros(len(ORDER), start.weight.shape[1])}


def _scores(weights: Weights, start: Kinds, seen: torch.Tensor) -> torch.Tensor:
    mean, pooled = seen.chunk(2, dim=1)
    shares = mean @ weights["weight"].T + weights["bias"]
    sums = [torch.logsumexp(shares[:, start.category == place], 1) for place in range(len(ORDER))]
    return torch.stack(sums, 1) + weights["offset"] + pooled @ weights["pooled"].T


def _mixed(seen: torch.Tensor, right: Numbers, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Half of the batches as they are, half with each picture mixed with another."""
    wanted = functional.one_hot(torch.from_numpy(right), len(ORDER)).float()
    if rng.random() < 0.5:
        return seen, wanted
    share, other = float(rng.beta(MIXING, MIXING)), torch.from_numpy(rng.permutation(len(seen)))
    return share * seen + (1 - share) * seen[other], share * wanted + (1 - share) * wanted[other]


def _pull(weights: Weights, start: Kinds) -> torch.Tensor:
    away = weights["weight"] - torch.from_numpy(start.weight)
    return PULL / 2 * away.square().sum() + POOLED_PULL / 2 * weights["pooled"].square().sum()


def _hits(scores: Floats, right: Numbers, chosen: NDArray[np.bool_]) -> float:
    return round(float((scores.argmax(-1) == right)[..., chosen].mean()), 4)


def _surprise(scores: Floats, right: Numbers) -> float:
    return float(-np.log(np.maximum(softmax(scores)[np.arange(len(right)), right], 1e-12)).mean())


if __name__ == "__main__":
    main()
