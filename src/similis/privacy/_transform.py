"""The secret rotation that features go through before they are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from numpy.typing import NDArray

_UNIT = 2.0**-53
_STEP = 2.8e-3  # over √D: seven standard deviations of what rounding to 16 bits does to a number, on either side


def rotation(seed: bytes, dimension: int) -> NDArray[np.float64]:
    """Return a Haar-random orthogonal matrix, shape [D, D], that depends on the 32-byte seed alone.

    QR of a Gaussian matrix with the signs of R's diagonal moved into Q (Mezzadri, "How to generate random matrices
    from the classical compact groups", 2007).
    """
    q, r = np.linalg.qr(_gaussian(seed, dimension * dimension).reshape(dimension, dimension))
    return np.ascontiguousarray(q * np.sign(np.diagonal(r)))


def snap(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Round vectors, [n, D] or [D], to a lattice that is wider than what 16-bit storage rounds away.

    So they come back bit by bit from what is stored, rotated and rounded: snapped again, a vector that was turned
    back is the one that was snapped before. The step is 2.8e-3/√D times the power of two that is nearest to the
    length; at unit length that moves a vector by about 8e-4, and cosines by about 5e-5 (D = 512).
    It takes some hundred dimensions, and a length near a power of two, as features have: of vectors with few, or of
    another length, one in ten thousand comes back changed.
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    scale = np.exp2(np.round(np.log2(np.where(lengths > 0, lengths, 1.0))))
    step = scale * (_STEP / np.sqrt(vectors.shape[-1]))
    return np.asarray(np.rint(vectors / step) * step)


def turn_back(matrix: NDArray[np.float64], vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Undo `rotate` for vectors of shape [n, D] or [D], up to what they were rounded since."""
    return np.asarray(vectors.astype(np.float64) @ matrix)


def rotate(matrix: NDArray[np.float64], vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Rotate vectors of shape [n, D] or [D].

    One dot product a number, because a matrix product rounds a row differently in company than alone and with another
    number of threads; in double precision, so that float32 keeps the rounding of the last step only.
    """
    rows = np.atleast_2d(vectors).astype(np.float64, order="C")
    turned: NDArray[np.float64] = np.vecdot(matrix, rows[:, np.newaxis])
    return turned.astype(np.float32).reshape(vectors.shape)


def _gaussian(seed: bytes, count: int) -> NDArray[np.float64]:
    """Normal numbers by Box–Muller from a ChaCha20 key stream.

    Not from numpy's generators: their normal numbers may change between versions, and stored features would be lost.
    """
    pairs = (count + 1) // 2
    u1, u2 = _uniform(seed, 2 * pairs).reshape(2, pairs)
    radius, angle = np.sqrt(-2.0 * np.log1p(-u1)), 2.0 * np.pi * u2
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]


def _uniform(seed: bytes, count: int) -> NDArray[np.float64]:
    stream = Cipher(algorithms.ChaCha20(seed, bytes(16)), mode=None).encryptor().update(bytes(8 * count))
    words = np.frombuffer(stream, dtype="<u8") >> np.uint64(11)
    return words.astype(np.float64) * _UNIT
