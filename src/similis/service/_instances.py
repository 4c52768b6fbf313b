"""Use cases of instances: create, list, show, delete, rebuild, move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from similis.catalogue import Catalogue
from similis.domain import (
    Instance,
    InstanceNotFound,
    InstanceSpec,
    KeyringFailed,
    SettingValue,
    check_instance_settings,
)
from similis.privacy import Keyring
from similis.service._analyst import Analyst
from similis.service._indexes import Indexes
from similis.service._new_keys import new_key

_MAKING = timedelta(hours=1)
"""Within which another gateway that makes an instance is done, or dead."""


class Instances:
    """The verbs of instances."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring, indexes: Indexes, analyst: Analyst) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._indexes = indexes
        self._analyst = analyst

    def create(self, spec: InstanceSpec, index: str = "faiss", model: str | None = None) -> Instance:
        """Make an empty instance with a key of its own.

        Args:
            spec: what the user decides.
            index: kind of vector index.
            model: an image encoder added by manifest; the built-in features by default.

        Raises:
            InstanceExists: the name is taken.
            InvalidInput: there is no such kind of index.
            IndexUnavailable: that kind of index cannot be used.
            FeatureModelMismatch: there is no such image encoder.
        """
        self._indexes.check(index)
        pipeline = self._analyst.pipeline if model is None else self._analyst.pipeline_of(model)
        return self.create_for(spec, index, pipeline.model, pipeline.dimension)

    def create_for(self, spec: InstanceSpec, index: str, model: str, dimension: int) -> Instance:
        """Make an empty instance for features of a model that need not be here.

        Raises:
            InstanceExists: the name is taken.
        """
        with new_key(self._catalogue, self._keyring) as uid:
            return self._catalogue.create_instance(spec, uid=uid, index=index, model=model, dimension=dimension)

    def list(self) -> list[Instance]:
        """All instances, by name."""
        self._forget_deleted()
        return [each for each in self._catalogue.instances() if not self._catalogue.shadows.hides(each)]

    def get(self, name: str) -> Instance:
        """One instance with its figures.

        Raises:
            InstanceNotFound: there is none of that name.
        """
        try:
            instance = self._catalogue.instance(name)
        except InstanceNotFound:
            self._forget_deleted()
            raise
        if self._catalogue.shadows.hides(instance):
            raise InstanceNotFound(f"The instance {name!r} belongs to a rebuild.", "Use the name of the live one.")
        return instance

    @contextmanager
    def using(self, name: str) -> Iterator[Instance]:
        """One instance to work on while the block runs.

        Raises:
            InstanceNotFound: there is none of that name, or it was deleted meanwhile, and its key with it.
        """
        instance = self.get(name)
        try:
            yield instance
        except KeyringFailed:
            self._catalogue.require(instance)
            raise

    def set(self, name: str, **changes: SettingValue) -> Instance:
        """Change `capacity`, `retention_days`, `qps`, `max_body` or `picture_url`, at once for all gateways.

        None takes one away, but for the capacity, which there always is.

        Raises:
            InstanceNotFound: there is none of that name.
            CapacityTooSmall: the capacity is below the number of pictures that there are.
            InvalidInput: nothing, an unknown setting, or a value out of its limits.
            InvalidUrl: the picture URL is none.
        """
        right = check_instance_settings(changes)
        return self._catalogue.instance_settings.change(self.get(name).name, right)

    def delete(self, name: str) -> None:
        """Delete an instance with all it holds, and destroy its key, so that copies of the data are useless.

        Access keys that are for no other are disabled, connections that are for no other are removed.

        Raises:
            InstanceNotFound: there is none of that name.
            KeyringFailed: it is deleted, but its key could not be destroyed; that is tried again.
        """
        self.remove(self.get(name))

    def remove(self, instance: Instance) -> None:
        """Delete an instance, be it one that users do not see, with what is behind it.

        Raises:
            InstanceNotFound: it was deleted meanwhile.
            KeyringFailed: it is deleted, but its key could not be destroyed; that is tried again.
        """
        for removed in self._catalogue.delete_instance(instance.name):
            self._indexes.forget(removed)
        self.destroy_keys()
        self._catalogue.purge()

    def destroy_keys(self) -> None:
        """Destroy the keys of deleted instances, also of those whose deletion or making met with an accident.

        Raises:
            KeyringFailed: one cannot be destroyed.
        """
        for uid in self._catalogue.keyring.to_destroy():
            self._keyring.destroy_instance(uid)
            self._catalogue.keyring.destroyed(uid)

    def destroy_abandoned(self) -> None:
        """Destroy keys whose process was killed before it had made their instance.

        Raises:
            KeyringFailed: one cannot be destroyed.
        """
        since = datetime.now(UTC) - (_MAKING if self._catalogue.shared else timedelta(0))
        for uid in self._catalogue.keyring.abandoned(since):
            self._keyring.destroy_instance(uid)
            self._catalogue.keyring.made(uid)

    def rebuild(self, name: str) -> Instance:
        """Build the vector index anew from the stored features; searches go on meanwhile.

        Raises:
            InstanceNotFound: there is none of that name.
        """
        instance = self.get(name)
        self._indexes.rebuild(instance)
        return instance

    def move(self, name: str, index: str) -> Instance:
        """Have an instance searched by another kind of index; searches and changes go on meanwhile.

        Raises:
            InstanceNotFound: there is none of that name.
            InstanceRebuilding: a rebuild from storage took its place meanwhile.
            InvalidInput: there is no such kind of index.
            IndexUnavailable: that kind of index cannot be used.
        """
        instance = self.get(name)
        self._indexes.check(index)
        return instance if index == instance.index else self._indexes.move(instance, index)

    def _forget_deleted(self) -> None:
        """Let go of instances that another gateway deleted: of their indexes, and of their keys in memory."""
        if not self._catalogue.shared:
            return
        indexed, loaded = self._indexes.instances(), self._keyring.loaded()
        there = {instance.uid for instance in self._catalogue.instances()}
        for instance in indexed:
            if instance.uid not in there:
                self._indexes.forget(instance)
        for uid in loaded - there:
            self._keyring.unload(uid)
