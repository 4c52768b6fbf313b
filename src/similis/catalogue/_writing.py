"""Adding and changing pictures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import Connection, String, column, delete, insert, select, update, values

from similis.catalogue._change_log import ADD, REMOVE, UPDATE, log_changes
from similis.catalogue._checksums import with_checksum
from similis.catalogue._features import chunks, insert_vectors
from similis.catalogue._instances import check_capacity, count_pictures
from similis.catalogue._pictures import attributes_of, has_key, read_row
from similis.catalogue._rows import NewPicture, Removal, Sealer
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

_KEYS = 500  # of one statement; each is two bound parameters


def _picture_row(instance: Instance, new: Picture, sealer: Sealer) -> dict[str, Any]:
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


class Additions:
    """Pictures to store, made ready before a transaction begins; of one key the last counts.

    Raises:
        ValueError: a vector has not the instance's dimension, or numbers that are not finite.
    """

    def __init__(self, instance: Instance, pictures: Sequence[NewPicture], sealer: Sealer) -> None:
        if any(new.vector.shape != (instance.dimension,) or not np.isfinite(new.vector).all() for new in pictures):
            raise ValueError(f"a vector has not {instance.dimension} numbers")
        self._instance, self._sealer = instance, sealer
        self._keys = [new.picture.key for new in pictures]
        last = {new.picture.key: new for new in pictures}
        self._rows = {key: _picture_row(instance, new.picture, sealer) for key, new in last.items()}
        self._vectors = {key: new.vector for key, new in last.items()}

    def store(self, connection: Connection) -> list[bool]:
        """Store them with features in the reserved instance and log it.

        Returns:
            For each picture whether it replaced one, stored before or earlier among these.

        Raises:
            CapacityReached: there would be too many; nothing is stored.
        """
        replaced = _find(connection, self._instance, self._rows)
        difference = len(self._rows) - len(replaced)
        check_capacity(self._instance, *count_pictures(connection, self._instance, difference))
        _remove(connection, self._instance, list(replaced.values()))
        ids = insert_rows(connection, list(self._rows.values()))
        insert_vectors(connection, self._instance, {ids[key]: self._vectors[key] for key in self._rows}, self._sealer)
        log_changes(connection, self._instance.id, ADD, [ids[key] for key in self._rows])
        return self._replacing(set(replaced))

    def _replacing(self, seen: set[PictureKey]) -> list[bool]:
        replaced = []
        for key in self._keys:
            replaced.append(key in seen)
            seen.add(key)
        return replaced


def remove_named(connection: Connection, instance: Instance, removals: Sequence[Removal]) -> int:
    """Remove pictures of a reserved instance, with features, and log it; return how many there were."""
    keys = {PictureKey(each.product_id, each.pic_name) for each in removals if each.pic_name is not None}
    products = {each.product_id for each in removals if each.pic_name is None}
    ids = {*_find(connection, instance, keys).values(), *_of_products(connection, instance, products)}
    _remove(connection, instance, sorted(ids))
    count_pictures(connection, instance, -len(ids))
    return len(ids)


def update_picture(
    connection: Connection,
    instance: Instance,
    key: PictureKey,
    changes: Mapping[str, int | str | None],
    sealer: Sealer,
) -> None:
    """Change attributes or custom content of a picture in the reserved instance.

    Raises:
        InvalidAttribute: a value is not allowed or a name unknown.
        PictureNotFound: there is none with this key.
    """
    if unknown := set(changes) - {*INT_FIELDS, *STR_FIELDS, "custom_content"}:
        raise InvalidAttribute(
            f"{', '.join(sorted(unknown))} cannot be changed.", "Name attributes or custom_content."
        )
    values = {**read_row(connection, instance, key), **changes}
    if "custom_content" in changes:
        values["custom_content"] = _sealed(instance, _text(changes["custom_content"]), sealer)
    attributes_of(values)
    row = with_checksum(picture, values)
    connection.execute(update(picture).where(picture.c.id == values["id"]).values(row))
    if set(changes) != {"custom_content"}:
        log_changes(connection, instance.id, UPDATE, [values["id"]])


def _find(connection: Connection, instance: Instance, keys: Collection[PictureKey]) -> dict[PictureKey, int]:
    if len(keys) == 1:  # quicker than what follows, and all that a single add waits for
        (key,) = keys
        picture_id = connection.execute(select(picture.c.id).where(has_key(instance, key))).scalar()
        return {} if picture_id is None else {key: picture_id}
    listed = [(key.product_id, key.pic_name) for key in keys]
    found: dict[PictureKey, int] = {}
    for start in range(0, len(listed), _KEYS):
        # Joined to a table of the keys: given pairs in a list, SQLite would scan the whole instance.
        table = values(column("product_id", String), column("pic_name", String))
        wanted = table.data(listed[start : start + _KEYS]).cte("wanted")
        matching = (picture.c.product_id == wanted.c.product_id) & (picture.c.pic_name == wanted.c.pic_name)
        query = select(picture.c.id, picture.c.product_id, picture.c.pic_name)
        query = query.join(wanted, (picture.c.instance_id == instance.id) & matching)
        found |= {PictureKey(row.product_id, row.pic_name): row.id for row in connection.execute(query)}
    return found


def _of_products(connection: Connection, instance: Instance, products: Iterable[str]) -> Iterator[int]:
    owned = select(picture.c.id).where(picture.c.instance_id == instance.id)
    names = iter(products)
    while some := list(islice(names, _KEYS)):
        yield from connection.execute(owned.where(picture.c.product_id.in_(some))).scalars()


def insert_rows(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[PictureKey, int]:
    """Insert rows of new pictures, and return their ids."""
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
