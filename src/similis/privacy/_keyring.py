"""The keyring: a directory outside the data directory, with a master key and one wrapped key an instance."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from similis.domain import KeyringFailed
from similis.privacy._cipher import KEY_BYTES, Cipher, derive
from similis.privacy._files import check_private, read_private, shred, write_private
from similis.privacy._instance_key import InstanceKey, new_secret

_MASTER = "master.key"
_INSTANCES = "instances"
_UID = re.compile(r"[0-9a-f]{32}")
_MISSING = "Point --keys or SIMILIS_KEYS at the one that was made with the data, or put it back from a backup."
_RESTORE = "Put the key directory back from a backup: what was encrypted with it cannot be read without it."


class Keyring:
    """The keys of one data directory.

    `master.key` holds 32 random bytes as base64 text; `instances/UID.key` holds an instance's key, wrapped by it.
    Directories have mode 0700, files 0600. Destroying an instance's key makes its features and texts useless.

    Attributes:
        id: names the master key without giving it away; it tells a wrong keyring from the right one.
    """

    def __init__(self, directory: Path, master: bytes) -> None:
        self.id = derive(master, "keyring id", 16).hex()
        self._directory = directory
        self._cipher = Cipher(derive(master, "master"))
        self._signing_key = derive(master, "signatures")
        self._instances: dict[str, InstanceKey] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, directory: Path, *, create: bool) -> Keyring:
        """Open a keyring.

        Args:
            directory: where the keys are.
            create: make a keyring where there is none.

        Raises:
            KeyringFailed: there is none, or it is unreadable, damaged or open to other users.
        """
        with _failures(directory):
            if create:
                _create(directory)
            if not (directory / _MASTER).exists():
                raise KeyringFailed(f"There are no keys in {directory}.", _MISSING)
            _check_directories(directory)
            return cls(directory, _decode(directory / _MASTER))

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt with the master key; only the same context reads it again."""
        return self._cipher.seal(plain, context)

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Read what was encrypted with the master key.

        Raises:
            KeyringFailed: another key or context, or altered bytes.
        """
        return self._cipher.unseal(sealed, context)

    def sign(self, text: str, context: str) -> str:
        """A signature (HMAC-SHA256, hexadecimal) that can only be made with this keyring, for one context."""
        return hmac.new(self._signing_key, f"{context}\n{text}".encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def new_uid() -> str:
        """A name for the key of an instance that is to be made."""
        return uuid.uuid4().hex

    def create_instance(self, uid: str | None = None) -> str:
        """Make an instance's key, by a new uid or the one given, on disk when this returns, and return the uid.

        Raises:
            KeyringFailed: it cannot be written.
        """
        uid = uid or self.new_uid()
        wrapped = self.seal(new_secret(), _context(uid))
        with _failures(self._directory):
            write_private(self._path(uid), wrapped)
        return uid

    def instance(self, uid: str) -> InstanceKey:
        """Return an instance's key.

        Raises:
            KeyringFailed: it was destroyed or lost, or cannot be read.
        """
        with self._lock:
            if uid not in self._instances:
                self._instances[uid] = self._read(uid)
            return self._instances[uid]

    def loaded(self) -> set[str]:
        """The uids of instances whose keys are in memory."""
        with self._lock:
            return set(self._instances)

    def unload(self, uid: str) -> None:
        """Forget an instance's key in memory; nothing happens when it is not there."""
        with self._lock:
            if key := self._instances.pop(uid, None):
                key.erase()

    def destroy_instance(self, uid: str) -> None:
        """Destroy an instance's key on disk and in memory; nothing happens when there is none.

        Raises:
            KeyringFailed: it cannot be removed.
        """
        with self._lock, _failures(self._directory):
            shred(self._path(uid))
            if key := self._instances.pop(uid, None):
                key.erase()

    def _read(self, uid: str) -> InstanceKey:
        path = self._path(uid)
        with _failures(self._directory):
            if not path.exists():
                raise KeyringFailed(f"The key of instance {uid} is not in {self._directory}.", _RESTORE)
            return InstanceKey(uid, self.unseal(read_private(path), _context(uid)))

    def _path(self, uid: str) -> Path:
        if not _UID.fullmatch(uid):
            raise KeyringFailed(f"{uid[:40]!r} is no name of a key.", "Names are 32 hexadecimal digits.")
        return self._directory / _INSTANCES / f"{uid}.key"


def _create(directory: Path) -> None:
    instances = directory / _INSTANCES
    instances.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    instances.mkdir(mode=0o700, exist_ok=True)
    _check_directories(directory)
    used = any(instances.glob("*.key"))  # asked first: another gateway may be making the master key and using it
    if (directory / _MASTER).exists():
        return
    if used:
        raise KeyringFailed(f"{directory} has instance keys but no {_MASTER}.", _RESTORE)
    try:
        write_private(directory / _MASTER, base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
    except FileExistsError:
        return  # another process was quicker; its key counts


def _check_directories(directory: Path) -> None:
    check_private(directory)
    check_private(directory / _INSTANCES)


def _decode(path: Path) -> bytes:
    try:
        master = base64.b64decode(read_private(path).strip(), validate=True)
    except binascii.Error:
        master = b""
    if len(master) != KEY_BYTES:
        raise KeyringFailed(f"{path} is damaged: it does not hold {KEY_BYTES} bytes in base64.", _RESTORE)
    return master


def _context(uid: str) -> str:
    return f"instance key/{uid}"


@contextmanager
def _failures(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyringFailed(
            f"The key directory {directory} cannot be used: {error.strerror or error}.",
            "Check that it exists and that this user may read and write it.",
        ) from error
