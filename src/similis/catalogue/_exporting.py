"""The pictures of an instance, all of them, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from similis.catalogue._change_log import ADD
from similis.catalogue._checksums import checked
from similis.catalogue._database import Database
from similis.catalogue._pictures import stored_picture
from similis.catalogue._rows import Sealer, StoredPicture
from similis.catalogue._tables import change, picture
from similis.domain import Instance

_PAGE = 1000


class Exporting:
    """The part of the catalogue that gives whole instances."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database, self._sealer = database, sealer

    def pages(self, instance: Instance, until_seq: int) -> Iterator[list[StoredPicture]]:
        """Yield the pictures that were there at a change and still are, in the order in which they were added.

        Each page is a transaction of its own: a slow reader neither fills the memory nor holds the database.
        """
        after = 0
        while page := self._page(instance, after, until_seq):
            yield [stored for _, stored in page]
            after = page[-1][0]

    def _page(self, instance: Instance, after: int, until_seq: int) -> list[tuple[int, StoredPicture]]:
        """Pictures with the change that added them: the log has each once, and an index in this order."""
        wanted = (
            (change.c.instance_id == instance.id)
            & (change.c.operation == ADD)
            & (change.c.seq > after)
            & (change.c.seq <= until_seq)
        )
        query = select(change.c.seq, *picture.c).join(picture, picture.c.id == change.c.picture_id).where(wanted)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(change.c.seq).limit(_PAGE)).all()
        return [(seq, stored_picture(instance, checked(picture, values), self._sealer)) for seq, *values in rows]
