"""Authenticated encryption and key derivation, both by the book."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from similis.domain import KeyringFailed

KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"
_BEGIN = len(_VERSION) + _NONCE_BYTES
SEAL_BYTES = _BEGIN + 16
"""What encryption adds: version, nonce and tag."""


def derive(key: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    """Derive `length` bytes for one purpose from a key (HKDF-SHA256, RFC 5869)."""
    return HKDF(SHA256(), length, salt=None, info=f"similis/{purpose}".encode()).derive(key)


class Cipher:
    """AES-256-GCM with a random nonce (NIST SP 800-38D); sealed = version byte, 12-byte nonce, ciphertext and tag."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; only the same context reads it again."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, plain, _VERSION + context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Decrypt.

        Raises:
            KeyringFailed: another key or context, or altered bytes.
        """
        version, nonce, rest = sealed[:1], sealed[1:_BEGIN], sealed[_BEGIN:]
        try:
            return self._aead.decrypt(nonce, rest, version + context.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise _unreadable() from None


class FeatureCipher:
    """The same encryption for the features of an instance's pictures, each bound to the number of its picture.

    Random nonces are safe for 2³² features (SP 800-38D, 8.3), more than an instance will ever be given.
    """

    def __init__(self, key: bytes, uid: str) -> None:
        self._aead = AESGCM(key)
        self._bound = uid.encode()

    def seal(self, picture_id: int, plain: bytes) -> bytes:
        """Encrypt; the result has SEAL_BYTES more."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._aead.encrypt(nonce, plain, self._context(_VERSION, picture_id))

    def unseal(self, picture_id: int, sealed: bytes) -> bytes:
        """Decrypt.

        Raises:
            KeyringFailed: another key or picture, or altered bytes.
        """
        version, nonce, rest = sealed[:1], sealed[1:_BEGIN], sealed[_BEGIN:]
        try:
            return self._aead.decrypt(nonce, rest, self._context(version, picture_id))
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise _unreadable() from None

    def _context(self, version: bytes, picture_id: int) -> bytes:
        return version + self._bound + picture_id.to_bytes(8)


def _unreadable() -> KeyringFailed:
    return KeyringFailed(
        "Encrypted data cannot be read: it was altered or belongs to another key.",
        "Use the key directory that was in use when the data was written.",
    )
