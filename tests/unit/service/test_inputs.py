"""What the Python API takes for a picture."""

import io
from pathlib import Path

import pytest

from similis.domain import InvalidPicture
from similis.service import read_picture


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
def test_bytes_of_any_kind_are_a_picture(kind: type) -> None:
    assert read_picture(kind(b"abc")) == b"abc"


def test_a_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert read_picture(tmp_path / "a") == read_picture(str(tmp_path / "a")) == b"abc"


def test_what_cannot_be_read_is_explained(tmp_path: Path) -> None:
    closed = io.BytesIO(b"abc")
    closed.close()
    for source in (tmp_path, tmp_path / "gone", "a\x00b", closed):
        with pytest.raises(InvalidPicture, match="cannot be read"):
            read_picture(source)
