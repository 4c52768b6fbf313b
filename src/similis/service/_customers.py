"""Use cases of customers: a customer is what an access key owns that is limited to instances."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from similis.catalogue import Catalogue, ErasureBegun
from similis.domain import AccessKey, Erasure, Instance, InstanceNotFound, InvalidInput, KeyNotFound
from similis.service._access import Access, require_key_id
from similis.service._audit_log import AuditLog
from similis.service._customer_files import CustomerFiles, Files, names_of
from similis.service._instances import Instances


class Customers:
    """Exports all that a customer owns, and erases it."""

    def __init__(self, catalogue: Catalogue, instances: Instances, access: Access, audit: AuditLog) -> None:
        self._catalogue = catalogue
        self._instances = instances
        self._access = access
        self._audit = audit

    def export(self, key_id: str) -> Files:
        """Everything that is stored of a customer but features and secrets, in files that are read when wanted.

        Of a key that is not limited to instances it is all that there is.

        Raises:
            KeyNotFound: there is no such access key.
        """
        return CustomerFiles(self._catalogue, self._instances.list(), self._audit, self._key(key_id)).files()

    def erase(self, key_id: str) -> Erasure:
        """Delete a customer's instances, and connections and access keys that are for no other instances.

        What was begun is noted first: when it is cut short, the next call for the same key goes on with it.

        Raises:
            KeyNotFound: there is no such access key, or the customer is erased already.
            InvalidInput: the key is not limited to instances, or another one may do more with one of them.
            KeyringFailed: an instance is deleted, but its key could not be destroyed; call again.
        """
        begun = self._begun(key_id) or self._begin(self._key(key_id))
        for identity in begun.erasure.keys:  # first of all, so that nothing new comes by them
            with suppress(KeyNotFound):
                self._access.disable(identity)
        for instance in self._instances.list():
            if instance.uid in begun.uids:
                with suppress(InstanceNotFound):
                    self._instances.remove(instance)  # and with the last of its instances each of its connections
        self._instances.destroy_keys()
        self._catalogue.customers.end_erasure(begun.erasure)
        return begun.erasure

    def plan(self, key_id: str) -> Erasure:
        """What `erase` would erase.

        Raises:
            KeyNotFound: there is no such access key, or the customer is erased already.
            InvalidInput: the key is not limited to instances, or another one may do more with one of them.
        """
        begun = self._begun(key_id)
        return self._planned(self._key(key_id), self._instances.list()) if begun is None else begun.erasure

    def _begun(self, key_id: str) -> ErasureBegun | None:
        require_key_id(key_id)
        return self._catalogue.customers.erasure(key_id)

    def _begin(self, key: AccessKey) -> ErasureBegun:
        instances = self._instances.list()
        erasure = self._planned(key, instances)
        uids = [each.uid for each in instances if each.name in erasure.instances]
        return self._catalogue.customers.claim_erasure(erasure, uids)

    def _key(self, key_id: str) -> AccessKey:
        require_key_id(key_id)
        return self._catalogue.access_keys.get(key_id)[0]

    def _planned(self, key: AccessKey, instances: Sequence[Instance]) -> Erasure:
        own = _owned(key, instances)
        keys = [each for each in self._access.list() if each.id != key.id]
        others = {each.id: names_of(each, instances) for each in keys}
        _check_owner(key, [each for each in keys if own & others[each.id]])
        connections = [each for each in self._catalogue.connections.all() if own.intersection(each.instances)]
        return Erasure(
            key.id,
            instances=tuple(sorted(own)),
            connections=tuple(each.name for each in connections if own.issuperset(each.instances)),
            keys=(key.id, *(identity for identity, names in others.items() if names and own >= names)),
            shared_connections=tuple(each.name for each in connections if not own.issuperset(each.instances)),
            shared_keys=tuple(identity for identity, names in others.items() if own & names and not own >= names),
        )


def _owned(key: AccessKey, instances: Sequence[Instance]) -> frozenset[str]:
    if not key.instances:
        raise InvalidInput(
            f"The access key {key.id} is not limited to instances: it reaches what all customers own.",
            "Give the key of one customer. To erase everything, delete data directory and key directory.",
        )
    return names_of(key, instances)


def _check_owner(key: AccessKey, others: Sequence[AccessKey]) -> None:
    """See that a key is of an owner: a partner who may only read must not stand for those whose data it reads."""
    above = next((each for each in others if not each.disabled and not key.role.covers(each.role)), None)
    if above is not None:
        raise InvalidInput(
            f"The access key {key.id} ({key.role}) is not the owner's: {above.id} ({above.role}) may do more there.",
            f"Give {above.id}, or disable it first.",
        )
