"""What of instances is changed at any time: how many pictures they hold, how many calls they allow, and so on."""

from __future__ import annotations

from collections.abc import Mapping

from similis.catalogue._database import Database
from similis.catalogue._instances import change_row, lock_filled, lock_named, read_instance_of_id
from similis.domain import CapacityTooSmall, Instance, SettingValue


class InstanceSettings:
    """The part of the catalogue that changes settings of instances; they are read with the instance."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, name: str, changes: Mapping[str, SettingValue]) -> Instance:
        """Change settings of the instance that has a name now, and return it.

        What a rebuild fills to take its place gets the new capacity at once, and all settings when it does.

        Args:
            name: of the instance.
            changes: new values of `INSTANCE_SETTINGS`, found right; None takes one away.

        Raises:
            InstanceNotFound: there is none of that name.
            CapacityTooSmall: it, or what a rebuild fills, holds more pictures than it shall.
        """
        with self._database.writing() as connection:
            found = lock_named(connection, name)
            if isinstance(capacity := changes.get("capacity"), int):
                filled = lock_filled(connection, found)
                _check_room(read_instance_of_id(connection, found.id), filled, capacity)
                for each in filled:
                    change_row(connection, each.id, capacity=capacity)
            change_row(connection, found.id, **changes)
            return read_instance_of_id(connection, found.id)


def _check_room(live: Instance, filled: list[Instance], capacity: int) -> None:
    count = max(each.picture_count for each in (live, *filled))
    if capacity < count:
        holder = "holds" if count == live.picture_count else "is being rebuilt and has already"
        raise CapacityTooSmall(
            f"The instance {live.name!r} {holder} {count:,} pictures: its capacity cannot be {capacity:,}.",
            f"Give {count:,} or more, or delete pictures first.",
        )
