"""Use cases of features that were computed elsewhere: to load many of them, and to measure the engine.

They stay inside the process: no interface offers them, for vectors never enter or leave by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from similis.catalogue import Catalogue, NewPicture
from similis.domain import (
    Attributes,
    Category,
    Filter,
    Instance,
    InstanceSpec,
    InvalidInput,
    Picture,
    PictureKey,
    Region,
)
from similis.engine import Effort, FaissIndex
from similis.privacy import Keyring
from similis.service._embedded import FAISS
from similis.service._indexes import Indexes
from similis.service._instances import Instances

_NO_REGION = Region(0, 1, 0, 1)  # nothing is known of the picture


@dataclass(frozen=True, slots=True, eq=False)
class Featured:
    """A picture of which only the features are here: D numbers, float32, as its encoder gave them."""

    key: PictureKey
    vector: npt.NDArray[np.float32]
    category: Category = Category.OTHER
    attributes: Attributes = Attributes()


class Bulk:
    """The verbs of features that are there already."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring, indexes: Indexes, instances: Instances) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._indexes = indexes
        self._instances = instances

    def create(self, spec: InstanceSpec, model: str, dimension: int) -> Instance:
        """Make an empty instance on the embedded index, for features of a model that need not be here.

        Args:
            spec: what the user decides.
            model: names what made the features; pictures can be added if it is a model that is here.
            dimension: numbers in a vector.

        Raises:
            InstanceExists: the name is taken.
        """
        return self._instances.create_for(spec, FAISS, model, dimension)

    def add(self, instance_name: str, pictures: Sequence[Featured]) -> list[bool]:
        """Keep features in one commit, all or none; an existing key is replaced.

        The next search takes them into the index.

        Returns:
            For each picture whether it replaced one.

        Raises:
            CapacityReached: there would be too many.
            InstanceNotFound: there is no such instance.
            InvalidInput: a vector has not the instance's dimension, or numbers that are not finite.
        """
        if not pictures:
            return []
        with self._instances.using(instance_name) as instance:
            vectors = self._transformed(instance, [each.vector for each in pictures]).astype(np.float16)
            new = [
                NewPicture(Picture(each.key, each.category, _NO_REGION, None, each.attributes), vector)
                for each, vector in zip(pictures, vectors, strict=True)
            ]
            return self._catalogue.add(instance, new)

    def nearest(
        self,
        instance_name: str,
        vectors: npt.NDArray[np.float32],
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        *,
        exact: bool = False,
    ) -> list[list[tuple[int, float]]]:
        """Return the nearest pictures of each query as id and cosine similarity, best first; all commits are seen.

        Args:
            instance_name: where to search.
            vectors: of the instance's encoder, float32[q, D].
            k: how many are wanted of each.
            tree: only pictures whose attributes match.
            category: only pictures of this category.
            exact: compare with every picture.

        Raises:
            InstanceNotFound: there is no such instance.
            InvalidInput: the vectors have not the instance's dimension, or numbers that are not finite.
        """
        effort = Effort.EXACT if exact else Effort.TARGET
        with self._instances.using(instance_name) as instance:
            queries = self._transformed(instance, vectors)
            found = self._indexes.current(instance).search(queries, k, tree, category, effort)
        return [[(hit.picture_id, hit.similarity) for hit in hits] for hits in found]

    def settle(self, instance_name: str) -> None:
        """Bring the index up to date and, where it is large enough to be on disk, write all of it there.

        Raises:
            InstanceNotFound: there is no such instance.
        """
        index = self._index(instance_name)
        index.wait()
        if index.about() is not None:
            index.seal()

    def unsealed(self, instance_name: str) -> int:
        """Return how many changes are not in the index on disk: so many are replayed when it is opened again.

        Raises:
            InstanceNotFound: there is no such instance.
        """
        index = self._index(instance_name)
        index.wait()
        instance = self._instances.get(instance_name)
        return sum(1 for _ in self._catalogue.changes(instance, index.sealed_seq()))

    def _index(self, instance_name: str) -> FaissIndex:
        with self._instances.using(instance_name) as instance:
            index = self._indexes.current(instance)
        if not isinstance(index, FaissIndex):
            raise InvalidInput(
                f"Instance {instance_name} has no plain index in the data directory.",
                "Use one on the faiss index that is not tuned.",
            )
        return index

    def _transformed(
        self, instance: Instance, vectors: Sequence[npt.NDArray[np.float32]] | npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Features as they are searched, by the instance's key, float32[n, D]."""
        if any(vector.shape != (instance.dimension,) or not np.isfinite(vector).all() for vector in vectors):
            raise InvalidInput(
                f"A vector is not one of {instance.dimension} finite numbers.",
                f"Give vectors of the model {instance.model}.",
            )
        return self._keyring.instance(instance.uid).transform(np.asarray(vectors, np.float32))
