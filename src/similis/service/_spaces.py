"""The spaces of tunings, encrypted with the key of their instance: a tuning dies with that key."""

from __future__ import annotations

from dataclasses import replace

from similis.algorithm import TunedSpace
from similis.catalogue import Catalogue
from similis.domain import Instance
from similis.privacy import Keyring

_CONTEXT = "tuning"


class Spaces:
    """Reads and seals the spaces of instances."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring) -> None:
        self._catalogue = catalogue
        self._keyring = keyring

    def of(self, instance: Instance) -> TunedSpace | None:
        """The space that an instance is searched in; None where features are searched as they are.

        Raises:
            KeyringFailed: the instance's key is gone.
        """
        sealed = self._catalogue.tunings.transform(instance)
        if sealed is None:
            return None
        return TunedSpace.from_bytes(self._keyring.instance(instance.uid).unseal_bytes(sealed, _CONTEXT))

    def turned(self, instance: Instance, target: Instance) -> bytes | None:
        """The instance's space as it is kept for a target with the same features under another key; None without one.

        Raises:
            KeyringFailed: the key of one of them is gone.
        """
        space = self.of(instance)
        if space is None:
            return None
        old, new = self._keyring.instance(instance.uid), self._keyring.instance(target.uid)
        mean, matrix = (new.turn(old.restore(each)) for each in (space.mean, space.matrix))
        return self.seal(target, replace(space, mean=mean, matrix=matrix))

    def seal(self, instance: Instance, space: TunedSpace) -> bytes:
        """A space as it is kept.

        Raises:
            KeyringFailed: the instance's key is gone.
        """
        return self._keyring.instance(instance.uid).seal_bytes(space.to_bytes(), _CONTEXT)
