"""Turns the engine's hits into a page of matches: checked against the catalogue, scored, ordered, cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from similis.algorithm import Calibration, binary_code, hamming_distance
from similis.catalogue import Catalogue, DescribedPicture
from similis.domain import MAX_RESULTS, Category, Instance, Match, Picture, SearchOptions, stage
from similis.engine import VectorIndex
from similis.service._scoring import displayed_scores, sort_expr_values

# Two float16 vectors that differ anywhere can still be this close; only such pairs are compared bit by bit.
_NEARLY_IDENTICAL = 0.99

# Most ask for one of the first pages: up to this place an index looks for so many hits only, which takes it half the
# time of all. It finds the same: of 500 searches among 100,000 pictures, not one had other pictures up to there.
_FIRST_PAGES = 40
_FIRST_HITS = 100


class _Ranked(NamedTuple):
    """Sorts by score, the best first, then by key."""

    negated_score: float
    product_id: str
    pic_name: str
    picture_id: int


class Ranking:
    """The results of one query, best first, ties ordered by key, so that pages neither repeat nor miss a picture.

    Attributes:
        best: score of the first result, whatever page is asked for; 0 before, and without results.
        calibration: how similarities read as scores.
        settled: whether the catalogue still knew every hit of the index; those that it did not know are left out.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        instance: Instance,
        index: VectorIndex,
        calibration: Calibration,
        query: npt.NDArray[np.float16],
        options: SearchOptions,
        category: Category | None,
    ) -> None:
        self._catalogue = catalogue
        self._instance = instance
        self._index = index
        self.calibration = calibration
        self._query = query
        self._code = binary_code(query)
        self._options = options
        self._category = category
        self._seen: dict[int, DescribedPicture] = {}
        self.best = 0.0
        self.settled = True

    def page(self) -> tuple[list[Match], int]:
        """The matches from `start` on, `num` at most, and how many there are in all pages."""
        start, end = self._options.start, self._options.start + self._options.num
        if self._options.distinct_product:
            ranked = self._distinct_products()
            found = len(ranked)
        else:
            ids, scores, found = self._nearest(end)
            ranked = self._rank(*_best(ids, scores, end))
        self.best = -ranked[0].negated_score if ranked else 0.0
        return self._matches(ranked[start:end]), min(found, MAX_RESULTS)

    def _nearest(self, end: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], int]:
        """Ids and scores of what pages up to `end` hold, with all that tie with the last; and how many there are."""
        if end <= _FIRST_PAGES and self._options.filter is None and not self._options.min_score:
            ids, scores = self._scored(_FIRST_HITS)
            if len(ids) < _FIRST_HITS:
                return ids, scores, len(ids)
            if scores.min() < np.partition(scores, -end)[-end]:
                with stage("catalogue"):
                    return ids, scores, self._catalogue.count(self._instance, self._category, MAX_RESULTS)
        ids, scores = self._scored(MAX_RESULTS)
        return ids, scores, len(ids)

    def _distinct_products(self) -> list[_Ranked]:
        """The best picture of each product; looks further down while the hits are many pictures of few products."""
        wanted = MAX_RESULTS
        while True:
            ids, scores = self._scored(wanted)
            ranked = _first_of_each_product(self._rank(ids, scores))
            if len(ranked) >= MAX_RESULTS or len(ids) < wanted:
                return ranked
            wanted *= 4

    def _scored(self, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Ids and displayed scores of the `count` most similar pictures, those below `min_score` left out."""
        query = self._query.astype(np.float32)[np.newaxis]
        with stage("index"):
            [hits] = self._index.search(query, count, self._options.filter, self._category)
        numbers, similarities = zip(*hits, strict=True) if hits else ((), ())
        ids = np.array(numbers, dtype=np.int64)
        scores = self._scores(ids, np.array(similarities, dtype=np.float64))
        kept = scores >= self._options.min_score
        return ids[kept], scores[kept]

    def _rank(self, ids: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> list[_Ranked]:
        """Order hits by score and key; a hit that the catalogue no longer knows is dropped."""
        numbers = ids.tolist()
        names = {id_: _name(self._seen[id_]) for id_ in numbers if id_ in self._seen}
        if others := [id_ for id_ in numbers if id_ not in names]:
            with stage("catalogue"):
                names |= self._catalogue.names(self._instance, others)
        self.settled &= len(names) == len(ids)
        pairs = zip(numbers, scores.tolist(), strict=True)
        return sorted(_Ranked(-score, *names[id_], id_) for id_, score in pairs if id_ in names)

    def _scores(self, ids: npt.NDArray[np.int64], similarities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        self._look_at_likely(ids)
        near = ids[similarities > _NEARLY_IDENTICAL].tolist()
        vectors = {id_: self._seen[id_].vector for id_ in near if id_ in self._seen}
        if others := [id_ for id_ in near if id_ not in vectors]:
            with stage("catalogue"):
                vectors |= self._catalogue.vectors(self._instance, others)
        self.settled &= len(vectors) == len(near)
        same = {id_ for id_, vector in vectors.items() if np.array_equal(vector, self._query)}
        identical = np.array([id_ in same for id_ in ids.tolist()], dtype=np.bool_)
        return displayed_scores(self.calibration.score(similarities), identical)

    def _look_at_likely(self, ids: npt.NDArray[np.int64]) -> None:
        """Read at once what the page most likely needs, for each reading takes about as long as a search."""
        if not self._options.distinct_product:
            self._look_at(ids[self._options.start : self._options.start + self._options.num].tolist())

    def _look_at(self, ids: Sequence[int]) -> None:
        """Read pictures that were not read yet; those that the catalogue no longer knows stay unseen."""
        if unseen := [id_ for id_ in ids if id_ not in self._seen]:
            with stage("catalogue"):
                self._seen |= self._catalogue.all_described(self._instance, unseen)

    def _matches(self, page: Sequence[_Ranked]) -> list[Match]:
        ids = [ranked.picture_id for ranked in page]
        self._look_at(ids)
        known = [(ranked, self._seen[ranked.picture_id]) for ranked in page if ranked.picture_id in self._seen]
        self.settled &= len(known) == len(page)
        return [self._match(-ranked.negated_score, seen.picture, seen.vector) for ranked, seen in known]

    def _match(self, score: float, picture: Picture, vector: npt.NDArray[np.float16]) -> Match:
        hamming = hamming_distance(binary_code(vector), self._code)
        return Match(
            product_id=picture.key.product_id,
            pic_name=picture.key.pic_name,
            category_id=picture.category,
            score=score,
            sort_expr_values=sort_expr_values(score, hamming),
            hamming_distance=hamming,
            custom_content=picture.custom_content,
            attributes=picture.attributes,
        )


def _name(seen: DescribedPicture) -> tuple[str, str]:
    return seen.picture.key.product_id, seen.picture.key.pic_name


def _best(
    ids: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], count: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The `count` best hits and all that tie with the last of them, so that ties can be ordered by key."""
    if len(scores) <= count:
        return ids, scores
    kept = scores >= np.partition(scores, -count)[-count]
    return ids[kept], scores[kept]


def _first_of_each_product(ranked: Sequence[_Ranked]) -> list[_Ranked]:
    best: dict[str, _Ranked] = {}
    for result in ranked:
        best.setdefault(result.product_id, result)
    return list(best.values())
