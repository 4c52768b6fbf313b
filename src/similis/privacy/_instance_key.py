"""The key of one instance: seals its texts and rotates its features."""

from __future__ import annotations

import os
import threading
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from similis.domain import KeyringFailed
from similis.privacy._cipher import KEY_BYTES, Cipher, FeatureCipher, derive
from similis.privacy._transform import rotate, rotation, snap, turn_back

_SNAPPING = b"\x02"
_AnyCipher = TypeVar("_AnyCipher", Cipher, FeatureCipher)


def new_secret() -> bytes:
    """The secret of a new instance: 32 random bytes behind a byte that tells what is done with features.

    Secrets of the first version were the 32 bytes alone; features that were stored with one were not snapped.
    """
    return _SNAPPING + os.urandom(KEY_BYTES)


class InstanceKey:
    """What one instance's secret does; the secret itself is not given out."""

    def __init__(self, uid: str, secret: bytes) -> None:
        self.uid = uid
        self._snapping = len(secret) > KEY_BYTES
        self._cipher: Cipher | None = Cipher(derive(secret, "text"))
        self._features: FeatureCipher | None = FeatureCipher(derive(secret, "features"), uid)
        self._seed = derive(secret, "rotation")
        self._rotations: dict[int, NDArray[np.float64]] = {}
        self._lock = threading.Lock()

    def seal(self, text: str, context: str) -> bytes:
        """Encrypt a text; only the same context reads it again.

        Raises:
            KeyringFailed: the key was erased.
        """
        return self.seal_bytes(text.encode(), context)

    def unseal(self, sealed: bytes, context: str) -> str:
        """Read an encrypted text.

        Raises:
            KeyringFailed: another key or context, altered bytes, or the key was erased.
        """
        return self.unseal_bytes(sealed, context).decode()

    def seal_bytes(self, plain: bytes, context: str) -> bytes:
        """Encrypt bytes; only the same context reads them again.

        Raises:
            KeyringFailed: the key was erased.
        """
        return self._alive().seal(plain, self._bound(context))

    def unseal_bytes(self, sealed: bytes, context: str) -> bytes:
        """Read encrypted bytes.

        Raises:
            KeyringFailed: another key or context, altered bytes, or the key was erased.
        """
        return self._alive().unseal(sealed, self._bound(context))

    def features(self) -> FeatureCipher:
        """What encrypts stored features, once they are transformed; to be used at once and not kept.

        Raises:
            KeyringFailed: the key was erased.
        """
        return self._known(self._features)

    def transform(self, vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Rotate features, shape [n, D] or [D], by the key's secret orthogonal matrix.

        Inner products and lengths stay, to float32 accuracy, once features are snapped to the lattice from which
        `restore` gets them back; a row gives the same bits alone and among others.

        Raises:
            KeyringFailed: the key was erased.
        """
        return self.turn(snap(vectors) if self._snapping else vectors)

    def turn(self, vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Rotate what is about features, such as directions among them, shape [n, D] or [D]: nothing is snapped.

        Raises:
            KeyringFailed: the key was erased.
        """
        return rotate(self._rotation(vectors.shape[-1]), vectors)

    def restore(self, vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Turn stored features, shape [n, D] or [D], back, for another key to transform.

        That gives what it would have made of the features as they were, bit by bit and after any number of keys,
        unless the first of these is of the first version.

        Raises:
            KeyringFailed: the key was erased.
        """
        return turn_back(self._rotation(vectors.shape[-1]), vectors)

    def erase(self) -> None:
        """Forget the secret in memory: every later use fails."""
        with self._lock:
            self._cipher = None
            self._features = None
            self._seed = b""
            self._rotations.clear()

    def _rotation(self, dimension: int) -> NDArray[np.float64]:
        with self._lock:
            self._alive()
            if dimension not in self._rotations:
                self._rotations[dimension] = rotation(self._seed, dimension)
            return self._rotations[dimension]

    def _alive(self) -> Cipher:
        return self._known(self._cipher)

    def _known(self, cipher: _AnyCipher | None) -> _AnyCipher:
        if cipher is None:
            raise KeyringFailed(
                f"The key of instance {self.uid} was destroyed.", "Its data cannot be read any more; make a new one."
            )
        return cipher

    def _bound(self, context: str) -> str:
        return f"{self.uid}/{context}"
