"""Files of segments are noise without their key, and read with it like an array."""

from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from similis.engine._encrypted_rows import EncryptedRows, write_rows
from similis.engine._encryption import SegmentCipher

_NAME = "vectors.enc"
_CIPHER = SegmentCipher(bytes(range(32)))


def _written(directory: Path, vectors: NDArray[np.float16], at_once: int = 100) -> EncryptedRows:
    path = directory / _NAME
    blocks = (vectors[start : start + at_once] for start in range(0, len(vectors), at_once))
    with path.open("wb") as file:
        write_rows(file, _NAME, _CIPHER, vectors.shape[1], blocks)
    return EncryptedRows(path, _CIPHER, vectors.shape[1])


def _vectors(rows: int, dimension: int) -> NDArray[np.float16]:
    return np.random.default_rng(rows).standard_normal((rows, dimension)).astype(np.float16)


@given(st.data(), st.integers(1, 700), st.integers(1, 70), st.integers(1, 300))
def test_it_reads_like_an_array(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, rows: int, dimension: int, at_once: int
) -> None:
    vectors = _vectors(rows, dimension)
    encrypted = _written(tmp_path_factory.mktemp("rows"), vectors, at_once)
    assert (encrypted.shape, len(encrypted)) == (vectors.shape, len(vectors))
    part = data.draw(st.slices(rows))
    chosen = data.draw(arrays.arrays(np.int64, st.integers(0, 300), elements=st.integers(0, rows - 1)))
    for asked in (part, chosen):
        found = encrypted[asked]
        assert found.dtype == np.float16
        assert np.array_equal(found, vectors[asked])


@pytest.mark.parametrize("row", [-1, 5, 2**40])
def test_rows_that_are_not_there_are_an_error(tmp_path: Path, row: int) -> None:
    with pytest.raises(IndexError):
        _written(tmp_path, _vectors(5, 8))[np.array([0, row])]


def test_every_row_is_encrypted_in_counter_mode(tmp_path: Path) -> None:
    """The library's own counter mode, begun at the counter of a row's first block, says the same."""
    vectors = _vectors(300, 24)
    _written(tmp_path, vectors)
    content = (tmp_path / _NAME).read_bytes()
    for row in (0, 1, 255, 299):
        mode = CTR(row.to_bytes(8) + bytes(8))
        decrypted = Cipher(AES(_CIPHER._derived(_NAME)), mode).decryptor().update(content[48 * row : 48 * row + 48])
        assert decrypted == vectors[row].tobytes()


def test_equal_rows_are_not_seen_to_be_equal(tmp_path: Path) -> None:
    _written(tmp_path, np.ones((500, 8), np.float16))
    content = np.fromfile(tmp_path / _NAME, np.uint8).reshape(500, 16)
    assert len(np.unique(content, axis=0)) == 500


def test_each_file_and_each_segment_has_a_key_of_its_own(tmp_path: Path) -> None:
    ciphers = [SegmentCipher(SegmentCipher.new_key()) for _ in range(2)]
    noise = set()
    for cipher in ciphers:
        for name in ("one", "other"):
            with (tmp_path / "file").open("w+b") as file:
                cipher.opened(file, name).write(bytes(100))
                file.seek(0)
                noise.add(file.read())
                file.seek(0)
                assert cipher.opened(file, name).read() == bytes(100)
    assert len(noise) == 4
    assert len({cipher.digest(name).digest() for cipher in ciphers for name in ("one", "other")}) == 4
