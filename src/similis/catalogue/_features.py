"""Feature vectors as encrypted bytes, in a table of their own: a scan for a filter must not drag them along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._rows import Sealer, StoredVector
from similis.catalogue._tables import feature, picture
from similis.domain import Instance

BYTES_A_NUMBER = 2
"""Of a stored feature vector: 16-bit floats."""
_CHUNK = 1000  # below every database's limit of bound parameters


def insert_vectors(
    connection: Connection, instance: Instance, vectors: Mapping[int, NDArray[np.floating[Any]]], sealer: Sealer
) -> None:
    """Store the vectors of an instance's pictures, by picture id, encrypted."""
    seal = sealer.features(instance.uid).seal
    rows = [
        with_checksum(feature, {"picture_id": picture_id, "vector": seal(picture_id, vector.astype("<f2").tobytes())})
        for picture_id, vector in vectors.items()
    ]
    connection.execute(insert(feature), rows)


def read_vectors(
    connection: Connection, instance: Instance, ids: Sequence[int], sealer: Sealer
) -> dict[int, StoredVector]:
    """Return vectors by picture id, float16, shape [D]; unknown ids are left out.

    Raises:
        StorageFailed: a vector is damaged.
        KeyringFailed: a vector was altered, or the key is not there.
    """
    owned = select(feature).join(picture).where(owned_by(instance.id))
    executed = (connection.execute(owned.where(feature.c.picture_id.in_(chunk))) for chunk in chunks(ids))
    rows = [checked(feature, row) for row in chain.from_iterable(executed)]
    if not rows:  # perhaps because the instance is gone, and so is its key
        return {}
    unseal, in_clear = sealer.features(instance.uid).unseal, instance.dimension * BYTES_A_NUMBER
    found = {}
    for row in rows:
        picture_id, content = row["picture_id"], row["vector"]
        # Earlier versions did not encrypt vectors; encrypted ones are longer.
        plain = content if len(content) == in_clear else unseal(picture_id, content)
        found[picture_id] = np.frombuffer(plain, "<f2").astype(np.float16, copy=False)
    return found


def owned_by(instance_id: int) -> ColumnElement[bool]:
    """The condition that pictures are an instance's, where they are looked up by their ids.

    So written, no index can serve it. SQLite, which has no statistics, would rather walk through all pictures of the
    instance by one than look up a few ids.
    """
    return picture.c.instance_id + 0 == instance_id


def chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    """Split ids so that each part fits the bound parameters of one statement."""
    numbers = iter(ids)
    while chunk := [int(number) for number in islice(numbers, _CHUNK)]:
        yield chunk
