"""Carries a change of an instance's key to its end, without a picture: features are turned back and turned anew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from similis.catalogue import Catalogue
from similis.domain import Instance, Task
from similis.privacy import Keyring
from similis.service._hold import Hold, held_until
from similis.service._indexes import Indexes
from similis.service._shadowing import shadow_of
from similis.service._spaces import Spaces


class Rekeyer:
    """Copies an instance into a hidden one with a new key, which then takes its place; the old key dies with the old.

    What was copied is in the catalogue together with how far it is: a killed process loses at most one batch of work.
    """

    def __init__(self, catalogue: Catalogue, keyring: Keyring, spaces: Spaces, indexes: Indexes) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._spaces = spaces
        self._indexes = indexes

    def run(self, task: Task, hold: Hold) -> None:
        """Go on with a task from its checkpoint; when this returns, it has ended well.

        Raises:
            SimilisError: what ends the task.
        """
        instance = self._catalogue.instance(task.instance)
        target = shadow_of(self._catalogue, self._keyring, task, instance, hold.claim)
        old, new = self._keyring.instance(instance.uid), self._keyring.instance(target.uid)

        def turn(stored: npt.NDArray[np.float16]) -> npt.NDArray[np.float16]:
            return new.transform(old.restore(stored)).astype(np.float16)

        while copied := self._catalogue.rekeying.copy(hold.claim, instance, target, turn, held_until()):
            hold.progressed(copied)
            hold.pulse()
        self._carry_over(instance, target)
        self._indexes.follow(self._catalogue.instance(target.name))
        self._catalogue.shadows.swap(hold.claim, instance, target)

    def _carry_over(self, instance: Instance, target: Instance) -> None:
        """What was learned from the pictures holds for the same pictures turned anew."""
        if instance.tuning is not None:
            self._catalogue.tunings.set(target, instance.tuning, self._spaces.turned(instance, target))
        curve = self._catalogue.score_curves.get(instance)
        if curve is not None:
            self._catalogue.score_curves.set(target, curve)
