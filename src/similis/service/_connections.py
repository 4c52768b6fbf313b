"""Use cases of connections: how to get at storage that pictures are imported from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from similis.catalogue import Catalogue
from similis.domain import (
    Connection,
    ConnectionCheck,
    ConnectionNotFound,
    Credentials,
    ImportSource,
    InvalidInput,
    PermissionDenied,
    Provider,
    check_bucket,
)
from similis.privacy import Keyring
from similis.service._settings import Settings
from similis.transfer import SourceSpec, check_source


class Connections:
    """The verbs of connections. Credentials are kept encrypted and never given out."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring, settings: Settings) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._settings = settings

    def create(
        self, connection: Connection, credentials: Credentials | None = None, *, operator: bool = False
    ) -> Connection:
        """Keep a connection; whether it works, `check` tells.

        Args:
            connection: what it is.
            credentials: to keep with it; None takes those of the environment whenever it is used.
            operator: whether it is made by whoever runs this machine, who may name any directory.

        Raises:
            ConnectionExists: the name is taken.
            InstanceNotFound: it is limited to an instance that is not there.
            InvalidInput: there are credentials for a directory.
            PermissionDenied: the directory is not one of those that may be named over the network.
        """
        if connection.provider is Provider.FILE:
            self._check_root(connection, operator=operator)
            if credentials is not None:
                raise InvalidInput("A file connection has no credentials.", "Leave them out.")
        for name in connection.instances:
            self._catalogue.instance(name)
        kept = replace(connection, access_key_id=None if credentials is None else credentials.access_key_id)
        sealed = None if credentials is None else self._sealed(kept.name, credentials)
        return self._catalogue.connections.add(kept, sealed)

    def list(self) -> list[Connection]:
        """All connections, by name."""
        return self._catalogue.connections.all()

    def get(self, name: str) -> Connection:
        """One connection.

        Raises:
            ConnectionNotFound: there is none of that name.
        """
        return self._catalogue.connections.get(name)[0]

    def delete(self, name: str) -> Connection:
        """Delete a connection with its credentials, and return what it was.

        Raises:
            ConnectionNotFound: there is none of that name.
            TaskRunning: an import is using it.
        """
        return self._catalogue.connections.remove(name)

    def check(
        self, name: str, *, bucket: str | None = None, path: str | None = None, instance: str | None = None
    ) -> Sequence[ConnectionCheck]:
        """Go through all that an import needs, step by step, up to the first that is not good.

        Args:
            name: of the connection.
            bucket: to import from; None takes the connection's own.
            path: directory of increment.meta; None does not look for it.
            instance: to import into, whose region the bucket's must be; None does not compare.

        Raises:
            ConnectionNotFound: there is none of that name.
            InstanceNotFound: there is no such instance.
        """
        spec = self.spec(name, bucket)
        region = None if instance is None else self._catalogue.instance(instance).spec.region
        return check_source(spec.connection, bucket, spec.credentials, path, region)

    def spec(self, name: str, bucket: str | None) -> SourceSpec:
        """All that it takes to open a bucket by a connection, secrets included.

        Raises:
            ConnectionNotFound: there is none of that name.
            KeyringFailed: the credentials cannot be read.
        """
        connection, sealed = self._catalogue.connections.get(name)
        credentials = (
            None
            if sealed is None
            else Credentials(**json.loads(self._keyring.unseal(sealed, credentials_context(name))))
        )
        return SourceSpec(connection, bucket, credentials)

    def require(self, source: ImportSource, instance: str) -> None:
        """See that an instance may import by a connection.

        Raises:
            ConnectionNotFound: there is none of that name, or it is for other instances, which is told in the same
                words: a key of one instance learns nothing of what is there for others.
            InvalidInput: its provider has no bucket of such a name.
        """
        with suppress(ConnectionNotFound):
            connection = self.get(source.connection)
            if not connection.instances or instance in connection.instances:
                if source.bucket is not None:
                    check_bucket(source.bucket, connection.provider)
                return
        raise ConnectionNotFound(
            f"There is no connection {source.connection[:60]!r} by which the instance {instance!r} may import.",
            "Check the spelling, or have one made for this instance.",
        )

    def serving(self, instance: str, bucket: str) -> str | None:
        """The connection by which an instance reaches a bucket of which only the name is known.

        One that names the bucket goes before one that leaves it open; of several, the first by name is taken.
        """
        usable = [each for each in self.list() if not each.instances or instance in each.instances]
        naming = [each.name for each in usable if each.bucket == bucket]
        leaving_open = [each.name for each in usable if each.bucket is None and _may_hold(each, bucket)]
        return next(iter(naming + leaving_open), None)

    def _check_root(self, connection: Connection, *, operator: bool) -> None:
        root = Path(connection.root or "/").resolve()
        if operator or any(root.is_relative_to(allowed.resolve()) for allowed in self._settings.import_roots):
            return
        raise PermissionDenied(
            f"Pictures may not be imported from the directory {connection.root}.",
            "Make the connection on the machine of the service, or have the directory named by SIMILIS_IMPORT_ROOTS.",
        )

    def _sealed(self, name: str, credentials: Credentials) -> bytes:
        return self._keyring.seal(json.dumps(asdict(credentials)).encode(), credentials_context(name))


def _may_hold(connection: Connection, bucket: str) -> bool:
    """Whether a bucket can be there; only directories are looked at, for a cloud would have to be asked."""
    with suppress(InvalidInput, OSError):  # such as a name that is too long, or a directory that may not be read
        check_bucket(bucket, connection.provider)
        return connection.root is None or (Path(connection.root) / bucket).is_dir()
    return False


def credentials_context(name: str) -> str:
    """What the credentials of a connection are sealed for."""
    return f"connection:{name}"
