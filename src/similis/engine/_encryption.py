"""Encryption of the files of a segment: without the instance's key they are noise."""

from __future__ import annotations

import hmac
import os
from typing import BinaryIO, Protocol

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from numpy.typing import NDArray

_KEY_BYTES = 32
_BLOCK = 16  # bytes, of AES
_AT_ONCE = 128  # rows: what is worked on fits the cache of a processor


class KeySealer(Protocol):
    """Encrypts the keys of segments with the key of their instance."""

    def seal(self, key: bytes, segment: str) -> bytes:
        """Encrypt the key of a segment; only for the same segment it can be read again."""

    def unseal(self, sealed: bytes, segment: str) -> bytes:
        """Read an encrypted key.

        Raises:
            SimilisError: it was altered, or is of another instance or segment.
        """


class SegmentCipher:
    """Encrypts the files of one segment, each by a key of its own (HKDF-Expand, RFC 5869).

    AES-256 in counter mode (NIST SP 800-38A, 6.5), whose counters begin at zero: that is safe for a file that is
    written once, and those of a segment are. What is encrypted is authenticated by digests with keys (HMAC-SHA256,
    RFC 2104), which the manifest keeps.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @staticmethod
    def new_key() -> bytes:
        """A random key."""
        return os.urandom(_KEY_BYTES)

    def opened(self, file: BinaryIO, name: str) -> EncryptedFile:
        """A file as it is in clear, read or written from its beginning to its end."""
        return EncryptedFile(file, Cipher(AES(self._derived(name)), CTR(bytes(_BLOCK))).encryptor())

    def rows(self, name: str, width: int) -> RowCipher:
        """What encrypts the rows of a file, each of so many bytes."""
        return RowCipher(self._derived(name), width)

    def digest(self, name: str) -> hmac.HMAC:
        """A digest for the content of a file, as it is on disk, that only who has the key can make."""
        return hmac.new(self._derived(f"digest of {name}"), digestmod="sha256")

    def _derived(self, purpose: str) -> bytes:
        return HKDFExpand(SHA256(), _KEY_BYTES, purpose.encode()).derive(self._key)


class EncryptedFile:
    """Encrypts what is written to a file, or decrypts what is read from it."""

    def __init__(self, file: BinaryIO, stream: CipherContext) -> None:
        self._file, self._stream = file, stream

    def write(self, content: bytes | memoryview) -> int:
        """Write; returns how many bytes."""
        return self._file.write(self._stream.update(content))

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all."""
        return self._stream.update(self._file.read(size))


class RowCipher:
    """AES-256 in counter mode for rows of which any can be read alone.

    A counter is the number of the row and that of the block in the row, 8 bytes each: no two of a file are equal
    (SP 800-38A, appendix B). ECB is nothing here but the way to have all counters of some rows encrypted by one call.
    """

    def __init__(self, key: bytes, width: int) -> None:
        self._width = width
        self._blocks = np.arange(-(-width // _BLOCK), dtype=">u8")
        self._cipher = Cipher(AES(key), ECB())  # noqa: S305 - of counters, see above

    def apply(self, rows: NDArray[np.int64], content: NDArray[np.uint8]) -> None:
        """Encrypt the content of some rows in place, or decrypt it: that is the same.

        Args:
            rows: their numbers, int64[n].
            content: their bytes, uint8[n, width].
        """
        for start in range(0, len(rows), _AT_ONCE):
            end = start + _AT_ONCE
            content[start:end] ^= self._stream(rows[start:end])

    def _stream(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        counters = np.empty((len(rows), len(self._blocks), 2), ">u8")
        counters[..., 0] = rows.astype(">u8")[:, np.newaxis]
        counters[..., 1] = self._blocks
        stream = self._cipher.encryptor().update(counters.view(np.uint8).reshape(-1).data)
        return np.frombuffer(stream, np.uint8).reshape(len(rows), -1)[:, : self._width]
