"""Use cases of duplicates: near-identical pictures, by their features alone.

Tunings have no part in it: how often different pictures pass for duplicates was measured with features as they are
(`benchmarks/duplicates.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from similis.algorithm import DuplicateLimit
from similis.catalogue import Catalogue
from similis.domain import Duplicate, DuplicateGroups, Instance, PictureKey, check_min_similarity
from similis.engine import Pairs, near_pairs
from similis.service._alone import Alone
from similis.service._indexes import Indexes
from similis.service._instances import Instances

MAX_REPORTED = 10
_COME_AGAIN = 10.0  # seconds, which some 10,000 pictures take
_DECIMALS = 4  # stored vectors are rounded to 16 bits: further ones would be noise

_Star: TypeAlias = list[tuple[int, float]]  # places of rows, the centre first, each with its similarity to the centre


class Duplicates:
    """The verbs of duplicates. One listing goes on at a time, for it compares all pictures of an instance."""

    def __init__(self, catalogue: Catalogue, indexes: Indexes, instances: Instances) -> None:
        self._catalogue = catalogue
        self._indexes = indexes
        self._instances = instances
        self._alone = Alone("Duplicates are being listed already, of this instance or another.", _COME_AGAIN)

    def groups(self, instance_name: str, min_similarity: float | None = None) -> DuplicateGroups:
        """Groups of near-identical pictures, across products and categories, the largest first.

        All pictures of a group are near to its first one, the centre, so that groups do not chain. The picture with
        the most near ones that are in no group yet becomes the next centre ("star clustering", Aslam et al. 2004).

        Args:
            instance_name: which instance.
            min_similarity: cosine of features from which on pictures are near-identical, 0.7..1; None for the
                measured default.

        Raises:
            InvalidScore: `min_similarity` is out of range.
            InstanceNotFound: there is no such instance.
            TooManyRequests: another listing is under way.
        """
        with self._instances.using(instance_name) as instance:
            limit = DuplicateLimit.of(instance.model)
            least = limit.min_similarity if min_similarity is None else check_min_similarity(min_similarity)
            with self._alone.at_once():
                ids, rows = self._read(instance)
                groups = self._named(instance, ids, _stars(rows, least))
        return DuplicateGroups(groups, len(ids), least, limit.false_matches(least))

    def of(self, instance: Instance, vector: npt.NDArray[np.float16], key: PictureKey) -> tuple[PictureKey, ...]:
        """Keys of stored pictures that a picture is near-identical to, the most similar first, at most ten.

        Args:
            instance: where to look.
            vector: the picture's features as they are stored, float16[D].
            key: its own key, which does not count.
        """
        index = self._indexes.of_features(instance)
        [hits] = index.search(vector.astype(np.float32)[np.newaxis], MAX_REPORTED + 1)
        least = DuplicateLimit.of(instance.model).min_similarity
        near = [hit.picture_id for hit in hits if hit.similarity >= least]
        names = self._catalogue.names(instance, near)
        keys = (PictureKey(*names[each]) for each in near if each in names)
        return tuple(each for each in keys if each != key)[:MAX_REPORTED]

    def _read(self, instance: Instance) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]:
        """Ids and stored features of all pictures."""
        vectors = self._catalogue.vectors(instance, self._catalogue.select_ids(instance, None, None).tolist())
        ids = np.fromiter(vectors, np.int64, len(vectors))
        return ids, np.array(list(vectors.values()), np.float16).reshape(len(ids), instance.dimension)

    def _named(
        self, instance: Instance, ids: npt.NDArray[np.int64], stars: Sequence[_Star]
    ) -> tuple[tuple[Duplicate, ...], ...]:
        numbered = [[(int(ids[place]), near) for place, near in star] for star in stars]
        names = self._catalogue.names(instance, [each for star in numbered for each, _ in star])
        named = (
            tuple(Duplicate(PictureKey(*names[each]), near) for each, near in star if each in names)
            for star in numbered
        )
        # A picture that was deleted meanwhile may leave its group with one.
        return tuple(group for group in named if len(group) > 1)


def _stars(rows: npt.NDArray[np.float16], least: float) -> list[_Star]:
    """Groups of near rows, the largest first.

    Equal rows count as one at first: ten thousand times the same placeholder shall neither fill the memory with pairs
    nor be told in parts.
    """
    if not len(rows):
        return []
    as_bytes = np.ascontiguousarray(rows).view(np.void(rows.shape[1] * rows.itemsize).dtype)[:, 0]
    _, first, place = np.unique(as_bytes, return_index=True, return_inverse=True)
    distinct = rows[first].astype(np.float32)
    distinct /= np.maximum(np.linalg.norm(distinct, axis=1, keepdims=True), np.float32(1e-12))
    by_place = np.argsort(place, kind="stable")
    equal = np.split(by_place, np.cumsum(np.bincount(place))[:-1])
    stars = [
        [(row, near) for each, near in star for row in equal[each].tolist()]
        for star in _distinct_stars(near_pairs(distinct, least), np.bincount(place))
    ]
    return sorted(stars, key=len, reverse=True)


def _distinct_stars(pairs: Pairs, counts: npt.NDArray[np.int64]) -> Iterator[_Star]:
    """Stars of distinct rows, each of which stands for `counts` equal ones."""
    starts = np.searchsorted(pairs.first, np.arange(len(counts) + 1))
    sizes = counts + np.bincount(pairs.first, counts[pairs.second], minlength=len(counts))
    taken = np.zeros(len(counts), np.bool_)
    for centre in np.argsort(-sizes, kind="stable").tolist():
        if taken[centre] or sizes[centre] == 1:
            continue
        reach = slice(starts[centre], starts[centre + 1])
        free = ~taken[pairs.second[reach]]
        near, similarity = pairs.second[reach][free], pairs.similarity[reach][free]
        taken[centre] = taken[near] = True
        rounded = np.minimum(np.round(similarity.astype(float), _DECIMALS), 1.0).tolist()
        yield [(centre, 1.0), *zip(near.tolist(), rounded, strict=True)]
