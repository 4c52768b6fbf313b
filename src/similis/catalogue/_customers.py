"""What the catalogue does for whole customers: their pictures with all fields, and erasures that were begun."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from similis.catalogue._access_keys import remove_keys
from similis.catalogue._checksums import checked
from similis.catalogue._database import Database
from similis.catalogue._pictures import stored_picture
from similis.catalogue._rows import Sealer
from similis.catalogue._settings import claim_setting, forget_setting, read_setting
from similis.catalogue._tables import picture
from similis.domain import Erasure, Instance, Picture, as_json, erasure_from_json

_ERASING = "erasing customer: "
_PAGE = 1000


class ErasureBegun(NamedTuple):
    """An erasure that was noted before anything was erased.

    Attributes:
        erasure: what is to be erased, by names.
        uids: of its instances, for another may be made under the name of one that is gone already.
    """

    erasure: Erasure
    uids: frozenset[str]


class Customers:
    """The part of the catalogue that knows what an access key owns."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database, self._sealer = database, sealer

    def pictures(self, instance: Instance) -> Iterator[tuple[Picture, datetime]]:
        """Yield an instance's pictures with the time when each was added, by their ids, in bounded memory."""
        after = 0
        while rows := self._page(instance, after):
            for row in rows:
                yield stored_picture(instance, row, self._sealer).picture, row["added_at"]
            after = rows[-1]["id"]

    def claim_erasure(self, erasure: Erasure, uids: Collection[str]) -> ErasureBegun:
        """Note what is to be erased, unless that was noted before; return what was noted."""
        note = {"erasure": as_json(erasure), "uids": sorted(uids)}
        with self._database.writing() as connection:
            return _begun(claim_setting(connection, _ERASING + erasure.key_id, json.dumps(note)))

    def erasure(self, key_id: str) -> ErasureBegun | None:
        """Return what an erasure that was begun has to erase, None where none was."""
        with self._database.reading() as connection:
            noted = read_setting(connection, _ERASING + key_id)
        return None if noted is None else _begun(noted)

    def end_erasure(self, erasure: Erasure) -> None:
        """Remove the access keys of a customer of whom nothing else is left, and the note of the erasure."""
        with self._database.writing() as connection:
            remove_keys(connection, erasure.keys)
            forget_setting(connection, _ERASING + erasure.key_id)

    def _page(self, instance: Instance, after: int) -> list[dict[str, Any]]:
        wanted = select(picture).where(picture.c.instance_id == instance.id, picture.c.id > after)
        with self._database.reading() as connection:
            rows = connection.execute(wanted.order_by(picture.c.id).limit(_PAGE)).all()
        return [checked(picture, row) for row in rows]


def _begun(note: str) -> ErasureBegun:
    form = json.loads(note)
    return ErasureBegun(erasure_from_json(form["erasure"]), frozenset(form["uids"]))
