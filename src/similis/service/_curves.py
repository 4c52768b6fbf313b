"""How similarities read as scores in an instance: by its own products where these are enough to tell.

How near wrong pictures come differs from collection to collection, so that one curve fits none of them. Pictures of
products that have several show it: each is searched for among the others, and its results are right or wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from similis.algorithm import MIN_QUERIES, Calibration, Experience, own_curve
from similis.catalogue import Catalogue, ScoreCurve
from similis.domain import Category, Instance, InstanceType
from similis.engine import Hit, VectorIndex
from similis.service._analyst import Analyst
from similis.service._tuned_index import TunedIndex

QUERIES = 300
_LOOKED_AT = 10_000
_RESULTS = 10
_DEPTH = 50  # to find the best result of another product behind those of its own


class Curves:
    """Fits the curve of an instance when it is first searched, and anew whenever its pictures double or halve."""

    def __init__(self, catalogue: Catalogue, analyst: Analyst) -> None:
        self._catalogue = catalogue
        self._analyst = analyst
        # Read once: whoever else fits an instance's curve does so when what is known here is due as well.
        self._known: dict[int, ScoreCurve | None] = {}
        self._fitting = threading.Lock()

    def plain(self, instance: Instance) -> Calibration:
        """The curve of the instance's features and type, whatever is in it."""
        return self._analyst.pipeline_of(instance.model).calibration(instance.spec.type)

    def of(self, instance: Instance, index: VectorIndex) -> Calibration:
        """How similarities of the instance's index read as scores now."""
        return index.space.calibration if isinstance(index, TunedIndex) else self.of_features(instance)

    def of_features(self, instance: Instance) -> Calibration:
        """The curve by the instance's own products, else the plain one."""
        stored, plain = self._stored(instance), self.plain(instance)
        return plain if stored is None or stored.figures is None else Calibration(*stored.figures, plain)

    def follow(self, instance: Instance, index: VectorIndex) -> None:
        """Fit the curve where that is due. One thread does it; the first time, others wait for it.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        stored, count = self._stored(instance), instance.picture_count
        if isinstance(index, TunedIndex) or not _due(stored, count):
            return
        if not self._fitting.acquire(blocking=stored is None):
            return
        try:
            if _due(self._read(instance), count):
                self._catalogue.score_curves.set(instance, self._fitted(instance, index))
                self._read(instance)
        finally:
            self._fitting.release()

    def _stored(self, instance: Instance) -> ScoreCurve | None:
        return self._known[instance.id] if instance.id in self._known else self._read(instance)

    def _read(self, instance: Instance) -> ScoreCurve | None:
        self._known[instance.id] = curve = self._catalogue.score_curves.get(instance)
        return curve

    def _fitted(self, instance: Instance, index: VectorIndex) -> ScoreCurve:
        ids = self._catalogue.score_curves.siblings(instance, 1 + instance.picture_count // _LOOKED_AT)
        curve = None
        if len(ids) >= MIN_QUERIES:
            # The same pictures each time that the instance holds the same.
            chosen = np.random.default_rng(0).choice(ids, min(QUERIES, len(ids)), replace=False)
            experience = self._experience(instance, index, np.sort(chosen).tolist())
            curve = own_curve(experience, self.plain(instance))
        figures = None if curve is None else (curve.middle, curve.slope, curve.threshold)
        return ScoreCurve(instance.picture_count, figures)

    def _experience(self, instance: Instance, index: VectorIndex, ids: Sequence[int]) -> Experience:
        """What pictures find among the others, those that went meanwhile left out."""
        similarities: list[float] = []
        right: list[bool] = []
        best_wrong: list[float] = []
        for hits, own in self._found(instance, index, ids):
            similarities += [hit.similarity for hit in hits[:_RESULTS]]
            right += own[:_RESULTS]
            # Where all are of its own product, another's is at most as near as the last.
            best_wrong.append(next((hit.similarity for hit, same in zip(hits, own, strict=True) if not same),
                                   hits[-1].similarity if hits else -1.0))  # fmt: skip
        return Experience(np.array(similarities), np.array(right, np.bool_), np.array(best_wrong))

    def _found(
        self, instance: Instance, index: VectorIndex, ids: Sequence[int]
    ) -> Iterator[tuple[list[Hit], list[bool]]]:
        """What each picture finds, itself left out, and which of that is of its own product."""
        vectors = self._catalogue.vectors(instance, ids)
        for category, members in self._by_category(instance, list(vectors)):
            rows: npt.NDArray[np.float32] = np.stack([vectors[each] for each in members]).astype(np.float32)
            found = index.search(rows, _DEPTH, None, category)
            names = self._catalogue.names(instance, [*members, *{hit.picture_id for hits in found for hit in hits}])
            for member, hits in zip(members, found, strict=True):
                others = [hit for hit in hits if hit.picture_id != member and hit.picture_id in names]
                if member in names:
                    yield others, [names[hit.picture_id][0] == names[member][0] for hit in others]

    def _by_category(self, instance: Instance, ids: Sequence[int]) -> Iterator[tuple[Category | None, list[int]]]:
        """Pictures by the category that a search for them is in."""
        if instance.spec.type is InstanceType.GENERIC:
            if ids:
                yield None, list(ids)
            return
        categories = self._catalogue.categories(instance, ids)
        ordered = sorted(categories, key=lambda each: (categories[each], each))
        for category, members in groupby(ordered, key=categories.__getitem__):
            yield category, list(members)


def _due(stored: ScoreCurve | None, pictures: int) -> bool:
    if stored is None:
        return pictures >= MIN_QUERIES
    return pictures != stored.pictures and not stored.pictures / 2 < pictures < stored.pictures * 2
