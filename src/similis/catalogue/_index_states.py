"""What durable indexes outside the catalogue have applied of its change log."""

from __future__ import annotations

from similis.catalogue._database import Database
from similis.catalogue._index_state_rows import read_index_state, remove_index_states, write_index_state
from similis.catalogue._instances import lock_instance
from similis.catalogue._rows import IndexState
from similis.domain import Instance


class IndexStates:
    """The part of the catalogue that knows which segments or collections of each holder count."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, instance: Instance, holder: str) -> IndexState | None:
        """Return what a holder's durable index has applied of the change log, None where it has none."""
        with self._database.reading() as connection:
            return read_index_state(connection, instance.id, holder)

    def set(self, instance: Instance, holder: str, state: IndexState) -> None:
        """Keep what a holder's durable index has applied, in place of what was kept before.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        with self._database.writing() as connection:
            lock_instance(connection, instance)
            write_index_state(connection, instance.id, holder, state)

    def forget(self, instance: Instance, holder: str) -> None:
        """Forget a holder's durable index, if it has one."""
        with self._database.writing() as connection:
            remove_index_states(connection, instance.id, holder)
