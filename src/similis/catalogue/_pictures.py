"""Pictures in the catalogue: reading and removing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, func, select

from similis.catalogue._change_log import REMOVE, log_changes
from similis.catalogue._checksums import checked
from similis.catalogue._features import BY_IDS, rows_by_ids, unsealer
from similis.catalogue._filters import compile_filter
from similis.catalogue._instances import count_pictures
from similis.catalogue._rows import DescribedPicture, Sealer, StoredPicture
from similis.catalogue._tables import feature, picture
from similis.domain import (
    INT_FIELDS,
    STR_FIELDS,
    Attributes,
    Category,
    Filter,
    Instance,
    Picture,
    PictureKey,
    PictureNotFound,
    Region,
    StorageFailed,
)

_WIDTH = len(picture.columns)
_PICTURES = select(picture).where(BY_IDS)
_NAMES = select(picture.c.id, picture.c.product_id, picture.c.pic_name).where(BY_IDS)
_CATEGORIES = select(picture.c.id, picture.c.category_id).where(BY_IDS)
_NAMED = select(picture).where(
    *(picture.c[name] == bindparam(name) for name in ("instance_id", "product_id", "pic_name"))
)
# Picture and features by one statement: each takes about as long as an index takes to search.
_DESCRIBED_BY_IDS = select(picture, feature).join(feature).where(BY_IDS)
_DESCRIBED_NAMED = _NAMED.outerjoin(feature).add_columns(*feature.columns)


def read_row(connection: Connection, instance: Instance, key: PictureKey) -> Mapping[str, Any]:
    """Return the row of a picture.

    Raises:
        PictureNotFound: there is none with this key.
        StorageFailed: the row is damaged.
    """
    return _checked_row(_named_row(connection, _NAMED, instance, key), key)


def _named_row(
    connection: Connection, wanted: Select[*tuple[Any, ...]], instance: Instance, key: PictureKey
) -> Row[*tuple[Any, ...]]:
    named = {"instance_id": instance.id, "product_id": key.product_id, "pic_name": key.pic_name}
    row = connection.execute(wanted, named).first()
    if row is None:
        raise PictureNotFound(
            f"The instance {instance.name!r} has no picture {key.pic_name!r} of product {key.product_id!r}.",
            "Check both names, or add the picture first.",
        )
    return row


def _checked_row(row: Sequence[Any], key: PictureKey) -> Mapping[str, Any]:
    """The values of a picture's row that was looked up by a key."""
    values = checked(picture, row)
    if (values["product_id"], values["pic_name"]) != (key.product_id, key.pic_name):
        raise StorageFailed("The catalogue is damaged: an index is wrong.", "Restore it from a backup.")
    return values


def read_pictures(
    connection: Connection, instance: Instance, ids: Sequence[int], sealer: Sealer
) -> dict[int, StoredPicture]:
    """Return pictures by id; unknown ids are left out."""
    found = {}
    for row in rows_by_ids(connection, _PICTURES, instance.id, ids):
        stored = stored_picture(instance, checked(picture, row), sealer)
        found[stored.id] = stored
    return found


def read_named(connection: Connection, instance: Instance, key: PictureKey, sealer: Sealer) -> DescribedPicture:
    """Return a picture with its features by its key.

    Raises:
        PictureNotFound: there is none with this key.
        StorageFailed: a row is damaged, or the one with the features is gone.
    """
    row = _named_row(connection, _DESCRIBED_NAMED, instance, key)
    stored = stored_picture(instance, _checked_row(row[:_WIDTH], key), sealer)
    if row[_WIDTH] is None:
        raise StorageFailed("The catalogue is damaged: features are gone.", "Restore it from a backup.")
    vector = unsealer(instance, sealer)(checked(feature, row[_WIDTH:]))
    return DescribedPicture(stored.id, stored.picture, vector)


def read_described(
    connection: Connection, instance: Instance, ids: Sequence[int], sealer: Sealer
) -> dict[int, DescribedPicture]:
    """Return pictures with their features by id; unknown ids are left out."""
    rows = list(rows_by_ids(connection, _DESCRIBED_BY_IDS, instance.id, ids))
    if not rows:  # perhaps because the instance is gone, and so is its key
        return {}
    vector_of, found = unsealer(instance, sealer), {}
    for row in rows:
        stored = stored_picture(instance, checked(picture, row[:_WIDTH]), sealer)
        found[stored.id] = DescribedPicture(stored.id, stored.picture, vector_of(checked(feature, row[_WIDTH:])))
    return found


