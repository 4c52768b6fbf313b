"""What an evaluation found."""

from __future__ import annotations

from dataclasses import dataclass, field

from similis.domain import InvalidInput
from similis.evaluation._categories import Categories
from similis.evaluation._copies import Copies
from similis.evaluation._examples import Example
from similis.evaluation._floors import Floor, FloorFigures
from similis.evaluation._metrics import Estimate, Quality
from similis.evaluation._searching import Way
from similis.evaluation._trust import Detection, Reliability


@dataclass(frozen=True, slots=True)
class BadPicture:
    """A picture that could not be used, and why."""

    path: str
    error: InvalidInput


@dataclass(frozen=True, slots=True)
class Run:
    """What one way to search reaches.

    Attributes:
        quality: how early right pictures come.
        gains: by how much its R@1 is above each floor's, query by query.
        reliability_of_best, reliability_of_ten: whether the scores of the best result, and of the ten best, tell how
            likely they are right.
        detection: whether the best score tells that the gallery has the query's product.
        good_match: the score from which the service calls a result a good match.
        categories: predicted against true categories; None for generic search and without true ones.
        milliseconds: mean time a picture: `add` from file to acknowledgement and `query` from file to answer, as
            the caller sees them while several threads work, then the stages inside a query. Empty where the pictures
            had been analysed before.
    """

    way: Way
    quality: Quality
    gains: dict[Floor, Estimate]
    reliability_of_best: Reliability
    reliability_of_ten: Reliability
    detection: Detection
    good_match: float
    categories: Categories | None
    milliseconds: dict[str, float]

    def as_dict(self) -> dict[str, object]:
        """The run as JSON can hold it, figures rounded."""
        told: dict[str, object] = {
            "instance_type": self.way.type.value,
            "crop": self.way.crop,
            **self.quality.as_dict(),
            "recall_at_1_gain": {floor.value: gain.as_dict() for floor, gain in self.gains.items()},
            "calibration": {
                "best_result": self.reliability_of_best.as_dict(),
                "ten_best_results": self.reliability_of_ten.as_dict(),
            },
            "no_good_match": {
                **self.detection.as_dict(),
                "good_match": round(self.good_match, 6),
                "false_matches_at_good_match": round(self.detection.false_matches(self.good_match), 4),
                "right_matches_kept_at_good_match": round(self.detection.right_kept(self.good_match), 4),
            },
            "milliseconds": {stage: round(spent, 2) for stage, spent in self.milliseconds.items()},
        }
        if self.categories is not None:
            told["category"] = self.categories.as_dict()
        return told


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured; shares are in 0..1.

    Attributes:
        labels: the labels file.
        model: what made the features.
        leave_one_out: each picture was searched for among all others; else queries were searched in the gallery.
        gallery: pictures searched in.
        queries: searches that the figures are means of.
        left_out: rows of the labels file whose split takes no part.
        without_match: queries whose label no picture of the gallery has; they do not count.
        bad: pictures that could not be used.
        runs: each way to search; the first one gives the headline.
        floors: what simpler features find on the same pictures.
        copies: how often edited copies are found, if that was asked for.
        examples: queries with their results, if they were asked for.
    """

    labels: str
    model: str
    leave_one_out: bool
    gallery: int
    queries: int
    left_out: int
    without_match: int
    bad: tuple[BadPicture, ...]
    runs: tuple[Run, ...]
    floors: tuple[FloorFigures, ...] = ()
    copies: Copies | None = None
    examples: tuple[Example, ...] = field(default=(), repr=False)

    @property
    def headline(self) -> Run:
        """The first way to search."""
        return self.runs[0]

    def as_dict(self) -> dict[str, object]:
        """The report as JSON can hold it, figures rounded; those of the headline are at the top as well."""
        told: dict[str, object] = {
            "labels": self.labels,
            "instance_type": self.headline.way.type.value,
            "crop": self.headline.way.crop,
            "model": self.model,
            "mode": "leave-one-out" if self.leave_one_out else "query-gallery",
            "gallery": self.gallery,
            "queries": self.queries,
            "left_out": self.left_out,
            "without_match": self.without_match,
            "bad": [{"path": bad.path, "code": bad.error.code, "message": bad.error.message} for bad in self.bad],
            **self.headline.as_dict(),
            "runs": [run.as_dict() for run in self.runs],
            "floors": [floor.as_dict() for floor in self.floors],
        }
        if self.copies is not None:
            told["copies"] = self.copies.as_dict()
        if self.examples:
            told["examples"] = [example.as_dict() for example in self.examples]
        return told
