"""Tuning: what an instance's own products taught about its features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tuning:
    """How a tuning did on products that it was not learned from, and what came of it.

    Attributes:
        adopted: whether searches use it.
        reason: why, in a sentence.
        method: the kind of transform that did best.
        products: products with at least two pictures, which it is learned from.
        pictures: their pictures.
        queries: pictures of held-out products that were searched for.
        recall_before: share of them whose best match was of their product (R@1), with the features as they are.
        recall_after: the same with tuned features.
        precision_before: share of pictures of their product among the ten best matches, or among as many as there
            are other pictures of it.
        precision_after: the same with tuned features.
        gain_low, gain_high: 95 % interval of the difference in precision, from a bootstrap over products.
        tuned_at: when.
    """

    adopted: bool
    reason: str
    method: str
    products: int
    pictures: int
    queries: int
    recall_before: float
    recall_after: float
    precision_before: float
    precision_after: float
    gain_low: float
    gain_high: float
    tuned_at: datetime
