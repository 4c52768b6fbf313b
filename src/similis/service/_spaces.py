"""The spaces of tunings, encrypted with the key of their instance: a tuning dies with that key."""

from __future__ import annotations

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
        sealed = self._catalogue.transform(instance)
        if sealed is None:
            return None
        return TunedSpace.from_bytes(self._keyring.instance(instance.uid).unseal_bytes(sealed, _CONTEXT))

    def seal(self, instance: Instance, space: TunedSpace) -> bytes:
        """A space as it is kept.

        Raises:
            KeyringFailed: the instance's key is gone.
        """
        return self._keyring.instance(instance.uid).seal_bytes(space.to_bytes(), _CONTEXT)
