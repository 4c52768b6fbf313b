"""Whether the directories of a set-up are there, are ours, and are apart from each other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from similis.catalogue import Catalogue
from similis.domain import SimilisError
from similis.service._finding import Finding, attempt
from similis.service._opening import check_place, open_keyring
from similis.service._settings import Settings

_LEAST_FREE = 1 << 30
_MOUNTS = Path("/proc/self/mounts")
_OVER_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "glusterfs"})
_LOOKED_AT = 1000  # entries of the data directory


def check_places(settings: Settings) -> Iterator[Finding]:
    """Check the places of keys, data and imports."""
    yield attempt("Key directory outside the data", lambda: check_place(settings))
    yield from _keys(settings)
    yield from _import_roots(settings)
    yield _writable(settings.data)
    yield _space(settings.data)
    if settings.catalogue is None:
        yield _local(settings.data)


def _keys(settings: Settings) -> Iterator[Finding]:
    """Whether there are keys for data that are there, readable by us alone."""
    try:
        if not Catalogue.exists(settings.catalogue_url):
            return
        check_place(settings)
    except SimilisError:  # which another check tells of
        return
    yield attempt("Keys", lambda: f"master key {open_keyring(settings, create=False).id}")


def _import_roots(settings: Settings) -> Iterator[Finding]:
    for root in settings.import_roots:
        usable = root.is_dir() and os.access(root, os.R_OK | os.X_OK)
        found = str(root) if usable else f"{root} cannot be read"
        yield Finding("Directory to import from", usable, found, "Make it readable, or mend SIMILIS_IMPORT_ROOTS.")


def _writable(data: Path) -> Finding:
    """Whether we may write, and what is there is ours: as root one may, but leaves files that others cannot."""
    check, place = "Owner of the data", _nearest(data)
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding(check, False, f"{place} cannot be written", f"Run: chown -R {_user()} {place}.")
    strange = _of_another(data)
    if strange is None:
        return Finding(check, True, f"{place} can be written")
    return Finding(
        check,
        False,
        f"{strange} belongs to user {strange.lstat().st_uid}, this is user {os.geteuid()}",
        f"Run Similis as that user, or give all of it to one: chown -R USER {data}.",
    )


def _of_another(data: Path) -> Path | None:
    """Something of the data directory that belongs to another user."""
    if not data.is_dir():
        return None
    entries = (data, *islice(data.rglob("*"), _LOOKED_AT))
    return next((path for path in entries if path.lstat().st_uid != os.geteuid()), None)


def _user() -> str:
    return str(os.geteuid())


def _space(data: Path) -> Finding:
    free = shutil.disk_usage(_nearest(data)).free
    return Finding(
        "Free disk space",
        free >= _LEAST_FREE,
        f"{free / 1e9:.1f} GB",
        "Free at least 1 GB, or move the data directory.",
    )


def _local(data: Path) -> Finding:
    """Whether the data are on a file system of this machine: over a network SQLite's locks may not hold."""
    kind = file_system(_nearest(data), _MOUNTS)
    return Finding(
        "File system of the data",
        kind not in _OVER_NETWORK,
        kind,
        "Move the data directory to a disk of this machine, or keep the catalogue in PostgreSQL.",
    )


def file_system(place: Path, mounts: Path) -> str:
    """The kind of file system that a directory is on, by the kernel's table of mounts; `unknown` without one."""
    try:
        rows = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return "unknown"
    resolved = place.resolve()
    inside = [(row[1], row[2]) for row in rows if resolved.is_relative_to(_unescaped(row[1]))]
    # Of two mounts on one place the later one hides the other.
    return max(enumerate(inside), key=lambda each: (len(each[1][0]), each[0]), default=(0, ("", "unknown")))[1][1]


def _unescaped(mount: str) -> str:
    return mount.encode().decode("unicode_escape")


def _nearest(path: Path) -> Path:
    """The directory itself, or the one in which it would be made."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return place
