"""A writer of PyTorch's old checkpoint format, and a tiny EfficientNet-Lite made of random arrays."""

from __future__ import annotations

import io
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

State = dict[str, NDArray[np.float32]]
Writer = Callable[[State], bytes]


class FloatStorage:
    """Stands for `torch.FloatStorage` while a checkpoint is written."""


def _rebuild_tensor_v2(*_parts: object) -> None:
    """Stands for `torch._utils._rebuild_tensor_v2`."""


class _Tensor:
    def __init__(self, key: str, array: NDArray[np.float32]) -> None:
        self.key, self.array = key, array

    def __reduce__(self) -> tuple[Any, ...]:
        strides = tuple(step // self.array.itemsize for step in self.array.strides)
        storage = _Storage(self.key, self.array.size)
        return _rebuild_tensor_v2, (storage, 0, self.array.shape, strides, False, OrderedDict())


class _Storage:
    def __init__(self, key: str, length: int) -> None:
        self.key, self.length = key, length


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: object) -> object:
        if isinstance(value, _Storage):
            return ("storage", FloatStorage, value.key, "cpu", value.length, None)
        return None


def write_checkpoint(state: State) -> bytes:
    """What `torch.save` wrote before 1.6; arrays keep their strides."""
    out = io.BytesIO()
    for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(header, out, protocol=2)
    keys = {name: str(index) for index, name in enumerate(state)}
    _Pickler(out, protocol=2).dump(OrderedDict((name, _Tensor(keys[name], array)) for name, array in state.items()))
    pickle.dump(list(keys.values()), out, protocol=2)
    for array in state.values():
        out.write(array.size.to_bytes(8, "little") + array.ravel(order="K").astype("<f4").tobytes())
    return out.getvalue()


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    """The checkpoint writer, while modules named as PyTorch's can be imported."""
    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    torch.FloatStorage = FloatStorage  # type: ignore[attr-defined] # a stand-in made on the spot
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    monkeypatch.setattr(FloatStorage, "__module__", "torch")
    monkeypatch.setattr(_rebuild_tensor_v2, "__module__", "torch._utils")
    yield write_checkpoint


def _norm(state: State, name: str, channels: int, draw: np.random.Generator) -> None:
    for part in ("weight", "bias", "running_mean"):
        state[f"{name}.{part}"] = draw.normal(size=channels).astype(np.float32)
    state[f"{name}.running_var"] = draw.uniform(0.5, 2, channels).astype(np.float32)


@pytest.fixture
def tiny() -> State:
    """An EfficientNet-Lite of two blocks: the first without expansion, the second with and a residual."""
    draw, state = np.random.default_rng(1), State()
    shapes = {
        "_conv_stem": (4, 3, 3, 3),
        "_blocks.0._depthwise_conv": (4, 1, 3, 3), "_blocks.0._project_conv": (6, 4, 1, 1),
        "_blocks.1._expand_conv": (12, 6, 1, 1), "_blocks.1._depthwise_conv": (12, 1, 5, 5),
        "_blocks.1._project_conv": (6, 12, 1, 1), "_conv_head": (8, 6, 1, 1),
    }  # fmt: skip
    norms = ("_bn0", "_blocks.0._bn1", "_blocks.0._bn2", "_blocks.1._bn0", "_blocks.1._bn1", "_blocks.1._bn2", "_bn1")
    for (conv, shape), norm in zip(shapes.items(), norms, strict=True):
        state[f"{conv}.weight"] = draw.normal(size=shape).astype(np.float32)
        _norm(state, norm, shape[0], draw)
    state["_fc.weight"] = draw.normal(size=(5, 8)).astype(np.float32)
    state["_fc.bias"] = draw.normal(size=5).astype(np.float32)
    return state
