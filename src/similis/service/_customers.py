"""Use cases of customers: a customer is what an access key owns that is limited to instances."""

from __future__ import annotations

from contextlib import suppress

from similis.catalogue import Catalogue
from similis.domain import AccessKey, ConnectionNotFound, Erasure, InstanceNotFound, InvalidInput, KeyNotFound
from similis.service._access import Access
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
            InvalidInput: the key is not limited to instances.
            KeyringFailed: an instance is deleted, but its key could not be destroyed; call again.
        """
        erasure = self._catalogue.customers.erasure(key_id)
        if erasure is None:
            erasure = self._catalogue.customers.claim_erasure(self._planned(self._key(key_id)))
        for identity in erasure.keys:  # first of all, so that nothing new comes by them
            with suppress(KeyNotFound):
                self._access.disable(identity)
        for name in erasure.instances:
            with suppress(InstanceNotFound):
                self._instances.delete(name)
        self._instances.destroy_keys()
        for name in erasure.connections:
            with suppress(ConnectionNotFound):
                self._catalogue.connections.remove(name)
        self._catalogue.customers.end_erasure(erasure)
        return erasure

    def _key(self, key_id: str) -> AccessKey:
        return self._catalogue.access_keys.get(key_id)[0]

    def _planned(self, key: AccessKey) -> Erasure:
        if not key.instances:
            raise InvalidInput(
                f"The access key {key.id} is not limited to instances: it reaches what all customers own.",
                "Give the key of one customer. To erase everything, delete data directory and key directory.",
            )
        instances = self._instances.list()
        own = names_of(key, instances)
        others = {each.id: names_of(each, instances) for each in self._access.list() if each.id != key.id}
        connections = [each for each in self._catalogue.connections.all() if own.intersection(each.instances)]
        return Erasure(
            key.id,
            instances=tuple(sorted(own)),
            connections=tuple(each.name for each in connections if own.issuperset(each.instances)),
            keys=(key.id, *(identity for identity, names in others.items() if names and own >= names)),
            shared_connections=tuple(each.name for each in connections if not own.issuperset(each.instances)),
            shared_keys=tuple(identity for identity, names in others.items() if own & names and not own >= names),
        )
