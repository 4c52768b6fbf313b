"""The category of a query: what the model sees in it, and the vote of its nearest stored pictures.

After Zhang et al., "Visual Search at Alibaba" (KDD 2018). The nearest pictures of the whole instance vote for their
categories, each with its score as weight, and the model has a fixed number of votes to share out by its
probabilities. Where nothing stored is like the query, the model decides; where something is, the search
goes to where that is stored. `benchmarks/category.py` measures it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from similis.algorithm import Calibration, decided_category
from similis.catalogue import Catalogue
from similis.domain import SHOWN_DECIMALS, Category, CategoryCandidate, Instance, Subject
from similis.service._indexes import Indexes
from similis.service._tuned_index import curve_of

NEIGHBOURS = 10
MODEL_VOTES = 1.0


class CategoryVote:
    """Joins the model's probabilities with the vote of stored pictures."""

    def __init__(self, catalogue: Catalogue, indexes: Indexes) -> None:
        self._catalogue = catalogue
        self._indexes = indexes

    def joined(
        self, instance: Instance, query: npt.NDArray[np.float16], calibration: Calibration, subject: Subject
    ) -> Subject:
        """The subject of a query with joined probabilities, and the most likely category that holds any picture.

        Args:
            instance: whose pictures vote.
            query: features of the query as they are stored, float16[D].
            calibration: how similarities read as scores there.
            subject: what the algorithm found in the query.
        """
        candidates = join(subject.categories, self._votes(instance, query, calibration))
        category = decided_category(candidates)
        if not self._catalogue.holds(instance, category):
            inhabited = (each.category for each in candidates if self._catalogue.holds(instance, each.category))
            category = next(inhabited, category)
        return replace(subject, category=category, categories=candidates)

    def _votes(
        self, instance: Instance, query: npt.NDArray[np.float16], calibration: Calibration
    ) -> list[tuple[Category, float]]:
        index = self._indexes.current(instance)
        [hits] = index.search(query.astype(np.float32)[np.newaxis], NEIGHBOURS)
        stored = self._catalogue.categories(instance, [hit.picture_id for hit in hits])
        scores = curve_of(index, calibration).score(np.array([hit.similarity for hit in hits])).tolist()
        # A picture that is gone since the index was asked has no vote.
        return [
            (stored[hit.picture_id], score)
            for hit, score in zip(hits, scores, strict=True)
            if hit.picture_id in stored
        ]


def join(
    candidates: Iterable[CategoryCandidate], votes: Iterable[tuple[Category, float]]
) -> tuple[CategoryCandidate, ...]:
    """Candidates with the probabilities of model and votes together, whose sum is about 1; the most likely first.

    Args:
        candidates: every category with the model's probability.
        votes: categories of stored pictures, each with its weight, 0..1.
    """
    weights = {each.category: MODEL_VOTES * each.probability for each in candidates}
    for category, weight in votes:
        weights[category] += weight
    total = sum(weights.values())
    ordered = sorted(weights.items(), key=lambda each: -each[1])
    return tuple(CategoryCandidate(category, round(weight / total, SHOWN_DECIMALS)) for category, weight in ordered)
