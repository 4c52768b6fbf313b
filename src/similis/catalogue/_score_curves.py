"""Score curves of instances in the catalogue, and the pictures that they are fitted on."""

from __future__ import annotations

import json

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exists, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._database import Database
from similis.catalogue._instances import lock_instance
from similis.catalogue._rows import ScoreCurve
from similis.catalogue._tables import picture, score_curve
from similis.domain import Instance


class ScoreCurves:
    """The part of the catalogue that knows how each instance's own products say that its scores are read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, instance: Instance) -> ScoreCurve | None:
        """Return an instance's curve, None where that was never tried."""
        with self._database.reading() as connection:
            row = connection.execute(select(score_curve).where(score_curve.c.instance_id == instance.id)).first()
        if row is None:
            return None
        values = checked(score_curve, row)
        figures: list[float] | None = json.loads(values["figures"])
        return ScoreCurve(values["pictures"], None if figures is None else (figures[0], figures[1], figures[2]))

    def set(self, instance: Instance, curve: ScoreCurve) -> None:
        """Keep an instance's curve, in place of the one before.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        values = {"instance_id": instance.id, "pictures": curve.pictures, "figures": json.dumps(curve.figures)}
        with self._database.writing() as connection:
            lock_instance(connection, instance)
            connection.execute(delete(score_curve).where(score_curve.c.instance_id == instance.id))
            connection.execute(insert(score_curve).values(with_checksum(score_curve, values)))

    def siblings(self, instance: Instance, stride: int = 1) -> NDArray[np.int64]:
        """Return ids of pictures whose product has others, ascending; looks at every `stride`-th id only."""
        other = picture.alias()
        several = exists().where(
            other.c.instance_id == picture.c.instance_id,
            other.c.product_id == picture.c.product_id,
            other.c.id != picture.c.id,
        )
        wanted = picture.c.instance_id == instance.id, picture.c.id % stride == 0, several
        with self._database.reading() as connection:
            ids = connection.execute(select(picture.c.id).where(*wanted)).scalars()
            return np.sort(np.fromiter(ids, dtype=np.int64))
