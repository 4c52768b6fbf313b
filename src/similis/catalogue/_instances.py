"""Instances in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Row, Select, delete, literal, select, union_all, update

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._index_state_rows import remove_index_states
from similis.catalogue._inserting import insert_new
from similis.catalogue._limits import release_names
from similis.catalogue._tables import change, feature, instance, picture, score_curve, shadow, task, task_failure
from similis.catalogue._task_rows import PROCESSING
from similis.catalogue._tuning_rows import read_tuning, read_tunings, remove_tuning
from similis.domain import (
    CapacityReached,
    Instance,
    InstanceExists,
    InstanceNotFound,
    InstanceRebuilding,
    InstanceSpec,
    InstanceType,
    TaskKind,
    Tuning,
)


def insert_instance(
    connection: Connection, spec: InstanceSpec, *, uid: str, index: str, model: str, dimension: int
) -> Instance:
    """Make an instance without pictures.

    Raises:
        InstanceExists: the name is taken.
    """
    values = {
        "uid": uid, "name": spec.name, "type": spec.type.value, "region": spec.region, "capacity": spec.capacity,
        "index_kind": index, "model": model, "dimension": dimension, "created_at": datetime.now(UTC),
        "picture_count": 0, "retention_days": None, "qps": None, "picture_url": None, "max_body": None,
    }  # fmt: skip
    if not insert_new(connection, instance, values):
        raise InstanceExists(f"The instance {spec.name!r} exists already.", "Choose another name or delete it first.")
    return read_instance(connection, spec.name)


def read_instance(connection: Connection, name: str) -> Instance:
    """Return an instance by its name.

    Raises:
        InstanceNotFound: there is none.
    """
    row = connection.execute(select(instance).where(instance.c.name == name)).first()
    if row is None:
        raise InstanceNotFound(
            f"There is no instance {name[:40]!r}.", "Create it first, or check the name's spelling."
        )
    return _instance(row, read_tuning(connection, row.id))


def read_instance_of_id(connection: Connection, instance_id: int) -> Instance:
    """Return an instance by its id, which a foreign key has."""
    row = connection.execute(select(instance).where(instance.c.id == instance_id)).one()
    return _instance(row, read_tuning(connection, instance_id))


def read_instances(connection: Connection) -> list[Instance]:
    """Return all instances by name."""
    tunings = read_tunings(connection)
    rows = connection.execute(select(instance).order_by(instance.c.name))
    return [_instance(row, tunings.get(row.id)) for row in rows]


def remove_instance(connection: Connection, name: str) -> list[Instance]:
    """Remove an instance with all that belongs to it; return what it was, then the shadows of its rebuilds.

    Raises:
        InstanceNotFound: there is none.
    """
    found = lock_named(connection, name)
    shadows = _read_shadows(connection, found)
    for each in shadows:
        lock_instance(connection, each)
    tasks = select(task.c.id).where(task.c.instance_id == found.id)
    connection.execute(delete(shadow).where(shadow.c.task_id.in_(tasks) | (shadow.c.instance_id == found.id)))
    connection.execute(delete(task_failure).where(task_failure.c.task_id.in_(tasks)))
    connection.execute(delete(task).where(task.c.instance_id == found.id))
    for each in (found, *shadows):
        _remove_rows(connection, each.id)
    release_names(connection, {each.name for each in (found, *shadows)})
    return [found, *shadows]


def _remove_rows(connection: Connection, instance_id: int) -> None:
    pictures = select(picture.c.id).where(picture.c.instance_id == instance_id)
    connection.execute(delete(feature).where(feature.c.picture_id.in_(pictures)))
    remove_tuning(connection, instance_id)
    remove_index_states(connection, instance_id)
    for table in (picture, change, score_curve):
        connection.execute(delete(table).where(table.c.instance_id == instance_id))
    connection.execute(delete(instance).where(instance.c.id == instance_id))


def lock_filled(connection: Connection, live: Instance) -> list[Instance]:
    """Reserve what is being filled to take the place of an instance, which is reserved already, and return it."""
    for each in (filled := _read_shadows(connection, live, PROCESSING)):
        lock_instance(connection, each)
    return [read_instance_of_id(connection, each.id) for each in filled]


def _read_shadows(connection: Connection, found: Instance, *conditions: ColumnElement[bool]) -> list[Instance]:
    """The instances that rebuilds of an instance fill, or have replaced by it; all, or those of some tasks."""
    tasks = select(task.c.id).where(task.c.instance_id == found.id, *conditions)
    shadows = select(shadow.c.instance_id).where(shadow.c.task_id.in_(tasks))
    rows = connection.execute(select(instance).where(instance.c.id.in_(shadows)).order_by(instance.c.id))
    return [_instance(row, None) for row in rows]


def change_index(connection: Connection, expected: Instance, index: str) -> Instance:
    """Name another kind of index as the one that an instance is searched by; return the instance.

    Raises:
        InstanceNotFound: it was deleted meanwhile.
        InstanceRebuilding: it was replaced by a rebuild since it was read.
    """
    lock_instance(connection, expected)
    check_visible(connection, expected)
    change_row(connection, expected.id, index_kind=index)
    return read_instance_of_id(connection, expected.id)


def change_row(connection: Connection, instance_id: int, **changes: object) -> None:
    """Change columns of a reserved instance, and the checksum with them."""
    row = connection.execute(select(instance).where(instance.c.id == instance_id)).one()
    values = with_checksum(instance, {**checked(instance, row), **changes})
    changed = {name: values[name] for name in (*changes, "checksum")}
    connection.execute(update(instance).where(instance.c.id == instance_id).values(changed))


def lock_instance(connection: Connection, expected: Instance) -> int:
    """Reserve an instance for this transaction, as all do that change it, and return the number of its pictures.

    Changes are numbered only after that, so that the order of their numbers is the order of their commits, also when
    several gateways write.

    Raises:
        InstanceNotFound: it was deleted meanwhile.
    """
    query = select(instance.c.picture_count).where(instance.c.id == expected.id).with_for_update()
    return _count(connection.execute(query).scalar(), expected)


def lock_named(connection: Connection, name: str) -> Instance:
    """Reserve the instance that has a name now, and return it.

    Raises:
        InstanceNotFound: there is none.
    """
    while True:
        found = read_instance(connection, name)
        lock_instance(connection, found)
        if read_instance(connection, name).id == found.id:  # a rebuild may have passed the name on meanwhile
            return found


def hold_names(connection: Connection, names: Iterable[str]) -> None:
    """Keep instances from being deleted during this transaction, in which something is limited to them.

    Raises:
        InstanceNotFound: there is none of a name.
    """
    for name in sorted(names):  # in one order, so that two who do this never wait for each other
        lock_named(connection, name)


def lock_changeable(connection: Connection, expected: Instance) -> int:
    """Reserve an instance, to change its pictures, and return the number of these.

    What is added to an instance while it is built anew would be lost when the new one takes its place.

    Raises:
        InstanceNotFound: it was deleted meanwhile.
        InstanceRebuilding: it is being rebuilt from storage, or was replaced by a rebuild since it was read.
    """
    count = lock_instance(connection, expected)
    _check_none(connection, expected, union_all(_hidden(expected), _rebuilding(expected)))
    return count


def lock_tunable(connection: Connection, expected: Instance) -> None:
    """Reserve an instance, to change its tuning; unlike pictures, one that a rebuild fills takes that from others.

    Raises:
        InstanceNotFound: it was deleted meanwhile.
        InstanceRebuilding: it is being rebuilt from storage, or was replaced by a rebuild since it was read.
    """
    lock_instance(connection, expected)
    replaced = _hidden(expected).join(task, task.c.id == shadow.c.task_id).where(~PROCESSING)
    _check_none(connection, expected, union_all(replaced, _rebuilding(expected)))


def check_visible(connection: Connection, expected: Instance) -> None:
    """Check that a reserved instance is the one of its name.

    Raises:
        InstanceRebuilding: it was replaced by a rebuild since it was read.
    """
    _check_none(connection, expected, _hidden(expected))


def _hidden(expected: Instance) -> Select[Any]:
    return select(literal(1)).select_from(shadow).where(shadow.c.instance_id == expected.id)


def _rebuilding(expected: Instance) -> Select[Any]:
    rebuilds = task.c.kind.in_([TaskKind.REBUILD.value, TaskKind.REKEY.value])
    return select(literal(1)).where(task.c.instance_id == expected.id, PROCESSING, rebuilds)


def _check_none(connection: Connection, expected: Instance, reasons: Executable) -> None:
    if connection.execute(reasons).first() is not None:
        raise InstanceRebuilding(
            f"The instance {expected.name!r} is being rebuilt, from storage or with another key.",
            "Searches go on; change it once that task has ended, or cancel it.",
        )


def require_instance(connection: Connection, expected: Instance) -> None:
    """Check that an instance is there.

    Raises:
        InstanceNotFound: it was deleted meanwhile.
    """
    _count(
        connection.execute(select(instance.c.picture_count).where(instance.c.id == expected.id)).scalar(), expected
    )


def _count(found: int | None, expected: Instance) -> int:
    if found is None:
        raise InstanceNotFound(f"The instance {expected.name!r} was deleted.", "Create it again first.")
    return found


def count_pictures(connection: Connection, expected: Instance, difference: int) -> tuple[int, int]:
    """Change the number of an instance's pictures, in the transaction that adds or removes them.

    Returns:
        The number, and the instance's capacity, which may be another than when it was read.
    """
    counted = update(instance).where(instance.c.id == expected.id)
    counted = counted.values(picture_count=instance.c.picture_count + difference)
    row = connection.execute(counted.returning(instance.c.picture_count, instance.c.capacity)).one()
    return row.picture_count, row.capacity


def check_capacity(expected: Instance, count: int, capacity: int) -> None:
    """Check that an instance may hold so many pictures.

    Raises:
        CapacityReached: it may not.
    """
    if count > capacity:
        raise CapacityReached(
            f"The instance {expected.name!r} may hold {capacity} pictures, not {count}.",
            "Delete pictures that are no longer needed, or have an administrator raise its capacity: "
            f"similis instance set {expected.name} --capacity N.",
        )


def _instance(row: Row[Any], tuning: Tuning | None) -> Instance:
    values = checked(instance, row)
    spec = InstanceSpec(values["name"], InstanceType(values["type"]), values["region"], values["capacity"])
    return Instance(
        id=values["id"],
        uid=values["uid"],
        spec=spec,
        index=values["index_kind"],
        model=values["model"],
        dimension=values["dimension"],
        created_at=values["created_at"],
        picture_count=values["picture_count"],
        tuning=tuning,
        retention_days=values["retention_days"],
        qps=values["qps"],
        picture_url=values["picture_url"],
        max_body=values["max_body"],
    )
