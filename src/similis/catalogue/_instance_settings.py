"""What of instances is changed at any time: how many pictures they hold, how many calls they allow, and so on."""

from __future__ import annotations

from collections.abc import Mapping

from similis.catalogue._database import Database
from similis.catalogue._instances import change_row, lock_named, read_instance_of_id
from similis.domain import Conflict, Instance, SettingValue


class InstanceSettings:
    """The part of the catalogue that changes settings of instances; they are read with the instance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, name: str, changes: Mapping[str, SettingValue]) -> Instance:
        """Change settings of the instance that has a name now, and return it.

        Args:
            name: of the instance.
            changes: new values of `INSTANCE_SETTINGS`, found right; None takes one away.

        Raises:
            InstanceNotFound: there is none of that name.
            Conflict: it holds more pictures than it shall.
        """
        with self._database.writing() as connection:
            found = lock_named(connection, name)
            _check_room(found.name, read_instance_of_id(connection, found.id).picture_count, changes)
            change_row(connection, found.id, **changes)
            return read_instance_of_id(connection, found.id)


def _check_room(name: str, count: int, changes: Mapping[str, SettingValue]) -> None:
    capacity = changes.get("capacity")
    if isinstance(capacity, int) and capacity < count:
        raise Conflict(
            f"The instance {name!r} holds {count:,} pictures: its capacity cannot be {capacity:,}.",
            f"Give {count:,} or more, or delete pictures first.",
        )
