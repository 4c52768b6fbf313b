"""Whether scores can be trusted: calibration, and telling queries with a good match from those without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BINS = 10
FALSE_MATCHES = 0.01

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """Results whose score lies in one tenth of the scale.

    Attributes:
        count: how many.
        score: their mean score.
        right: the share of them that is right.
    """

    count: int
    score: float
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well scores tell the share of right results (reliability curve: DeGroot and Fienberg 1983).

    Attributes:
        bins: the tenths of the scale that have results, in order.
        error: expected calibration error, the mean gap between score and share of right ones weighted by count
            (ECE; Naeini et al., AAAI 2015). 0 is perfect.
    """

    bins: tuple[Bin, ...]
    error: float

    @classmethod
    def of(cls, scores: Sequence[float], right: Sequence[bool]) -> Reliability:
        """Measure results given by score, 0..1, and whether each is right."""
        given, truth = np.asarray(scores, np.float64), np.asarray(right, np.float64)
        places = np.minimum((given * _BINS).astype(np.int64), _BINS - 1)
        bins = tuple(_bin(given[places == place], truth[places == place]) for place in np.unique(places))
        gaps = sum(each.count * abs(each.score - each.right) for each in bins)
        return cls(bins, gaps / max(1, len(given)))

    def as_dict(self) -> dict[str, object]:
        """Curve and error as JSON can hold them."""
        bins = [{"count": b.count, "score": round(b.score, 4), "right": round(b.right, 4)} for b in self.bins]
        return {"expected_calibration_error": round(self.error, 4), "bins": bins}


def _bin(scores: Numbers, right: Numbers) -> Bin:
    return Bin(len(scores), float(scores.mean()), float(right.mean()))


@dataclass(frozen=True, slots=True)
class Detection:
    """Whether the best score tells that the gallery has the query's product.

    Each query is judged twice: among all pictures, and among those of other products only.

    Attributes:
        present: best scores among all pictures, one a query.
        absent: best scores of the same queries when their product is not there; 0 where nothing was found.
        right: whether the best of all was right.
        separation: probability that a present score is above an absent one (area under the ROC curve, AUROC;
            0.5 is chance).
        threshold: the lowest score that at most 1 % of the absent ones reach.
    """

    present: tuple[float, ...]
    absent: tuple[float, ...]
    right: tuple[bool, ...]
    separation: float
    threshold: float

    @classmethod
    def of(cls, present: Sequence[float], absent: Sequence[float], right: Sequence[bool]) -> Detection:
        """Measure best scores with and without the queries' products, one each a query."""
        threshold = threshold_at(absent, FALSE_MATCHES)
        return cls(tuple(present), tuple(absent), tuple(right), auroc(present, absent), threshold)

    def false_matches(self, threshold: float) -> float:
        """Share of queries without their product that get a result at or above a threshold."""
        return float(np.mean(np.asarray(self.absent) >= threshold))

    def right_kept(self, threshold: float) -> float:
        """Share of right best results at or above a threshold; 0 when no best result is right."""
        kept = [score >= threshold for score, right in zip(self.present, self.right, strict=True) if right]
        return float(np.mean(kept)) if kept else 0.0

    def as_dict(self) -> dict[str, object]:
        """The figures as JSON can hold them; single scores are left out."""
        return {
            "auroc": round(self.separation, 4),
            "threshold_at_1_percent_false_matches": round(self.threshold, 6),
            "right_matches_kept": round(self.right_kept(self.threshold), 4),
        }


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive score is above a negative one, ties counting for half (Mann–Whitney U)."""
    below = np.sort(np.asarray(negative, np.float64))
    given = np.asarray(positive, np.float64)
    wins = np.searchsorted(below, given, "left") + np.searchsorted(below, given, "right")
    return float(wins.mean()) / (2 * len(below))


def threshold_at(negative: Sequence[float], rate: float) -> float:
    """The lowest score that at most a share `rate` of the negative ones reach; just above the best when none may."""
    falling = np.sort(np.asarray(negative, np.float64))[::-1]
    allowed = int(np.floor(rate * len(falling) + 1e-9))
    return float(np.nextafter(falling[allowed], np.inf))
