"""How often the predicted category is right, and what it is mistaken for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from similis.domain import Category
from similis.evaluation._metrics import Estimate


@dataclass(frozen=True, slots=True)
class Categories:
    """Predicted against true categories.

    Attributes:
        accuracy: share of pictures whose predicted category is the true one.
        counts: pictures by (true, predicted) category; only pairs that occur.
    """

    accuracy: Estimate
    counts: dict[tuple[Category, Category], int]

    @classmethod
    def of(cls, pairs: Sequence[tuple[Category, Category]]) -> Categories:
        """Measure pairs of true and predicted category, at least one."""
        return cls(Estimate.of([float(true == predicted) for true, predicted in pairs]), dict(Counter(pairs)))

    @property
    def seen(self) -> list[Category]:
        """The categories that occur, in their order."""
        found = {category for pair in self.counts for category in pair}
        return [category for category in Category if category in found]

    def total(self, true: Category) -> int:
        """Pictures of a true category."""
        return sum(count for (each, _), count in self.counts.items() if each is true)

    def as_dict(self) -> dict[str, object]:
        """Accuracy and confusion as JSON can hold them; rows are true categories."""
        return {
            "pictures": sum(self.counts.values()),
            "accuracy": round(self.accuracy.value, 4),
            "accuracy_interval": [round(self.accuracy.low, 4), round(self.accuracy.high, 4)],
            "categories": [category.value for category in self.seen],
            "confusion": [[self.counts.get((true, each), 0) for each in self.seen] for true in self.seen],
        }
