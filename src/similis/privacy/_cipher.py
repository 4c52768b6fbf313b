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
        version, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, rest, version + context.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise KeyringFailed(
                "Encrypted data cannot be read: it was altered or belongs to another key.",
                "Use the key directory that was in use when the data was written.",
            ) from None
