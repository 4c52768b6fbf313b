"""Stored vectors in an encrypted file, of which those are decrypted that are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from similis.engine._encryption import RowCipher, SegmentCipher
from similis.engine._vectors import Rows

_TYPE = np.dtype("<f2")


class EncryptedRows:
    """Vectors of an encrypted file, float16[n, D]: reads like an array, by slices and by numbers of rows.

    The file is mapped into memory; in clear are only the rows that were asked for, for as long as they are used.

    Args:
        file: what `write_rows` wrote.
        cipher: of its segment.
        dimension: numbers in a vector.

    Attributes:
        shape: n and D.
    """

    def __init__(self, file: Path, cipher: SegmentCipher, dimension: int) -> None:
        mapped = np.memmap(file, np.uint8, mode="r")
        self._content = np.asarray(mapped).reshape(-1, _width(dimension))  # an array indexes quicker than a memmap
        self._cipher = _row_cipher(cipher, file.name, dimension)
        self.shape = len(self._content), dimension

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | Rows) -> NDArray[np.float16]:
        """Return some rows.

        Raises:
            IndexError: there is no such row; they count from 0.
        """
        numbers = np.arange(*rows.indices(len(self))) if isinstance(rows, slice) else rows
        if numbers.size and numbers.min() < 0:
            raise IndexError("a row has a negative number")
        content = self._content[rows]
        if isinstance(rows, slice):
            content = content.copy()  # rows by numbers are a copy already
        self._cipher.apply(numbers, content)
        return content.view(_TYPE).astype(np.float16, copy=False)


def write_rows(
    file: BinaryIO, name: str, cipher: SegmentCipher, dimension: int, blocks: Iterable[NDArray[np.float16]]
) -> None:
    """Write vectors, encrypted.

    Args:
        file: to write to.
        name: of the file.
        cipher: of its segment.
        dimension: numbers in a vector.
        blocks: the vectors, float16[m, D] each.

    Raises:
        OSError: they cannot be written.
    """
    rows, count = _row_cipher(cipher, name, dimension), 0
    for block in blocks:
        content = np.array(block, _TYPE, order="C").view(np.uint8)
        rows.apply(np.arange(count, count + len(block)), content)
        file.write(content.data)
        count += len(block)


def _row_cipher(cipher: SegmentCipher, name: str, dimension: int) -> RowCipher:
    return cipher.rows(name, _width(dimension))


def _width(dimension: int) -> int:
    return dimension * _TYPE.itemsize
