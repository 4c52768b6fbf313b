"""Keys of index files, encrypted by the key of the instance: they die with it."""

from __future__ import annotations

from similis.privacy import InstanceKey


class SegmentKeys:
    """Encrypts the keys of an instance's segments; see `similis.engine.KeySealer`."""

    def __init__(self, key: InstanceKey) -> None:
        self._key = key

    def seal(self, key: bytes, segment: str) -> bytes:
        """Encrypt the key of a segment."""
        return self._key.seal_bytes(key, f"segment {segment}")

    def unseal(self, sealed: bytes, segment: str) -> bytes:
        """Read an encrypted key."""
        return self._key.unseal_bytes(sealed, f"segment {segment}")
