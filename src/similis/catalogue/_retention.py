"""Removing pictures whose time is over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from similis.catalogue._database import Database
from similis.catalogue._instances import lock_changeable
from similis.catalogue._pictures import remove_pictures
from similis.catalogue._tables import picture
from similis.domain import Instance


class Retention:
    """The part of the catalogue that knows how old pictures are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remove(self, instance: Instance, added_before: datetime, most: int) -> int:
        """Remove pictures that were added, or replaced, before a moment, at most so many; return how many.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: it takes no changes now.
        """
        old = picture.c.instance_id == instance.id, picture.c.added_at < added_before
        with self._database.reading() as connection:  # first, for mostly there is none, and writers wait for a lock
            if connection.execute(select(picture.c.id).where(*old).limit(1)).first() is None:
                return 0
        oldest = select(picture.c.id).where(*old).order_by(picture.c.id).limit(most)
        with self._database.writing() as connection:
            lock_changeable(connection, instance)
            ids = connection.execute(oldest).scalars().all()
            return len(remove_pictures(connection, instance, picture.c.id.in_(ids)))
