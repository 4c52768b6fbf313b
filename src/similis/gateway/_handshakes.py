"""A bound on TLS handshakes: of connections that are in one, asyncio tells the protocol nothing."""

from __future__ import annotations

import socket
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from similis.gateway._protocol import Protocol


class Handshakes(socket.socket):
    """Listens for TLS. Of too many handshakes at once, the one that began first is ended.

    Args:
        listener: what listens already; it is used up.
        connections: those whose handshake is over.
        most: handshakes at once.
    """

    def __init__(self, listener: socket.socket, connections: Collection[object], most: int) -> None:
        super().__init__(listener.family, listener.type, listener.proto, listener.detach())
        self._connections = connections
        self._most = most
        self._begun: list[tuple[tuple[str, int], socket.socket]] = []

    def accept(self) -> tuple[socket.socket, Any]:
        """Take in the next connection, and see that there are not too many."""
        client, address = super().accept()
        self._begun.append((address[:2], client))
        if len(self._begun) > self._most:
            self._forget_ended()
        if len(self._begun) > self._most:
            _, first = self._begun.pop(0)
            with suppress(OSError):  # it was reset meanwhile
                first.shutdown(socket.SHUT_RDWR)  # asyncio, whose socket it is, reads the end and closes it
        return client, address

    def _forget_ended(self) -> None:
        done = {each.client for each in self._connections if isinstance(each, Protocol)}
        self._begun = [each for each in self._begun if each[0] not in done and each[1].fileno() >= 0]
