"""The master key: what it does, and where it may come from beside its file."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import shlex
import subprocess
from pathlib import Path

from similis.domain import KeyringFailed
from similis.privacy._cipher import KEY_BYTES, Cipher, derive
from similis.privacy._files import read_private

_PATIENCE = 30.0  # seconds, for a key service to answer
_MAKE_ONE = (
    f"It has to be {KEY_BYTES} random bytes in base64, as `head -c {KEY_BYTES} /dev/urandom | base64` makes them."
)


class MasterKey:
    """What the secret that wraps all others does; the secret itself is not kept.

    Attributes:
        id: names it without giving it away.
    """

    def __init__(self, secret: bytes) -> None:
        self.id = derive(secret, "keyring id", 16).hex()
        self._cipher = Cipher(derive(secret, "master"))
        self._signing_key = derive(secret, "signatures")

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; only the same context reads it again."""
        return self._cipher.seal(plain, context)

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Read what was encrypted.

        Raises:
            KeyringFailed: another key or context, or altered bytes.
        """
        return self._cipher.unseal(sealed, context)

    def sign(self, text: str, context: str) -> str:
        """A signature (HMAC-SHA256, hexadecimal) for one context."""
        return hmac.new(self._signing_key, f"{context}\n{text}".encode(), hashlib.sha256).hexdigest()


def new_master() -> bytes:
    """A secret for a new master key."""
    return os.urandom(KEY_BYTES)


def encode_master(secret: bytes) -> bytes:
    """A secret as text, with a line's end."""
    return base64.b64encode(secret) + b"\n"


def decode_master(text: bytes, origin: str, hint: str = _MAKE_ONE) -> bytes:
    """Read a secret.

    Args:
        text: the secret in base64, white space around it.
        origin: where it comes from, for the message of an error; what it is must never be in one.
        hint: what to do where it is none.

    Raises:
        KeyringFailed: it is no such text.
    """
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise KeyringFailed(f"{origin} is damaged: it does not hold {KEY_BYTES} bytes in base64.", hint)
    return secret


def master_from_file(file: Path) -> bytes:
    """Read the master key from a file that only its owner may read.

    Raises:
        KeyringFailed: it cannot be read, is open to others, or holds something else.
    """
    try:
        return decode_master(read_private(file), str(file))
    except OSError as error:
        raise KeyringFailed(
            f"{file} cannot be read: {error.strerror or error}.", "Check the path, and that this user may read it."
        ) from error


def master_from_command(command: str) -> bytes:
    """Run a command, without a shell, that prints the master key in base64.

    What it prints is shown nowhere, for it is the key or may be about it.

    Raises:
        KeyringFailed: it cannot be run, fails, takes longer than half a minute, or prints something else.
    """
    try:
        words = shlex.split(command)
        ran = subprocess.run(  # noqa: S603 - the operator's own command
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=True
        )
    except subprocess.CalledProcessError as error:
        why = f"ended with status {error.returncode}"
    except subprocess.TimeoutExpired:
        why = f"had not ended after {_PATIENCE:.0f} seconds"
    except (OSError, ValueError, IndexError) as error:
        why = f"could not be started ({getattr(error, 'strerror', None) or 'it cannot be split into words'})"
    else:
        return decode_master(ran.stdout, "What the command for the master key printed")
    raise KeyringFailed(
        f"The command for the master key {why}.", "Run it by hand: it has to print the key in base64, nothing else."
    )
