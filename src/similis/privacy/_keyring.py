"""The keyring: a directory outside the data directory, with a master key and one wrapped key an instance."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from similis.domain import KeyringFailed, StorageFailed
from similis.privacy._files import alone, check_private, read_private, write_private
from similis.privacy._instance_key import InstanceKey, new_secret
from similis.privacy._master import MasterKey, decode_master, encode_master, new_master
from similis.privacy._rotation import INSTANCES, MASTER, Rotation, instance_context, rotations, shred_wrapped

_UID = re.compile(r"[0-9a-f]{32}")
_MISSING = "Point --keys or SIMILIS_KEYS at the one that was made with the data, or put it back from a backup."
_RESTORE = "Put the key directory back from a backup: what was encrypted with it cannot be read without it."


class Keyring:
    """The keys of one data directory.

    `master.key` holds 32 random bytes as base64 text, unless they come from elsewhere; `instances/UID.key` holds an
    instance's key, wrapped by them. Directories have mode 0700, files 0600. Destroying an instance's key makes its
    features and texts useless.
    """

    def __init__(self, directory: Path, master: bytes, *, stored: bool = True) -> None:
        self._directory = directory
        self._master = MasterKey(master)
        self._stored = stored
        self._instances: dict[str, InstanceKey] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, directory: Path, *, create: bool, master: bytes | None = None) -> Keyring:
        """Open a keyring.

        Args:
            directory: where the keys are.
            create: make a keyring where there is none.
            master: the master key where it comes from elsewhere; then none is read or written here.

        Raises:
            KeyringFailed: there is none, or it is unreadable, damaged or open to other users.
        """
        with _failures(directory):
            if create:
                _create(directory, with_master=master is None)
            if master is None and not (directory / MASTER).exists():
                raise KeyringFailed(f"There are no keys in {directory}.", _MISSING)
            if not (directory / INSTANCES).exists():
                raise KeyringFailed(f"There are no keys of instances in {directory}.", _MISSING)
            _check_directories(directory)
            return cls(directory, _read_master(directory) if master is None else master, stored=master is None)

    @property
    def id(self) -> str:
        """Names the master key without giving it away; it tells a wrong keyring from the right one."""
        return self._master.id

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt with the master key; only the same context reads it again."""
        return self._master.seal(plain, context)

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Read what was encrypted with the master key.

        Raises:
            KeyringFailed: another key or context, or altered bytes.
        """
        return self._master.unseal(sealed, context)

    def sign(self, text: str, context: str) -> str:
        """A signature (HMAC-SHA256, hexadecimal) that can only be made with this keyring, for one context."""
        return self._master.sign(text, context)

    @property
    def stores_master(self) -> bool:
        """Whether the master key lies in the directory, rather than coming from elsewhere."""
        return self._stored

    @property
    def rotating(self) -> bool:
        """Whether a change of the master key goes on or was cut short."""
        return bool(rotations(self._directory))

    @contextmanager
    def rotation(self, secret: bytes | None = None) -> Iterator[tuple[Rotation, MasterKey]]:
        """A block that changes the master key: what else it has sealed is sealed by the new one there, in one step.

        Everything stays as it is when the block raises anything but StorageFailed, after which it is not known
        whether that step was done: then `settle` finds out when the keyring is next opened.

        Args:
            secret: the new master key, which is not kept here; None makes one and keeps it.

        Raises:
            KeyringFailed: a key cannot be read or written.
        """
        new = new_master() if secret is None else secret
        with _failures(self._directory), alone(self._directory):
            rotation = Rotation.prepare(self._directory, self._master, new, stored=secret is None)
            try:
                yield rotation, MasterKey(new)
            except StorageFailed:
                raise
            except BaseException:
                rotation.discard()
                raise
            rotation.adopt()
            self._become(MasterKey(new))
            self._stored = secret is None

    def settle(self, expected: Callable[[], str | None]) -> None:
        """Bring to its end what a change of the master key has left that was cut short.

        Args:
            expected: tells the id of the keyring that belongs to the data.

        Raises:
            KeyringFailed: something cannot be read or written.
        """
        with _failures(self._directory):
            if not rotations(self._directory):
                return
            with alone(self._directory):
                wanted = expected()
                for rotation in [Rotation(self._directory, place) for place in rotations(self._directory)]:
                    (rotation.adopt if rotation.id == wanted else rotation.discard)()
            if self._stored and (self._directory / MASTER).exists():
                self._become(MasterKey(_read_master(self._directory)))

    def _become(self, master: MasterKey) -> None:
        with self._lock:
            self._master = master

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
        wrapped = self.seal(new_secret(), instance_context(uid))
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

    def uids(self) -> list[str]:
        """The uids of all instances whose keys are on disk.

        Raises:
            KeyringFailed: the directory cannot be read.
        """
        with _failures(self._directory):
            return sorted(path.stem for path in (self._directory / INSTANCES).glob("*.key"))

    def holds_master(self) -> bool:
        """Whether a master key lies in the directory."""
        return (self._directory / MASTER).exists()

    def strange_files(self) -> list[Path]:
        """What lies in the directory and is no key.

        Raises:
            KeyringFailed: the directory cannot be read.
        """
        with _failures(self._directory):
            known = {self._directory / MASTER, self._directory / INSTANCES}
            keys = {path for path in (self._directory / INSTANCES).glob("*.key") if _UID.fullmatch(path.stem)}
            return sorted({*self._directory.iterdir(), *(self._directory / INSTANCES).iterdir()} - known - keys)

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
            self._path(uid)  # refuses what is no name of a key
            shred_wrapped(self._directory, uid)
            if key := self._instances.pop(uid, None):
                key.erase()

    def _read(self, uid: str) -> InstanceKey:
        path = self._path(uid)
        with _failures(self._directory):
            if not path.exists():
                raise KeyringFailed(f"The key of instance {uid} is not in {self._directory}.", _RESTORE)
            return InstanceKey(uid, self.unseal(read_private(path), instance_context(uid)))

    def _path(self, uid: str) -> Path:
        if not _UID.fullmatch(uid):
            raise KeyringFailed(f"{uid[:40]!r} is no name of a key.", "Names are 32 hexadecimal digits.")
        return self._directory / INSTANCES / f"{uid}.key"


def _create(directory: Path, *, with_master: bool) -> None:
    instances = directory / INSTANCES
    instances.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    instances.mkdir(mode=0o700, exist_ok=True)
    _check_directories(directory)
    used = any(instances.glob("*.key"))  # asked first: another gateway may be making the master key and using it
    if not with_master or (directory / MASTER).exists():
        return
    if used:
        raise KeyringFailed(f"{directory} has instance keys but no {MASTER}.", _RESTORE)
    with suppress(FileExistsError):  # another process was quicker; its key counts
        write_private(directory / MASTER, encode_master(new_master()))


def _check_directories(directory: Path) -> None:
    check_private(directory)
    check_private(directory / INSTANCES)


def _read_master(directory: Path) -> bytes:
    return decode_master(read_private(directory / MASTER), str(directory / MASTER), _RESTORE)


@contextmanager
def _failures(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyringFailed(
            f"The key directory {directory} cannot be used: {error.strerror or error}.",
            "Check that it exists and that this user may read and write it.",
        ) from error
