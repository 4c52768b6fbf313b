"""Which queries to show with their results: the best, some at random, and the worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from similis.evaluation._labels import LabelledPicture
from similis.evaluation._searching import Answer

_Asked = tuple[LabelledPicture, Answer]


@dataclass(frozen=True, slots=True)
class Example:
    """A query and what it found; `kind` is best, random or worst."""

    kind: str
    query: LabelledPicture
    answer: Answer


def choose_examples(answers: Sequence[_Asked], count: int) -> tuple[Example, ...]:
    """At most `count` queries of each kind: right with the highest score, drawn at random, wrong with the highest."""
    surest = sorted(answers, key=lambda asked: -asked[1].best)
    kinds = {
        "best": [asked for asked in surest if any(asked[1].right[:1])],
        "random": [answers[place] for place in np.random.default_rng(0).permutation(len(answers))],
        "worst": [asked for asked in surest if not any(asked[1].right[:1])],
    }
    return tuple(Example(kind, *asked) for kind, chosen in kinds.items() for asked in chosen[:count])
