"""Searches with labelled pictures, through the real service, in an instance that holds the gallery."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from similis.domain import (
    Attributes,
    Category,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    PictureKey,
    SearchOptions,
    SearchResult,
    parse_filter,
)
from similis.evaluation._enlarge import enlarged
from similis.evaluation._labels import LabelledPicture, Labels
from similis.evaluation._metrics import DEPTH, Ranking
from similis.service import App, read_picture

SHOWN = 6
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many are done, and how many there are."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to search: the type of instance, and whether subjects are looked for."""

    type: InstanceType
    crop: bool

    def __str__(self) -> str:
        return f"{self.type.value}, {'crop' if self.crop else 'whole picture'}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search with one picture found.

    Attributes:
        right: for each result, best first, whether it has the query's label.
        scores: its score.
        first: keys of the first results.
        other: the best score among pictures of other labels, 0 without any.
        category: the category that was searched in.
        good_match: the score from which the service calls a result a good match.
    """

    right: tuple[bool, ...]
    scores: tuple[float, ...]
    first: tuple[PictureKey, ...]
    other: float
    category: Category
    good_match: float

    @property
    def best(self) -> float:
        """The best score, 0 without results."""
        return max(self.scores, default=0.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture: added, or searched with."""

    picture: LabelledPicture
    error: InvalidInput | None = None
    answer: Answer | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """A gallery added and queries searched in one way.

    Attributes:
        model: what made the features.
    """

    way: Way
    model: str
    leave_one_out: bool
    added: tuple[Outcome, ...]
    searched: tuple[Outcome, ...]

    def gallery(self) -> list[LabelledPicture]:
        """The pictures that can be found."""
        return [outcome.picture for outcome in self.added if outcome.error is None]

    def answers(self) -> list[tuple[LabelledPicture, Answer]]:
        """Queries that went well and have something to find, with what they found."""
        stored = self._stored()
        return [
            (outcome.picture, outcome.answer)
            for outcome in self.searched
            if outcome.answer is not None and stored[outcome.picture.key.product_id] > self.leave_one_out
        ]

    def rankings(self) -> list[Ranking]:
        """The same queries' results as right or wrong."""
        stored = self._stored()
        return [
            Ranking(answer.right, stored[picture.key.product_id] - self.leave_one_out)
            for picture, answer in self.answers()
        ]

    @property
    def good_match(self) -> float:
        """The score from which the service calls a result a good match."""
        return next(answer.good_match for _, answer in self.answers())

    def without_match(self) -> int:
        """Queries that went well but have nothing to find."""
        return sum(outcome.error is None for outcome in self.searched) - len(self.answers())

    def _stored(self) -> Counter[str]:
        return Counter(picture.key.product_id for picture in self.gallery())


