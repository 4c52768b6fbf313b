"""All keys of a key directory in one file, encrypted by a passphrase."""

from __future__ import annotations

import base64
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from similis.domain import InvalidInput, KeyringFailed
from similis.privacy._cipher import KEY_BYTES, Cipher
from similis.privacy._files import alone, read_private, shred, sync_directory, write_private, write_private_in_place
from similis.privacy._rotation import INSTANCES, MASTER, rotations

MIN_PASSPHRASE = 12
_FORMAT = "similis keys 1"
_COST = {"n": 1 << 17, "r": 8, "p": 1}  # 128 MB and some tenths of a second a guess (RFC 7914)
_SALT_BYTES = 16
_WRONG = "Give the passphrase of this very backup. Without it the keys in it cannot be had."


def back_up(directory: Path, file: Path, passphrase: str) -> int:
    """Write all keys of a key directory into a new file, and return how many instances have one.

    The master key is in it unless it comes from elsewhere.

    Raises:
        InvalidInput: the passphrase is short, or the file is there already.
        KeyringFailed: a change of the master key was cut short.
        OSError: something cannot be read or written.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise InvalidInput("The passphrase is too short.", f"Give {MIN_PASSPHRASE} characters or more.")
    with alone(directory):
        if rotations(directory):
            raise KeyringFailed("A change of the master key was cut short.", "Start Similis once, then try again.")
        instances = {path.stem: _text(read_private(path)) for path in sorted((directory / INSTANCES).glob("*.key"))}
        master = directory / MASTER
        keys = {"master": _text(read_private(master)) if master.exists() else None, "instances": instances}
    salt = os.urandom(_SALT_BYTES)
    header = json.dumps({"format": _FORMAT, **_COST, "salt": _text(salt)})
    sealed = _cipher(passphrase, salt, _COST).seal(json.dumps(keys).encode(), header)
    try:
        write_private_in_place(file, header.encode() + b"\n" + sealed)
    except FileExistsError:
        raise InvalidInput(f"{file} is there already.", "Name a new file.") from None
    return len(instances)


def restore(file: Path, directory: Path, passphrase: str) -> int:
    """Fill a key directory from a backup, whole or not at all, and return how many instances have a key in it.

    The directory itself stays where it is there, for it may be where a file system is mounted. A process that is
    killed leaves a directory that no start takes for a whole one: the master key comes last.

    Raises:
        InvalidInput: there are files in the directory already.
        KeyringFailed: the file is no backup, damaged, or the passphrase is wrong.
        OSError: something cannot be read or written.
    """
    keys = _read(file, passphrase)
    if any(path.is_file() for path in directory.rglob("*")):
        raise InvalidInput(f"There are files in {directory}.", "Restore into another directory, or move those away.")
    made = not directory.exists()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    draft = directory / f".restored.{uuid.uuid4().hex}"
    try:
        (draft / INSTANCES).mkdir(mode=0o700, parents=True)
        _write(draft, keys)
        _move(draft, directory)
    except BaseException:
        _remove(directory if made else draft)
        raise
    sync_directory(directory.parent)
    return len(keys["instances"])


def _write(directory: Path, keys: Mapping[str, Any]) -> None:
    for uid, wrapped in keys["instances"].items():
        write_private(directory / INSTANCES / f"{uid}.key", base64.b64decode(wrapped))
    if keys["master"] is not None:
        write_private(directory / MASTER, base64.b64decode(keys["master"]))
    sync_directory(directory)


def _read(file: Path, passphrase: str) -> dict[str, Any]:
    content = file.read_bytes()
    head, _, sealed = content.partition(b"\n")
    try:
        header = json.loads(head)
        cost = {name: header[name] for name in _COST}
        salt = base64.b64decode(header["salt"])
    except (ValueError, KeyError, TypeError):
        raise KeyringFailed(f"{file} is no backup of keys.", "Give the file that `keyring backup` wrote.") from None
    if header["format"] != _FORMAT or cost != _COST:
        raise KeyringFailed(f"{file} was written by another version of Similis.", "Restore it with that version.")
    try:
        keys: dict[str, Any] = json.loads(_cipher(passphrase, salt, cost).unseal(sealed, head.decode()))
    except KeyringFailed:
        raise KeyringFailed(f"{file} cannot be read: the passphrase is wrong, or it is damaged.", _WRONG) from None
    return keys


def _cipher(passphrase: str, salt: bytes, cost: Mapping[str, int]) -> Cipher:
    return Cipher(Scrypt(salt, KEY_BYTES, **cost).derive(passphrase.encode()))


def _move(draft: Path, directory: Path) -> None:
    (draft / INSTANCES).replace(directory / INSTANCES)  # may be there, empty
    if (draft / MASTER).exists():
        (draft / MASTER).replace(directory / MASTER)
    draft.rmdir()
    sync_directory(directory)


def _remove(directory: Path) -> None:
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            shred(path)
    directory.rmdir()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
