"""What of instances is changed at any time: how long they keep pictures, how many calls they allow, and so on."""

from __future__ import annotations

from collections.abc import Mapping

from similis.catalogue._database import Database
from similis.catalogue._instances import change_row, lock_named, read_instance_of_id
from similis.domain import Instance, SettingValue


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
        """
        with self._database.writing() as connection:
            found = lock_named(connection, name)
            change_row(connection, found.id, **changes)
            return read_instance_of_id(connection, found.id)
