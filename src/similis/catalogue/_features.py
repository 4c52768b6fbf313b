"""Feature vectors as bytes, in a table of their own: a scan for a filter must not drag them along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._rows import StoredVector
from similis.catalogue._tables import feature, picture

_CHUNK = 1000  # below every database's limit of bound parameters


def encode_vector(vector: NDArray[np.floating[Any]]) -> bytes:
    """Return a vector of D numbers as little-endian float16."""
    return vector.astype("<f2").tobytes()


def insert_vectors(connection: Connection, vectors: Mapping[int, NDArray[np.floating[Any]]]) -> None:
    """Store the vectors of pictures, by picture id."""
    rows = [
        with_checksum(feature, {"picture_id": picture_id, "vector": encode_vector(vector)})
        for picture_id, vector in vectors.items()
    ]
    connection.execute(insert(feature), rows)


def read_vectors(connection: Connection, instance_id: int, ids: Sequence[int]) -> dict[int, StoredVector]:
    """Return vectors by picture id, float16, shape [D]; unknown ids are left out.

    Raises:
        StorageFailed: a vector is damaged.
    """
    owned = select(feature).join(picture).where(picture.c.instance_id == instance_id)
    found = {}
    for chunk in chunks(ids):
        for row in connection.execute(owned.where(feature.c.picture_id.in_(chunk))):
            values = checked(feature, row)
            found[values["picture_id"]] = np.frombuffer(values["vector"], dtype="<f2").astype(np.float16, copy=False)
    return found


def chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    """Split ids so that each part fits the bound parameters of one statement."""
    numbers = iter(ids)
    while chunk := [int(number) for number in islice(numbers, _CHUNK)]:
        yield chunk
