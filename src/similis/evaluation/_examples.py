"""Which queries to show with their results: the best, some at random, and the worst."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from similis.domain import PictureKey
from similis.evaluation._labels import LabelledPicture
from similis.evaluation._searching import Answer

_Asked = tuple[LabelledPicture, Answer]


@dataclass(frozen=True, slots=True)
class Result:
    """One picture found."""

    picture: LabelledPicture
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A query and its first results; `kind` is best, random or worst."""

    kind: str
    query: LabelledPicture
    results: tuple[Result, ...]

    def as_dict(self) -> dict[str, object]:
        """The example as JSON can hold it."""
        found = [
            {
                "path": each.picture.key.pic_name,
                "label": each.picture.key.product_id,
                "score": each.score,
                "right": each.right,
            }
            for each in self.results
        ]
        return {
            "kind": self.kind,
            "path": self.query.key.pic_name,
            "label": self.query.key.product_id,
            "found": found,
        }


def choose_examples(answers: Sequence[_Asked], gallery: Sequence[LabelledPicture], count: int) -> tuple[Example, ...]:
    """At most `count` queries of each kind: right with the highest score, drawn at random, wrong with the highest."""
    surest = sorted(answers, key=lambda asked: -asked[1].best)
    kinds = {
        "best": [asked for asked in surest if any(asked[1].right[:1])],
        "random": [answers[place] for place in np.random.default_rng(0).permutation(len(answers))],
        "worst": [asked for asked in surest if not any(asked[1].right[:1])],
    }
    stored = {picture.key: picture for picture in gallery}
    return tuple(
        Example(kind, query, _results(answer, stored))
        for kind, chosen in kinds.items()
        for query, answer in chosen[:count]
    )


def _results(answer: Answer, stored: Mapping[PictureKey, LabelledPicture]) -> tuple[Result, ...]:
    shown = zip(answer.first, answer.scores, answer.right, strict=False)
    return tuple(Result(stored[key], score, right) for key, score, right in shown)
