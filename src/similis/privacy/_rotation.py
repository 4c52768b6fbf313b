"""A change of the master key: all keys wrapped by the new one lie beside the old ones until the catalogue says which.

Which master key counts is decided by one commit to the catalogue. Whenever the process is killed, what lies in the
key directory is enough to go on from either side of it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from similis.domain import KeyringFailed
from similis.privacy._files import read_private, shred, sync_directory, write_private
from similis.privacy._master import MasterKey, decode_master, encode_master

MASTER = "master.key"
INSTANCES = "instances"
_PLACE = "rotation-"
_OLD = "old"


def instance_context(uid: str) -> str:
    """What an instance's key is wrapped for."""
    return f"instance key/{uid}"


def rotations(directory: Path) -> list[Path]:
    """What changes of the master key have left."""
    return sorted(directory.glob(f"{_PLACE}*"))


def shred_wrapped(directory: Path, uid: str) -> None:
    """Destroy an instance's key wherever it lies, beginning with where `Rotation.adopt` may take it from.

    Raises:
        OSError: one cannot be overwritten or removed.
    """
    for place in (*rotations(directory), directory / INSTANCES):
        shred(place / f"{uid}.key")


class Rotation:
    """One change of the master key; see the module.

    Args:
        directory: the key directory.
        place: where the new keys are.

    Attributes:
        id: names the new master key.
    """

    def __init__(self, directory: Path, place: Path) -> None:
        self.id = place.name.removeprefix(_PLACE)
        self._directory = directory
        self._place = place

    @classmethod
    def prepare(cls, directory: Path, old: MasterKey, secret: bytes, *, stored: bool) -> Rotation:
        """Wrap all keys by a new master key, on disk when this returns.

        Args:
            directory: the key directory.
            old: the present master key.
            secret: that of the new one.
            stored: whether the new one is to lie in the key directory, too.

        Raises:
            KeyringFailed: a key cannot be read, or it is the same master key.
            OSError: something cannot be written.
        """
        new = MasterKey(secret)
        if new.id == old.id:
            raise KeyringFailed("The new master key is the old one.", "Give another one.")
        place = directory / f"{_PLACE}{new.id}"
        place.mkdir(mode=0o700)
        rotation = cls(directory, place)
        try:
            if _holds(directory / MASTER, old):
                (place / _OLD).hardlink_to(directory / MASTER)  # to be overwritten when nobody needs it any more
            for path in sorted((directory / INSTANCES).glob("*.key")):
                context = instance_context(path.stem)
                write_private(place / path.name, new.seal(old.unseal(read_private(path), context), context))
            if stored:
                write_private(place / MASTER, encode_master(secret))
            sync_directory(directory)
        except BaseException:
            rotation.discard()
            raise
        return rotation

    @property
    def wrapped(self) -> frozenset[str]:
        """The uids of the instances whose keys the new master key wraps."""
        return frozenset(path.stem for path in self._place.glob("*.key") if path.name != MASTER)

    def adopt(self) -> None:
        """Let the new keys take the place of the old ones; to be done again where it was cut short.

        A key that is no longer there stays away: another process deleted its instance meanwhile.

        Raises:
            OSError: something cannot be written.
        """
        for path in self._place.glob("*.key"):
            current = self._directory / INSTANCES / path.name
            if path.name != MASTER and current.exists():
                with suppress(FileNotFoundError):  # destroyed just now, this one first: see shred_wrapped
                    path.replace(current)
        sync_directory(self._directory / INSTANCES)
        self._change_master()
        sync_directory(self._directory)
        shred(self._place / _OLD)
        self._remove()

    def discard(self) -> None:
        """Forget the new keys.

        Raises:
            OSError: something cannot be removed.
        """
        (self._place / _OLD).unlink(missing_ok=True)  # may be another name of the master key that counts
        self._remove()

    def _change_master(self) -> None:
        current, new, old = (self._directory / MASTER, self._place / MASTER, self._place / _OLD)
        if new.exists():
            new.replace(current)
        elif old.exists() and current.exists() and current.samefile(old):
            current.unlink()  # the new one lies elsewhere

    def _remove(self) -> None:
        for path in self._place.iterdir():
            shred(path)
        self._place.rmdir()
        sync_directory(self._directory)


def _holds(path: Path, master: MasterKey) -> bool:
    """Whether a file holds this master key; where that comes from elsewhere, any other file may lie there."""
    try:
        return MasterKey(decode_master(path.read_bytes(), str(path))).id == master.id
    except (FileNotFoundError, KeyringFailed):
        return False
