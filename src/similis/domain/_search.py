"""Searches and their answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from similis.domain._attributes import Attributes
from similis.domain._category import Category, CategoryCandidate
from similis.domain._errors import InvalidPaging, InvalidScore
from similis.domain._filter import Filter
from similis.domain._picture import PictureKey
from similis.domain._region import Region

MAX_NUM = 100
MAX_TEXT = 512
MAX_RESULTS = 500


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What to return of the most similar pictures.

    Attributes:
        num: results wanted, 1..100.
        start: how many of the best to pass over, 0..499; `start + num` is at most 500.
        category: search inside this category; None lets product search use the query's own.
        filter: only pictures whose attributes match.
        distinct_product: keep only the best picture of each product.
        min_score: keep only results whose score is at least this, 0..1.
        good_match: the score from which on a match is good, 0..1; None leaves it to the instance's features.

    Raises:
        InvalidPaging: `num` or `start` out of range.
        InvalidScore: `min_score` or `good_match` out of range.
    """

    num: int = 10
    start: int = 0
    category: Category | None = None
    filter: Filter | None = None
    distinct_product: bool = False
    min_score: float = 0.0
    good_match: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.num <= MAX_NUM:
            raise InvalidPaging(f"num is {self.num}.", f"Give 1 to {MAX_NUM}.")
        if not 0 <= self.start < MAX_RESULTS:
            raise InvalidPaging(f"start is {self.start}.", f"Give 0 to {MAX_RESULTS - 1}.")
        if self.start + self.num > MAX_RESULTS:
            raise InvalidPaging(
                f"start + num is {self.start + self.num}.",
                f"At most the first {MAX_RESULTS} results can be had.",
            )
        for name, score in (("min_score", self.min_score), ("good_match", self.good_match)):
            if score is not None and not 0.0 <= score <= 1.0:
                raise InvalidScore(f"{name} is {score}.", "Give a number from 0 to 1.")


@dataclass(frozen=True, slots=True)
class Match:
    """One result of a search.

    Attributes:
        score: similarity in 0..1; 1.0 exactly when the features are identical.
        sort_expr_values: `"<relevance>;<hamming distance>"`.
        hamming_distance: bits in which the two binary codes differ.
    """

    product_id: str
    pic_name: str
    category_id: int
    score: float
    sort_expr_values: str
    hamming_distance: int
    custom_content: str | None = None
    attributes: Attributes = field(default_factory=Attributes)

    @property
    def key(self) -> PictureKey:
        """The matched picture's key."""
        return PictureKey(self.product_id, self.pic_name)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the algorithm found in a picture: the region used and its category, with all alternatives, best first."""

    category: Category
    region: Region
    regions: tuple[Region, ...]
    categories: tuple[CategoryCandidate, ...]


@dataclass(frozen=True, slots=True)
class Added:
    """The answer to an added picture.

    Attributes:
        replaced: whether there was a picture of the same key.
        duplicates: keys of stored pictures that it is near-identical to, the most similar first; only when asked for.
    """

    category_id: int
    region: Region
    regions: tuple[Region, ...]
    categories: tuple[CategoryCandidate, ...]
    replaced: bool = False
    duplicates: tuple[PictureKey, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to a search.

    Attributes:
        matches: results, best first; ties are ordered by key.
        found: how many results there are in all pages, at most 500.
        category_id: the category that was searched in.
        subject: what was found in the query picture; None for a search by name.
        milliseconds: time by stage.
        threshold: the score from which on a match is good.
    """

    matches: list[Match]
    found: int
    category_id: int
    subject: Subject | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)
    threshold: float = 0.5

    @property
    def good_match(self) -> bool:
        """Whether any of the matches is a good one."""
        return any(match.score >= self.threshold for match in self.matches)
