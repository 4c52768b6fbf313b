"""Customers: what belongs to an access key that is limited to instances, and what erasing one removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from similis.domain._json import JsonObject, as_json


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is erased of a customer, and what others have a share in.

    Attributes:
        key_id: the access key that says who it is.
        instances: names of its instances, which go with their keys and all they hold.
        connections: names of connections for no other instances.
        keys: ids of access keys for no other instances, `key_id` among them.
        shared_connections: names of connections that stay, for they are for others, too.
        shared_keys: ids of access keys that stay, for they reach others, too.
    """

    key_id: str
    instances: tuple[str, ...]
    connections: tuple[str, ...]
    keys: tuple[str, ...]
    shared_connections: tuple[str, ...] = ()
    shared_keys: tuple[str, ...] = ()


_LISTS = ("instances", "connections", "keys", "shared_connections", "shared_keys")


@as_json.register
def _(value: Erasure) -> JsonObject:
    return {"key_id": value.key_id, **{name: list(getattr(value, name)) for name in _LISTS}}


def erasure_from_json(form: Mapping[str, Any]) -> Erasure:
    """Read it back; raises as all of `_from_json` do."""
    return Erasure(form["key_id"], **{name: tuple(form[name]) for name in _LISTS})
