from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.algorithm.models import read_checkpoint
from similis.domain import ModelDamaged

Writer = Callable[[dict[str, NDArray[np.float32]]], bytes]


def test_arrays_come_back_by_name(write: Writer) -> None:
    state = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(4, np.float32)}
    read = read_checkpoint(io.BytesIO(write(state)))
    assert list(read) == ["a", "b"]
    assert all(np.array_equal(read[name], state[name]) for name in state)


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (3, 2, 0, 1), (1, 0, 3, 2)])
def test_strides_are_honoured(write: Writer, axes: tuple[int, ...]) -> None:
    array = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5).transpose(axes)
    read = read_checkpoint(io.BytesIO(write({"a": array})))["a"]
    assert np.array_equal(read, array)
    assert read.flags.c_contiguous


class _Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("false",)


@pytest.mark.parametrize("value", [_Malicious(), {"a": _Malicious()}, io.BytesIO(), eval])
def test_code_is_refused(value: object) -> None:
    headers = b"".join(pickle.dumps(header, 2) for header in (0x1950A86A20F9469CFC6C, 1001, None))
    with pytest.raises(ModelDamaged, match="refused"):
        read_checkpoint(io.BytesIO(headers + pickle.dumps(value, 2)))


def test_code_in_place_of_the_magic_number_is_refused() -> None:
    with pytest.raises(ModelDamaged, match="refused"):
        read_checkpoint(io.BytesIO(pickle.dumps(_Malicious(), 2)))


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps(3, 2), pickle.dumps({}, 2)])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelDamaged):
        read_checkpoint(io.BytesIO(content))


def test_every_truncation_is_noticed(write: Writer) -> None:
    whole = write({"a": np.ones(5, np.float32)})
    for length in range(len(whole)):
        with pytest.raises(ModelDamaged):
            read_checkpoint(io.BytesIO(whole[:length]))


def test_a_tensor_outside_its_storage_is_refused(write: Writer) -> None:
    shape = pickle.dumps((7, 9), 2)[2:-3]
    whole = write({"a": np.ones((7, 9), np.float32)})
    longer = whole.replace(shape, pickle.dumps((7, 99), 2)[2:-3])
    assert longer != whole
    with pytest.raises(ModelDamaged, match="outside its storage"):
        read_checkpoint(io.BytesIO(longer))
