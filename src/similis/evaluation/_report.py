"""The report of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from similis.domain import InvalidInput


@dataclass(frozen=True, slots=True)
class BadPicture:
    """A picture that could not be used, and why."""

    path: str
    error: InvalidInput


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; shares are in 0..1.

    Attributes:
        labels: the labels file.
        instance_type: product or generic.
        model: what made the features.
        leave_one_out: each picture was searched for among all others; else queries were searched in the gallery.
        gallery: pictures searched in.
        queries: searches that the figures are means of.
        left_out: rows of the labels file whose split takes no part.
        without_match: queries whose label no picture of the gallery has; they do not count.
        bad: pictures that could not be used.
        recall: R@k by k: share of queries with their label among the first k results.
        recall_at_1_interval: 95 % bootstrap interval of R@1.
        map_at_100: mean average precision over the first 100 results, see `mean_average_precision`.
        milliseconds: mean time a picture: `add` from file to acknowledgement and `query` from file to answer, as
            the caller sees them while several threads work, then the stages inside a query.
    """

    labels: str
    instance_type: str
    model: str
    leave_one_out: bool
    gallery: int
    queries: int
    left_out: int
    without_match: int
    bad: tuple[BadPicture, ...]
    recall: dict[int, float]
    recall_at_1_interval: tuple[float, float]
    map_at_100: float
    milliseconds: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """The report as JSON can hold it, figures rounded."""
        return {
            "labels": self.labels,
            "instance_type": self.instance_type,
            "model": self.model,
            "mode": "leave-one-out" if self.leave_one_out else "query-gallery",
            "gallery": self.gallery,
            "queries": self.queries,
            "left_out": self.left_out,
            "without_match": self.without_match,
            "bad": [{"path": bad.path, "code": bad.error.code, "message": bad.error.message} for bad in self.bad],
            **{f"recall_at_{k}": round(share, 4) for k, share in self.recall.items()},
            "recall_at_1_interval": [round(end, 4) for end in self.recall_at_1_interval],
            "map_at_100": round(self.map_at_100, 4),
            "milliseconds": {stage: round(spent, 2) for stage, spent in self.milliseconds.items()},
        }
