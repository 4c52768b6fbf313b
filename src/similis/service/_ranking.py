"""Turns the engine's hits into a page of matches: checked against the catalogue, scored, ordered, cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from similis.algorithm import Calibration, binary_code, hamming_distances
from similis.catalogue import Catalogue, DescribedPicture
from similis.domain import MAX_RESULTS, Category, Instance, Match, Picture, SearchOptions, stage
from similis.engine import VectorIndex
from similis.service._scoring import displayed_scores, sort_expr_values

# Two float16 vectors that differ anywhere can still be this close; only such pairs are compared bit by bit.
_NEARLY_IDENTICAL = 0.99

# Most ask for the first or second page: up to this place an index looks for so many hits only, which takes less than
# half the time of all. An approximate one can miss a picture there that it finds among all: then that one comes next.
_FIRST_PAGES = 20
_FIRST_HITS = 30


class _Ranked(NamedTuple):
    """Sorts by score, the best first, then by key."""

    negated_score: float
    product_id: str
    pic_name: str
    picture_id: int


class _Hits(NamedTuple):
    """Ids of pictures and their displayed scores."""

    ids: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]

    def only(self, kept: npt.NDArray[np.bool_]) -> _Hits:
        return _Hits(self.ids[kept], self.scores[kept])


_NO_HITS = _Hits(np.empty(0, np.int64), np.empty(0, np.float64))


class Ranking:
    """The results of one query, best first, ties ordered by key, so that pages neither repeat nor miss a picture.

    Args:
        catalogue: has the pictures.
        instance: they are in.
        index: finds their ids.
        calibration: how similarities read as scores.
        query: features, float16[D].
        options: what to return.
        category: to stay in, None for all.
        known: a picture that was read already, as that of a search by name was.

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
        known: DescribedPicture | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._instance = instance
        self._index = index
        self.calibration = calibration
        self._query = query
        self._code = binary_code(query)
        self._options = options
        self._category = category
        self._seen = {} if known is None else {known.id: known}
        self.best = 0.0
        self.settled = True

    def page(self) -> tuple[list[Match], int]:
        """The matches from `start` on, `num` at most, and how many there are in all pages."""
        start, end = self._options.start, self._options.start + self._options.num
        if self._options.distinct_product:
            ranked = self._distinct_products()
            found = len(ranked)
        else:
            ranked, found = self._nearest(end)
        self.best = -ranked[0].negated_score if ranked else 0.0
        return self._matches(ranked[start:end]), min(found, MAX_RESULTS)

    def _nearest(self, end: int) -> tuple[list[_Ranked], int]:
        """What pages up to `end` hold, with all that tie with the last; and how many there are in all pages."""
        if self._options.filter is not None or self._options.min_score:
            hits = self._scored(MAX_RESULTS)
            return self._rank(_best(hits, end)), len(hits.ids)
        with stage("catalogue"):  # for an approximate index may not find all there are
            found = self._catalogue.count(self._instance, self._category, MAX_RESULTS)
        first = self._first_hits(found) if self._options.num <= _FIRST_PAGES else _NO_HITS
        if end <= min(len(first.ids), _FIRST_PAGES) or len(first.ids) >= found:
            return self._rank(_best(first, end)), found
        return self._further(first, end), found

    def _first_hits(self, found: int) -> _Hits:
        """What the first pages are made of, whichever page is asked for."""
        hits = self._scored(_FIRST_HITS)
        if len(hits.ids) >= found:
            return hits
        return hits.only(hits.scores > hits.scores.min(initial=1.0))  # others can tie with the last of them

    def _further(self, first: _Hits, end: int) -> list[_Ranked]:
        """The first pages as they are by themselves, and behind them the best of all other hits."""
        head = self._rank(_best(first, _FIRST_PAGES))[:_FIRST_PAGES]
        hits = self._scored(MAX_RESULTS)
        others = hits.only(~np.isin(hits.ids, [each.picture_id for each in head]))
        return head + self._rank(_best(others, end - len(head)))

    def _distinct_products(self) -> list[_Ranked]:
        """The best picture of each product; looks further down while the hits are many pictures of few products."""
        wanted = MAX_RESULTS
        while True:
            hits = self._scored(wanted)
            ranked = _first_of_each_product(self._rank(hits))
            if len(ranked) >= MAX_RESULTS or len(hits.ids) < wanted:
                return ranked
            wanted *= 4

    def _scored(self, count: int) -> _Hits:
        """Ids and displayed scores of the `count` most similar pictures, those below `min_score` left out."""
        query = self._query.astype(np.float32)[np.newaxis]
        with stage("index"):
            [found] = self._index.search(query, count, self._options.filter, self._category)
        numbers, similarities = zip(*found, strict=True) if found else ((), ())
        ids = np.array(numbers, dtype=np.int64)
        scores = self._scores(ids, np.array(similarities, dtype=np.float64))
        return _Hits(ids, scores).only(scores >= self._options.min_score)

    def _rank(self, hits: _Hits) -> list[_Ranked]:
        """Order hits by score and key; a hit that the catalogue no longer knows is dropped."""
        numbers = hits.ids.tolist()
        names = {id_: _name(self._seen[id_]) for id_ in numbers if id_ in self._seen}
        if others := [id_ for id_ in numbers if id_ not in names]:
            with stage("catalogue"):
                names |= self._catalogue.names(self._instance, others)
        self.settled &= len(names) == len(numbers)
        pairs = zip(numbers, hits.scores.tolist(), strict=True)
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
        if not known:
            return []
        codes = binary_code(np.stack([seen.vector for _, seen in known]))
        differing = hamming_distances(codes, self._code).tolist()
        return [
            _match(-ranked.negated_score, seen.picture, hamming)
            for (ranked, seen), hamming in zip(known, differing, strict=True)
        ]


def _match(score: float, picture: Picture, hamming: int) -> Match:
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


def _best(hits: _Hits, count: int) -> _Hits:
    """The `count` best hits and all that tie with the last of them, so that ties can be ordered by key."""
    if len(hits.scores) <= count:
        return hits
    return hits.only(hits.scores >= np.partition(hits.scores, -count)[-count])


def _first_of_each_product(ranked: Sequence[_Ranked]) -> list[_Ranked]:
    best: dict[str, _Ranked] = {}
    for result in ranked:
        best.setdefault(result.product_id, result)
    return list(best.values())
