"""Feature vectors as encrypted bytes, in a table of their own: a scan for a filter must not drag them along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, Select, bindparam, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._rows import Sealer, StoredVector
from similis.catalogue._tables import feature, picture
from similis.domain import Instance

BYTES_A_NUMBER = 2
"""Of a stored feature vector: 16-bit floats."""
_CHUNK = 1000  # below every database's limit of bound parameters

# Of the pictures that ids look up, those of an instance. So written, no index can serve it: SQLite, which has no
# statistics, would rather walk through all pictures of the instance by one than look up a few ids.
OWNED = picture.c.instance_id + 0 == bindparam("instance_id")
BY_IDS = OWNED & picture.c.id.in_(bindparam("ids", expanding=True))
_VECTORS = select(feature).join(picture).where(OWNED, feature.c.picture_id.in_(bindparam("ids", expanding=True)))


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
    rows = [checked(feature, row) for row in rows_by_ids(connection, _VECTORS, instance.id, ids)]
    if not rows:  # perhaps because the instance is gone, and so is its key
        return {}
    unseal = unsealer(instance, sealer)
    return {row["picture_id"]: unseal(row) for row in rows}


def unsealer(instance: Instance, sealer: Sealer) -> Callable[[Mapping[str, Any]], StoredVector]:
    """Return what reads the vector, float16, shape [D], in a checked row of features.

    It raises KeyringFailed where a vector was altered.

    Raises:
        KeyringFailed: the instance's key is not there.
    """
    unseal, in_clear = sealer.features(instance.uid).unseal, instance.dimension * BYTES_A_NUMBER

    def vector_of(row: Mapping[str, Any]) -> StoredVector:
        content = row["vector"]
        # Earlier versions did not encrypt vectors; encrypted ones are longer.
        plain = content if len(content) == in_clear else unseal(row["picture_id"], content)
        return np.frombuffer(plain, "<f2").astype(np.float16, copy=False)

    return vector_of


def rows_by_ids(
    connection: Connection, wanted: Select[*tuple[Any, ...]], instance_id: int, ids: Sequence[int]
) -> Iterator[Row[*tuple[Any, ...]]]:
    """Yield what a statement with `BY_IDS` finds. It is made once: to make it takes longer than to run it."""
    for chunk in chunks(ids):
        yield from connection.execute(wanted, {"instance_id": instance_id, "ids": chunk})


def chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    """Split ids so that each part fits the bound parameters of one statement."""
    numbers = iter(ids)
    while chunk := [int(number) for number in islice(numbers, _CHUNK)]:
        yield chunk
