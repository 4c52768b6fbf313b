"""Reads PyTorch's old checkpoint files without PyTorch and without running any code in them.

The format (`torch.save` before 1.6): four pickles – magic number, protocol, system facts, the state dictionary – then
a pickled list of storage keys, then each storage as an int64 count and its raw little-endian values.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from similis.domain import ModelDamaged

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "HalfStorage": np.dtype("<f2"),
    "IntStorage": np.dtype("<i4"),
    "LongStorage": np.dtype("<i8"),
}

StateDict = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    length: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view on a storage, described but not yet filled."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def view(self, values: NDArray[Any]) -> NDArray[Any]:
        """Copy the viewed values; strides are in elements and may follow any order of the axes."""
        reach = sum((side - 1) * stride for side, stride in zip(self.shape, self.strides, strict=True))
        inside = min(self.shape, default=1) > 0 and min((self.offset, *self.strides)) >= 0
        if not inside or self.offset + reach >= len(values):
            raise _damaged("a tensor reaches outside its storage")
        steps = tuple(stride * values.itemsize for stride in self.strides)
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps).copy()


def read_checkpoint(stream: IO[bytes]) -> StateDict:
    """Return the arrays of a checkpoint by name, in their logical (C) order.

    Args:
        stream: the checkpoint, at its beginning.

    Raises:
        ModelDamaged: the stream is no such checkpoint, is truncated, or asks for anything but tensors.
    """
    try:
        return _read(stream)
    except ModelDamaged:
        raise
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _damaged(str(error) or type(error).__name__) from None


def _read(stream: IO[bytes]) -> StateDict:
    if _load(stream) != _MAGIC or _load(stream) != _PROTOCOL:
        raise _damaged("it does not begin like one")
    _load(stream)
    tensors = cast("dict[str, _Tensor]", _load(stream))
    keys = cast("list[str]", _load(stream))
    lengths = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    storages = {key: _read_storage(stream, lengths[key]) for key in keys}
    return {name: tensor.view(storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _read_storage(stream: IO[bytes], storage: _Storage) -> NDArray[Any]:
    length = int.from_bytes(stream.read(8), "little", signed=True)
    if length != storage.length:
        raise _damaged(f"a storage has {length} values instead of {storage.length}")
    values = np.frombuffer(stream.read(length * storage.dtype.itemsize), storage.dtype)
    if len(values) != length:
        raise _damaged("it ends too early")
    return values


def _load(stream: IO[bytes]) -> object:
    return _Unpickler(stream).load()


class _Unpickler(pickle.Unpickler):
    """Knows ordered dictionaries, tensors and storages; refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - the signature of the base class
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise _damaged(f"it asks for {module}.{name}, which is refused")

    def persistent_load(self, pid: Any) -> _Storage:  # noqa: ANN401 - the signature of the base class
        kind, dtype, key, _device, length, view = pid
        if kind != "storage" or view is not None:
            raise _damaged("it has an unknown kind of storage")
        return _Storage(str(key), np.dtype(dtype), int(length))


def _rebuild(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_gradient: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _damaged(reason: str) -> ModelDamaged:
    return ModelDamaged(f"The checkpoint cannot be read: {reason}.", "Fetch the model again: similis models fetch.")
