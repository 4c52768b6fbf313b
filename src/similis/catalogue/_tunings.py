"""What instances learned from their own products; the transforms come and go sealed."""

from __future__ import annotations

from similis.catalogue._database import Database
from similis.catalogue._instances import lock_tunable
from similis.catalogue._tuning_rows import read_transform, remove_tuning, write_tuning
from similis.domain import Instance, Tuning


class Tunings:
    """The part of the catalogue that keeps tunings; how they did is read with their instances."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, instance: Instance, report: Tuning, sealed: bytes | None) -> None:
        """Keep how a tuning did, in place of the one before, with its sealed transform where it was adopted.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it is being rebuilt from storage, or was replaced by a rebuild.
        """
        with self._database.writing() as connection:
            lock_tunable(connection, instance)
            write_tuning(connection, instance.id, report, sealed)

    def forget(self, instance: Instance) -> None:
        """Remove an instance's tuning, if it has one.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it is being rebuilt from storage, or was replaced by a rebuild.
        """
        with self._database.writing() as connection:
            lock_tunable(connection, instance)
            remove_tuning(connection, instance.id)

    def transform(self, instance: Instance) -> bytes | None:
        """Return the sealed transform of an instance's tuning, None where none is used."""
        with self._database.reading() as connection:
            return read_transform(connection, instance.id)
