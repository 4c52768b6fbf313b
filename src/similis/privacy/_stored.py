"""What the key directory stores."""

from __future__ import annotations

from similis.domain import StoredField, StoredPlace

_MASTER = (StoredField("content", "32 bytes in base64", "Wraps all other keys"),)
_LENGTH = "33 bytes, 32 of earlier versions"
_USE = "Turns and encrypts its features; encrypts texts, tuning, keys of index files"
_WRAPPED = (StoredField("content", _LENGTH, _USE, "encrypted by the master key"),)


def stored_keys() -> tuple[StoredPlace, ...]:
    """Everything that the key directory may hold, by file."""
    return (
        StoredPlace("master.key", "The master key, unless it comes from elsewhere", _MASTER),
        StoredPlace("instances/INSTANCE.key", "The key of one instance", _WRAPPED),
        StoredPlace("rotation-MASTER/master.key", "A new master key, until the catalogue goes by it", _MASTER),
        StoredPlace("rotation-MASTER/INSTANCE.key", "The key of one instance, wrapped by that", _WRAPPED),
        StoredPlace("rotation-MASTER/old", "The master key before, until it is destroyed", _MASTER),
        StoredPlace(".master.key.DRAFT", "A master key that a crash kept from getting its name", _MASTER),
        StoredPlace("instances/.INSTANCE.key.DRAFT", "A key that a crash kept from getting its name", _WRAPPED),
    )
