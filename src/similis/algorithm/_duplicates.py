"""How similar pictures must be to pass for near-identical, with what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from similis.algorithm._weights import load_figures

# For features that nothing was measured with: seldom wrong with any encoder, but it misses more.
_UNMEASURED = 0.98


@dataclass(frozen=True, slots=True)
class DuplicateLimit:
    """The default for the features of one model; `benchmarks/duplicates.py` measures it.

    Attributes:
        min_similarity: cosine from which on two pictures are near-identical.
        measured: rows of cosine, share of edited pictures found, and false matches of a million pairs; empty where
            nothing was measured.
    """

    min_similarity: float
    measured: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, model: str) -> Self:
        """The limit for a model's features."""
        figures = load_figures("duplicates")
        if figures["model"] != model:
            return cls(_UNMEASURED)
        return cls(figures["min_similarity"], tuple(figures["table"]))

    def false_matches(self, min_similarity: float) -> float | None:
        """False matches of a million pairs at a cosine: those of the nearest lower one that was measured."""
        below = [row for row in self.measured if row["min_similarity"] <= min_similarity]
        return None if not below else float(max(below, key=lambda row: row["min_similarity"])["false_matches"])