class Bench:
    """A service to measure, the threads that work at once, and who is told how far they are.

    Args:
        app: the service; `settings.threads` pictures are worked on at once.
        labels: what to search with and in.
        model: the features to use; the built-in ones by default.
        progress: told of every picture done.
    """

    def __init__(self, app: App, labels: Labels, model: str | None, progress: Progress) -> None:
        self.app = app
        self.labels = labels
        self.model = model
        self._progress = progress
        known = dict.fromkeys(picture.key.product_id for picture in (*labels.gallery, *labels.queries))
        self._numbers = {label: number for number, label in enumerate(known)}

    @contextmanager
    def instance(self, kind: InstanceType) -> Iterator[str]:
        """An empty instance, which is deleted at the end, whatever happens."""
        name = f"evaluation-{secrets.token_hex(4)}"
        self.app.instances.create(InstanceSpec(name, kind, capacity=len(self.labels.gallery)), model=self.model)
        try:
            yield name
        finally:
            self.app.instances.delete(name)

    def trial(self, way: Way) -> Trial:
        """Add the gallery and search with the queries in one way."""
        with self.instance(way.type) as instance:
            added = self.fill(instance, way, self.labels.gallery)
            searched = self.search(instance, way, added)
            model = self.app.instances.get(instance).model
        return Trial(way, model, self.labels.leave_one_out, added, searched)

    def each(self, work: Callable[[LabelledPicture], T], pictures: Sequence[LabelledPicture], stage: str) -> list[T]:
        """Do the same with every picture, several at once; results in order."""
        results = []
        with ThreadPoolExecutor(self.app.settings.threads) as pool:
            for done, result in enumerate(pool.map(work, pictures), 1):
                results.append(result)
                self._progress(stage, done, len(pictures))
        return results

    def fill(self, instance: str, way: Way, pictures: Sequence[LabelledPicture]) -> tuple[Outcome, ...]:
        """Add pictures of the gallery to an instance."""

        def add(picture: LabelledPicture) -> Outcome:
            started = time.perf_counter()
            self.app.pictures.add(
                instance,
                loaded(picture),
                picture.key,
                category=picture.category if self.labels.column and not self.labels.leave_one_out else None,
                crop=way.crop,
                attributes=Attributes(int_attr=self._numbers[picture.key.product_id]),
            )
            return Outcome(picture, milliseconds={"add": _since(started)})

        return tuple(self.each(_caught(add), pictures, f"Adding ({way})"))

    def search(self, instance: str, way: Way, added: Sequence[Outcome]) -> tuple[Outcome, ...]:
        """Search with the queries; without any, with each picture of the gallery among the others."""
        good = [outcome.picture for outcome in added if outcome.error is None]
        queries = good if self.labels.leave_one_out else self.labels.queries

        def search(picture: LabelledPicture) -> Outcome:
            started = time.perf_counter()
            found = self._found(instance, way, picture, SearchOptions(num=DEPTH))
            times = {"query": _since(started), **found.milliseconds}
            return Outcome(picture, None, self._answer(instance, way, picture, found), times)

        return tuple(self.each(_caught(search), queries, f"Searching ({way})"))

    def _found(self, instance: str, way: Way, picture: LabelledPicture, options: SearchOptions) -> SearchResult:
        if self.labels.leave_one_out:
            return self.app.search.by_name(instance, picture.key, options)
        return self.app.search.by_picture(instance, loaded(picture), options, crop=way.crop)

    def _answer(self, instance: str, way: Way, picture: LabelledPicture, found: SearchResult) -> Answer:
        """A picture searched by name gives up its own place in the results."""
        matches = [match for match in found.matches if match.key != picture.key]
        right = tuple(match.product_id == picture.key.product_id for match in matches)
        scores = tuple(match.score for match in matches)
        category = Category(found.category_id)
        if all(right) and found.found > DEPTH:  # other labels are further down
            others = self._others(instance, way, picture, category)
        else:
            others = [score for score, hit in zip(scores, right, strict=True) if not hit]
        keys = tuple(match.key for match in matches[:SHOWN])
        return Answer(right, scores, keys, max(others, default=0.0), category, found.threshold)

    def _others(self, instance: str, way: Way, picture: LabelledPicture, category: Category) -> list[float]:
        """The best score of the same query among pictures of other labels."""
        elsewhere = parse_filter(f"int_attr!={self._numbers[picture.key.product_id]}")
        options = SearchOptions(num=1, category=category, filter=elsewhere)
        return [match.score for match in self._found(instance, way, picture, options).matches]


def loaded(picture: LabelledPicture) -> bytes:
    """The picture's file, enlarged if it is too small for the service.

    Raises:
        InvalidPicture: it cannot be read.
    """
    return enlarged(read_picture(picture.path))


def _caught(work: Callable[[LabelledPicture], Outcome]) -> Callable[[LabelledPicture], Outcome]:
    def attempt(picture: LabelledPicture) -> Outcome:
        try:
            return work(picture)
        except InvalidInput as error:
            return Outcome(picture, error)

    return attempt


def _since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)
