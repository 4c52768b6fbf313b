"""Train the category head, a softmax over the mean of the last feature map: `python -m training.category_head …`.

The weights are drawn towards what ImageNet's classifier knows already (see `imagenet.py`) rather than to zero, so
that categories with few pictures keep sense. Figures: one picture in five held out; and each set left out whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from training.categories import category_of
from training.imagenet import prior
from training.pictures import BACKBONE, SETS, Floats, Seen, arguments, fingerprint, save, see

from similis.algorithm import ModelStore
from similis.domain import Category

ORDER = list(Category)
PRIOR_STRENGTH = 10.0
DECAY = 1e-3
ITERATIONS = 150

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Mean feature maps with a constant 1 appended, places of the right categories in `ORDER`, and set numbers."""

    seen: Floats
    right: Numbers
    origin: Numbers

    def where(self, chosen: NDArray[np.bool_]) -> Examples:
        """Some of the examples."""
        return Examples(self.seen[chosen], self.right[chosen], self.origin[chosen])


def main() -> None:
    """Write `category.npz` and `category.json`."""
    options = arguments(__doc__ or "")
    examples = gather(see(options))
    start = prior(onnx.load(ModelStore(options.models).path(BACKBONE)), ORDER) * PRIOR_STRENGTH
    held_out = np.random.default_rng(1).random(len(examples.right)) < 0.2
    trial, rest = fit(examples.where(~held_out), start), examples.where(held_out)
    temperature = calibrate(trial, rest)
    figures = {
        "script": "training/category_head.py",
        "data": fingerprint(options.data),
        "categories": [int(category) for category in ORDER],
        "held_out": measure(trial / temperature, rest),
        "left_out_set_top_1": left_out(examples, start),
    }
    final = fit(examples, start) / temperature
    save("category", figures, {"weight": final[:, :-1], "bias": final[:, -1]})


def gather(sets: dict[str, Seen]) -> Examples:
    """The pictures whose kind has a category."""
    pairs = [
        (mean, ORDER.index(category), number)
        for number, name in enumerate(SETS)
        for mean, row in zip(sets[name].mean, sets[name].rows, strict=True)
        if (category := category_of(name, row)) is not None
    ]
    means, right, origin = (np.array(column) for column in zip(*pairs, strict=True))
    return Examples(np.concatenate([means, np.ones((len(means), 1))], axis=1, dtype=np.float32), right, origin)


def fit(examples: Examples, start: Floats) -> Floats:
    """Softmax regression by L-BFGS; rare categories weigh more, by the root of their frequency."""
    counts = np.bincount(examples.right, minlength=len(ORDER))
    weights = (1 / np.sqrt(np.maximum(counts, 1)))[examples.right].astype(np.float32)
    weights /= weights.sum()
    target = np.eye(len(ORDER), dtype=np.float32)[examples.right]

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        change = flat.reshape(start.shape).astype(np.float32)
        shares = softmax(examples.seen @ (start + change).T)
        chosen = shares[np.arange(len(shares)), examples.right]
        value = -(weights * np.log(np.maximum(chosen, 1e-12))).sum() + DECAY / 2 * np.square(change).sum()
        slope = ((shares - target) * weights[:, None]).T @ examples.seen + DECAY * change
        return float(value), slope.ravel().astype(np.float64)

    found = minimize(loss, np.zeros(start.size), jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    head: Floats = (start + found.x.reshape(start.shape)).astype(np.float32)
    return head


def calibrate(head: Floats, examples: Examples) -> float:
    """The temperature that makes held-out pictures most likely (Guo et al., ICML 2017)."""
    scores = examples.seen @ head.T
    found = minimize_scalar(lambda heat: _surprise(scores / heat, examples.right), bounds=(0.2, 5), method="bounded")
    return float(found.x)


def measure(head: Floats, examples: Examples) -> dict[str, Any]:
    """Accuracy, recall by category, surprise and expected calibration error on held-out pictures."""
    scores = examples.seen @ head.T
    shares, best = softmax(scores), scores.argmax(1)
    hit = best == examples.right
    recall = {
        category.label: round(float(hit[examples.right == place].mean()), 4)
        for place, category in enumerate(ORDER)
        if (examples.right == place).any()
    }
    bands = np.minimum((shares.max(1) * 10).astype(int), 9)
    gaps = [abs(hit[bands == band].mean() - shares.max(1)[bands == band].mean()) * (bands == band).mean()
            for band in np.unique(bands)]  # fmt: skip
    return {
        "pictures": len(hit),
        "top_1": round(float(hit.mean()), 4),
        "mean_recall": round(float(np.mean(list(recall.values()))), 4),
        "surprise": round(_surprise(scores, examples.right), 4),
        "calibration_error": round(float(sum(gaps)), 4),
        "recall": recall,
    }


def left_out(examples: Examples, start: Floats) -> dict[str, float]:
    """Top-1 on each set by a head that never saw the set."""
    result = {}
    for number, name in enumerate(SETS):
        inside = examples.origin == number
        head, rest = fit(examples.where(~inside), start), examples.where(inside)
        result[name] = round(float(((rest.seen @ head.T).argmax(1) == rest.right).mean()), 4)
    return result


def softmax(scores: Floats) -> Floats:
    """Shares of each row that sum to one."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    shares: Floats = powers / powers.sum(1, keepdims=True)
    return shares


def _surprise(scores: Floats, right: Numbers) -> float:
    return float(-np.log(np.maximum(softmax(scores)[np.arange(len(right)), right], 1e-12)).mean())


if __name__ == "__main__":
    main()
