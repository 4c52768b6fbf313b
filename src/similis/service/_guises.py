"""What a picture without a good match is searched with besides: it may be a copy that somebody edited."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from similis.algorithm import Analysis, likeliest
from similis.catalogue import Catalogue
from similis.domain import Category, Instance, SearchOptions
from similis.privacy import Keyring
from similis.service._analyst import Analyst
from similis.service._indexes import Indexes
from similis.service._pictures import stored_vector

_CANDIDATES = 100  # stored pictures that it may be a copy of; whichever it is has much in common with it

Vector = npt.NDArray[np.float16]


class Guises:
    """Tells what else to search with. Pictures are not looked at again."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring, indexes: Indexes, analyst: Analyst) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._indexes = indexes
        self._analyst = analyst

    def of(
        self, instance: Instance, analysis: Analysis, query: Vector, options: SearchOptions, category: Category | None
    ) -> Vector | None:
        """A query for what `analysis` found, instead of `query`; None where that cannot be bettered.

        A blurred or noisy picture is searched by its colours; else what is stored tells what the picture has been.

        Args:
            instance: where to search.
            analysis: of the picture.
            query: its features as they are stored.
            options: what may be found.
            category: what is searched in; None is all.
        """
        if analysis.by_colour is not None:
            return stored_vector(self._keyring, instance, analysis.by_colour)
        parts = self._analyst.pipeline_of(instance.model).apart(analysis)
        if parts is None or self._indexes.space(instance) is not None:  # a tuned one has no such parts
            return None
        near = self._near(instance, query, options, category)
        turned = self._keyring.instance(instance.uid).turn(parts)
        copy = likeliest(parts, near @ turned.T) if len(near) else None
        return None if copy is None else stored_vector(self._keyring, instance, copy)

    def _near(
        self, instance: Instance, query: Vector, options: SearchOptions, category: Category | None
    ) -> npt.NDArray[np.float32]:
        """Features of the stored pictures nearest to a query, float32[n, dimension]."""
        index = self._indexes.current(instance)
        [hits] = index.search(query.astype(np.float32)[np.newaxis], _CANDIDATES, options.filter, category)
        vectors = self._catalogue.vectors(instance, [hit.picture_id for hit in hits])
        return np.array(list(vectors.values()), np.float32)
