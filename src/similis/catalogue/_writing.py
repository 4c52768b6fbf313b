"""Adding and changing pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select, update

from similis.catalogue._change_log import ADD, REMOVE, UPDATE, log_changes
from similis.catalogue._checksums import with_checksum
from similis.catalogue._features import chunks, insert_vectors
from similis.catalogue._instances import check_capacity, count_pictures, lock_instance
from similis.catalogue._pictures import attributes_of, has_key, read_row
from similis.catalogue._rows import NewPicture, Sealer
from similis.catalogue._tables import feature, picture
from similis.domain import (
    INT_FIELDS,
    STR_FIELDS,
    Instance,
    InvalidAttribute,
    Picture,
    PictureKey,
    check_custom_content,
)


def picture_row(instance: Instance, new: Picture, sealer: Sealer) -> dict[str, Any]:
    """Return the row to store for a picture, its custom content sealed."""
    values = {
        "instance_id": instance.id,
        "product_id": new.key.product_id,
        "pic_name": new.key.pic_name,
        "category_id": new.category.value,
        "x1": new.region.x1,
        "x2": new.region.x2,
        "y1": new.region.y1,
        "y2": new.region.y2,
        "custom_content": _sealed(instance, new.custom_content, sealer),
        **new.attributes.as_dict(),
        "added_at": datetime.now(UTC),
    }
    return with_checksum(picture, values)


def add_pictures(
    connection: Connection,
    instance: Instance,
    rows: Mapping[PictureKey, dict[str, Any]],
    vectors: Mapping[PictureKey, NDArray[np.floating[Any]]],
) -> set[PictureKey]:
    """Store pictures with features and log it; return the keys that were there before and are replaced.

    Raises:
        CapacityReached: there would be too many; nothing is stored.
        InstanceNotFound: the instance was deleted meanwhile.
    """
    count = lock_instance(connection, instance)
    replaced = _find(connection, instance, rows)
    check_capacity(instance, count + len(rows) - len(replaced))
    _remove(connection, instance, list(replaced.values()))
    ids = _insert(connection, list(rows.values()))
    insert_vectors(connection, {ids[key]: vectors[key] for key in rows})
    log_changes(connection, instance.id, ADD, [ids[key] for key in rows])
    count_pictures(connection, instance, len(rows) - len(replaced))
    return set(replaced)


def update_picture(
    connection: Connection,
    instance: Instance,
    key: PictureKey,
    changes: Mapping[str, int | str | None],
    sealer: Sealer,
) -> None:
    """Change attributes or custom content of a picture.

    Raises:
        InvalidAttribute: a value is not allowed or a name unknown.
        InstanceNotFound: the instance was deleted meanwhile.
        PictureNotFound: there is none with this key.
    """
    if unknown := set(changes) - {*INT_FIELDS, *STR_FIELDS, "custom_content"}:
        raise InvalidAttribute(
            f"{', '.join(sorted(unknown))} cannot be changed.", "Name attributes or custom_content."
        )
    lock_instance(connection, instance)
    values = {**read_row(connection, instance, key), **changes}
    if "custom_content" in changes:
        values["custom_content"] = _sealed(instance, _text(changes["custom_content"]), sealer)
    attributes_of(values)
    row = with_checksum(picture, values)
    connection.execute(update(picture).where(picture.c.id == values["id"]).values(row))
    if set(changes) != {"custom_content"}:
        log_changes(connection, instance.id, UPDATE, [values["id"]])


def latest(pictures: Sequence[NewPicture]) -> dict[PictureKey, NewPicture]:
    """Return pictures by key; of one key the last counts."""
    return {new.picture.key: new for new in pictures}


def _find(connection: Connection, instance: Instance, keys: Iterable[PictureKey]) -> dict[PictureKey, int]:
    # One look-up a key: given pairs in a list, SQLite would scan the whole instance.
    found = {}
    for key in keys:
        picture_id = connection.execute(select(picture.c.id).where(has_key(instance, key))).scalar()
        if picture_id is not None:
            found[key] = picture_id
    return found


def _insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[PictureKey, int]:
    inserted = insert(picture).returning(picture.c.id, picture.c.product_id, picture.c.pic_name)
    return {PictureKey(row.product_id, row.pic_name): row.id for row in connection.execute(inserted, rows)}


def _remove(connection: Connection, instance: Instance, ids: Sequence[int]) -> None:
    log_changes(connection, instance.id, REMOVE, ids)
    for chunk in chunks(ids):
        connection.execute(delete(feature).where(feature.c.picture_id.in_(chunk)))
        connection.execute(delete(picture).where(picture.c.id.in_(chunk)))


def _sealed(instance: Instance, text: str | None, sealer: Sealer) -> bytes | None:
    return None if text is None else sealer.seal(instance.uid, text)


def _text(value: int | str | None) -> str | None:
    if isinstance(value, int):
        raise InvalidAttribute(f"custom_content is {value}.", "Give a text.")
    return check_custom_content(value)
