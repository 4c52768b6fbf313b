"""Customers of a running service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from tempfile import TemporaryFile
from zipfile import BadZipFile, ZipFile

from similis.cli._transport import Transport
from similis.domain import Erasure, ServiceUnreachable, erasure_from_json

_CHUNK = 64 * 1024
_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)


class RemoteCustomers:
    """The verbs of customers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def export(self, identity: str) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Yield the files of all that a customer owns; they are downloaded as an archive first."""
        with TemporaryFile() as file:
            for piece in self._transport.stream(("customers", identity, "export")):
                file.write(piece)
            try:
                with ZipFile(file) as archive:
                    for name in archive.namelist():
                        yield _checked(name), _pieces(archive, name)
            except BadZipFile:
                raise ServiceUnreachable("The archive of the export is damaged.", "Ask for it again.") from None

    def plan(self, identity: str) -> Erasure:
        """What `erase` would erase."""
        return self._transport.call("GET", ("customers", identity), erasure_from_json)

    def erase(self, identity: str) -> Erasure:
        """Delete for good what a customer owns."""
        return self._transport.call("DELETE", ("customers", identity), erasure_from_json, patient=True)


def _checked(name: str) -> str:
    """The name, unless it would lead out of the directory that it is written into."""
    if not _NAME.fullmatch(name):
        raise ServiceUnreachable("The archive of the export has a name that cannot be.", "Look whom you call.")
    return name


def _pieces(archive: ZipFile, name: str) -> Iterator[bytes]:
    with archive.open(name) as member:
        while piece := member.read(_CHUNK):
            yield piece