def read_names(connection: Connection, instance: Instance, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return ProductId and PicName by id; unknown ids are left out."""
    rows = rows_by_ids(connection, _NAMES, instance.id, ids)
    return {picture_id: (product_id, pic_name) for picture_id, product_id, pic_name in rows}


def read_categories(connection: Connection, instance: Instance, ids: Sequence[int]) -> dict[int, Category]:
    """Return categories by id; unknown ids are left out."""
    rows = rows_by_ids(connection, _CATEGORIES, instance.id, ids)
    return {picture_id: Category(number) for picture_id, number in rows}


def holds(connection: Connection, instance: Instance, category: Category) -> bool:
    """Tell whether any picture of an instance has this category."""
    inside = (picture.c.instance_id == instance.id) & (picture.c.category_id == category.value)
    return connection.execute(select(picture.c.id).where(inside).limit(1)).first() is not None


class Count(NamedTuple):
    """Pictures to count: an instance's, of a category or of all, and no further than `most`."""

    instance_id: int
    category: Category | None
    most: int


def count_upto(connection: Connection, asked: Count) -> int:
    """Return how many pictures there are, `most` where there are more."""
    wanted = [picture.c.instance_id == asked.instance_id]
    if asked.category is not None:
        wanted.append(picture.c.category_id == asked.category.value)
    some = select(picture.c.instance_id).where(*wanted).limit(asked.most).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar() or 0


def select_ids(
    connection: Connection, instance: Instance, tree: Filter | None, category: Category | None
) -> NDArray[np.int64]:
    """Return the ids of an instance's pictures that match a filter and have a category, ascending."""
    wanted = [picture.c.instance_id == instance.id]
    if category is not None:
        wanted.append(picture.c.category_id == category.value)
    if tree is not None:
        wanted.append(compile_filter(tree))
    rows = connection.execute(select(picture.c.id).where(*wanted))
    # Sorted here, for the database would build a tree to do it.
    return np.sort(np.fromiter(chain.from_iterable(rows), dtype=np.int64))


def remove_pictures(connection: Connection, instance: Instance, condition: ColumnElement[bool]) -> list[PictureKey]:
    """Remove pictures of a reserved instance that satisfy a condition, with features; log it, return their keys."""
    wanted = (picture.c.instance_id == instance.id) & condition
    columns = picture.c.id, picture.c.product_id, picture.c.pic_name
    rows = connection.execute(select(*columns).where(wanted).order_by(picture.c.id)).all()
    log_changes(connection, instance.id, REMOVE, [row.id for row in rows])
    connection.execute(delete(feature).where(feature.c.picture_id.in_(select(picture.c.id).where(wanted))))
    connection.execute(delete(picture).where(wanted))
    count_pictures(connection, instance, -len(rows))
    return [PictureKey(row.product_id, row.pic_name) for row in rows]


def has_key(instance: Instance, key: PictureKey) -> ColumnElement[bool]:
    """The condition that a picture has this key."""
    return (
        (picture.c.instance_id == instance.id)
        & (picture.c.product_id == key.product_id)
        & (picture.c.pic_name == key.pic_name)
    )


def has_product(instance: Instance, product_id: str, pic_name: str | None) -> ColumnElement[bool]:
    """The condition that a picture is of this product and, unless that is None, has this name."""
    condition = (picture.c.instance_id == instance.id) & (picture.c.product_id == product_id)
    return condition if pic_name is None else condition & (picture.c.pic_name == pic_name)


def stored_picture(instance: Instance, values: Mapping[str, Any], sealer: Sealer) -> StoredPicture:
    """Return a picture from its row."""
    sealed = values["custom_content"]
    kept = Picture(
        key=PictureKey(values["product_id"], values["pic_name"]),
        category=Category(values["category_id"]),
        region=Region(values["x1"], values["x2"], values["y1"], values["y2"]),
        custom_content=None if sealed is None else sealer.unseal(instance.uid, sealed),
        attributes=attributes_of(values),
    )
    return StoredPicture(values["id"], kept)


def attributes_of(values: Mapping[str, Any]) -> Attributes:
    """Return the attributes in a row."""
    return Attributes(**{name: values[name] for name in INT_FIELDS + STR_FIELDS})
