"""What indexes outside the catalogue have applied of its change log."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._rows import IndexState
from similis.catalogue._tables import index_state


def read_index_state(connection: Connection, instance_id: int, holder: str) -> IndexState | None:
    """Return the state of one holder's index, None where it has none."""
    wanted = index_state.c.instance_id == instance_id, index_state.c.holder == holder
    row = connection.execute(select(index_state).where(*wanted)).first()
    if row is None:
        return None
    values = checked(index_state, row)
    return IndexState(values["segment"], values["applied_seq"])


def write_index_state(connection: Connection, instance_id: int, holder: str, state: IndexState) -> None:
    """Keep a holder's state, in place of the one before."""
    remove_index_states(connection, instance_id, holder)
    values = {"instance_id": instance_id, "holder": holder, **state._asdict()}
    connection.execute(insert(index_state).values(with_checksum(index_state, values)))


def remove_index_states(connection: Connection, instance_id: int, holder: str | None = None) -> None:
    """Forget the state of a holder's index, or of all indexes of an instance."""
    wanted = index_state.c.instance_id == instance_id
    if holder is not None:
        wanted &= index_state.c.holder == holder
    connection.execute(delete(index_state).where(wanted))
