"""Use cases of search: by picture, by stored name, and comparison of two pictures."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from similis.algorithm import Analysis, Calibration, Orientation
from similis.catalogue import Catalogue
from similis.domain import (
    MAX_TEXT,
    Category,
    Instance,
    InstanceType,
    InvalidText,
    Match,
    PictureKey,
    Region,
    SearchOptions,
    SearchResult,
    Subject,
)
from similis.privacy import Keyring
from similis.service._analyst import Analyst
from similis.service._category_vote import CategoryVote
from similis.service._curves import Curves
from similis.service._embedded import FAISS
from similis.service._guises import Guises
from similis.service._indexes import Indexes
from similis.service._instances import Instances
from similis.service._pictures import applied_category, stored_vector
from similis.service._ranking import Ranking
from similis.service._scoring import displayed_scores
from similis.service._searched_category import inside, named_category
from similis.service._searcher import Asked
from similis.service._searchers import Searchers

_TRIES = 3


class _Answer(NamedTuple):
    """An answer, and the score of its first result, whatever page it holds."""

    result: SearchResult
    best: float


class Search:
    """The verbs of search."""

    def __init__(
        self,
        catalogue: Catalogue,
        keyring: Keyring,
        indexes: Indexes,
        analyst: Analyst,
        instances: Instances,
        good_match: float | None = None,
        searchers: Searchers | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._indexes = indexes
        self._analyst = analyst
        self._instances = instances
        self._vote = CategoryVote(catalogue, indexes)
        self._curves = Curves(catalogue, analyst)
        self._guises = Guises(catalogue, keyring, indexes, analyst)
        self._good_match = good_match
        self._searchers = searchers or Searchers()
        # More searches at once than processors only take the interpreter from one another.
        self._places = threading.BoundedSemaphore(os.cpu_count() or 1)

    def by_picture(
        self,
        instance_name: str,
        data: bytes,
        options: SearchOptions = SearchOptions(),
        *,
        crop: bool = True,
        region: Region | None = None,
        subject: int | None = None,
        orientation: Orientation = Orientation.APPLY,
    ) -> SearchResult:
        """Find the stored pictures most similar to an encoded picture, which is forgotten afterwards.

        Where a picture of an even collage was used, the others are searched with too; where some other picture inside
        the picture was used and has no good match, all of it is. What has the best match is the answer.

        Args:
            instance_name: where to search.
            data: the encoded picture.
            options: what to return.
            crop: use the main subject; False uses the whole picture.
            region: use this region instead.
            subject: use the subject found in this place, 1 being the main one.
            orientation: what to do with a picture turned by EXIF.

        Raises:
            InvalidInput: the picture or the region cannot be used; see its subclasses.
            InstanceNotFound: there is no such instance.
        """
        with self._instances.using(instance_name) as instance:
            look = partial(self._look, instance, data, options, orientation)
            analysis, answer = look(crop=crop, region=region, subject=subject)
            if subject is None and (analysis.collage or answer.best < answer.result.threshold):
                others = [look(frame=frame)[1] for frame in analysis.frames]
                answer = _best_of(answer, others)
            return answer.result

    def by_name(self, instance_name: str, key: PictureKey, options: SearchOptions = SearchOptions()) -> SearchResult:
        """Find the stored pictures most similar to a stored one; itself is the first.

        Raises:
            InstanceNotFound: there is no such instance.
            PictureNotFound: there is no such picture.
        """
        with self._instances.using(instance_name) as instance, self._searchers.several() as ask:
            if ask and (found := self._asked_elsewhere(instance, key, options)):
                return found
            stored = self._catalogue.described(instance, key)
            category = named_category(instance, options, stored.picture)
            return self._answer(instance, stored.vector, options, category, None, {}).result

    def by_text(self, instance_name: str, text: str, options: SearchOptions = SearchOptions()) -> SearchResult:
        """Find the stored pictures that a text describes best, in all categories unless one is given.

        Raises:
            InvalidText: the text is empty or above 512 characters.
            NoTextEncoder: no text encoder is installed for the instance's features.
            InstanceNotFound: there is no such instance.
            QueueFull: the text encoder is not loaded yet, and too many pictures wait already.
        """
        if not text.strip() or len(text) > MAX_TEXT:
            raise InvalidText(f"The text has {len(text)} characters.", f"Give 1 to {MAX_TEXT}.")
        with self._instances.using(instance_name) as instance:
            encoder, calibration = self._analyst.text_encoder(instance.model)
            spent: dict[str, float] = {}
            with _timed(spent, "text"):
                query = stored_vector(self._keyring, instance, encoder.encode(text))
            category = applied_category(instance, options.category)
            return self._answer(instance, query, options, category, None, spent, calibration).result

    def compare(self, first: bytes, second: bytes, kind: InstanceType = InstanceType.PRODUCT) -> float:
        """The score of two encoded pictures, 0..1; 1.0 exactly when their features are identical.

        Raises:
            InvalidInput: one of the pictures cannot be used; see its subclasses.
        """
        pipeline = self._analyst.pipeline
        return self._compare(first, second, pipeline.model, pipeline.calibration(kind), Orientation.APPLY)

    def compare_in(
        self, instance_name: str, first: bytes, second: bytes, *, orientation: Orientation = Orientation.APPLY
    ) -> float:
        """The score of two encoded pictures as the searches of an instance give it; neither is kept.

        Raises:
            InvalidInput: one of the pictures cannot be used; see its subclasses.
            InstanceNotFound: there is no such instance.
            FeatureModelMismatch: its features are made by a model that is not here.
        """
        with self._instances.using(instance_name) as instance:
            space = self._indexes.space(instance)
            if space is None:
                curve = self._curves.of_features(instance)
                return self._compare(first, second, instance.model, curve, orientation)

            def mapped(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
                return space.place(stored_vector(self._keyring, instance, vector))

            return self._compare(first, second, instance.model, space.calibration, orientation, mapped)

    def _compare(
        self,
        first: bytes,
        second: bytes,
        model: str,
        curve: Calibration,
        orientation: Orientation,
        mapped: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] = lambda vector: vector,
    ) -> float:
        one, other = (
            self._analyst.analyse(data, model=model, orientation=orientation).vector for data in (first, second)
        )
        similarity = np.array([float(mapped(one) @ mapped(other))])
        identical = np.array([np.array_equal(one, other)])
        return float(displayed_scores(curve.score(similarity), identical)[0])

    def _look(
        self,
        instance: Instance,
        data: bytes,
        options: SearchOptions,
        orientation: Orientation,
        **where: Any,  # noqa: ANN401 - what part of the picture to use, as the analyst takes it
    ) -> tuple[Analysis, _Answer]:
        """Search with a part of a picture; where nothing matches well, with what it was if somebody edited it.

        Says besides what was seen of it.
        """
        given = applied_category(instance, options.category)
        analysis = self._analyst.analyse(data, model=instance.model, category=given, orientation=orientation, **where)
        query = stored_vector(self._keyring, instance, analysis.vector)
        found, spent = analysis.subject, dict(analysis.milliseconds)
        if given is None:
            with _timed(spent, "vote"):
                found = self._vote.joined(instance, query, self._curves.plain(instance), found)
        answer = self._answer(instance, query, options, found.category, found, spent)
        if answer.best < answer.result.threshold:
            within = inside(instance, found.category)
            with _timed(answer.result.milliseconds, "search"), self._place(instance):
                guise = self._guises.of(instance, analysis, query, options, within)
            if guise is not None:
                answer = self._answer(instance, guise, options, found.category, found, answer.result.milliseconds)
        return analysis, answer

    def _answer(
        self,
        instance: Instance,
        query: npt.NDArray[np.float16],
        options: SearchOptions,
        category: Category | None,
        subject: Subject | None,
        milliseconds: dict[str, float],
        calibration: Calibration | None = None,
    ) -> _Answer:
        within = inside(instance, category)
        index_of = self._indexes.current
        if calibration is None:
            self._curves.follow(instance, index_of(instance))
        else:  # of texts, which neither a tuning nor an instance's curve knows anything about
            index_of = self._indexes.of_features

        def rank() -> Ranking:
            index = index_of(instance)
            curve = calibration or self._curves.of(instance, index)
            return Ranking(self._catalogue, instance, index, curve, query, options, within)

        spent = dict(milliseconds)
        with _timed(spent, "search"):
            ranking, matches, found = self._settled(instance, rank)
        searched = Category.OTHER if category is None else category
        threshold = self._threshold(options, ranking.calibration)
        return _Answer(SearchResult(matches, found, searched, subject, spent, threshold), ranking.best)

    def _asked_elsewhere(self, instance: Instance, key: PictureKey, options: SearchOptions) -> SearchResult | None:
        """What another process finds; None where it cannot, or this one searches in the space of before, still."""
        asked = self._asked(instance, key, options)
        there = instance.index == FAISS and self._indexes.up_to_date(instance)
        return self._searchers.ask(asked) if there else None

    def _asked(self, instance: Instance, key: PictureKey, options: SearchOptions) -> Asked:
        """A search by name for another process, which learns here how scores are read."""
        index = self._indexes.current(instance)
        self._curves.follow(instance, index)
        curve = self._curves.of(instance, index)
        return Asked(instance, key, options, curve, self._threshold(options, curve))

    def _threshold(self, options: SearchOptions, curve: Calibration) -> float:
        """The score of a good match: of the query, else of the settings, else of the curve of scores."""
        chosen = (options.good_match, self._good_match, curve.threshold)
        return next(score for score in chosen if score is not None)

    def _settled(self, instance: Instance, rank: Callable[[], Ranking]) -> tuple[Ranking, list[Match], int]:
        """A ranking whose hits were all still in the catalogue, and its page.

        A picture replaced between the index's answer and the catalogue's would be missing under its old id and under
        its new one: then the index follows and is asked again, at last while nobody may write.
        """
        with self._place(instance):
            for _ in range(_TRIES):
                ranking = rank()
                page = ranking.page()
                if ranking.settled:
                    return ranking, *page
            with self._catalogue.still(instance):
                ranking = rank()
                return ranking, *ranking.page()

    def _place(self, instance: Instance) -> AbstractContextManager[object]:
        """One of as many places as there are processors; no end of them where a search mostly waits for a server."""
        return nullcontext() if self._catalogue.shared or instance.index != FAISS else self._places


def _best_of(first: _Answer, others: Sequence[_Answer]) -> _Answer:
    """The answer with the best match, in the time of all; subjects keep the numbers that the first has."""
    best = max((first, *others), key=lambda each: each.best)
    stages = first.result.milliseconds
    spent = {stage: sum(each.result.milliseconds[stage] for each in (first, *others)) for stage in stages}
    subject = best.result.subject
    if subject is not None and first.result.subject is not None:
        subject = replace(subject, regions=first.result.subject.regions)
    return _Answer(replace(best.result, subject=subject, milliseconds=spent), best.best)


@contextmanager
def _timed(spent: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    spent[stage] = spent.get(stage, 0.0) + 1000 * (time.perf_counter() - start)
