"""EfficientNet-Lite as an ONNX graph, built from a PyTorch state dictionary.

Source: Tan and Le, EfficientNet (ICML 2019); the Lite variants drop squeeze-and-excitation and use ReLU6.
Convolutions pad as TensorFlow's SAME; batch normalisation (epsilon 1e-3) is folded into the convolution before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from similis.algorithm.models._checkpoint import StateDict
from similis.domain import ModelDamaged

LITE2_REPEATS = (1, 3, 3, 4, 4, 5, 1)
STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
STAGE_MAPS = {1: "detail", 2: "fine", 4: "middle"}
"""Stages whose results are outputs too, the first stage being 0; their strides are 4, 8 and 16."""

_EPSILON = 1e-3
_OPSET = 17
_IR_VERSION = 8


def efficientnet_lite(
    state: StateDict, repeats: Sequence[int] = LITE2_REPEATS, strides: Sequence[int] = STAGE_STRIDES
) -> onnx.ModelProto:
    """Build the network.

    Args:
        state: arrays named as in `efficientnet_lite_pytorch` (`_conv_stem.weight`, `_blocks.0._bn1.bias`, …).
        repeats: blocks in each stage.
        strides: stride of each stage's first block.

    Returns:
        A model with input `pixels` float32[batch, 3, height, width] and outputs `feature_map`
        float32[batch, channels, height/32, width/32], `logits` float32[batch, classes] and, float32[batch, channels,
        rows, columns], those of `STAGE_MAPS` whose stages there are; sizes are free.

    Raises:
        ModelDamaged: an array is missing or has another shape than the network needs.
    """
    try:
        return _Builder(state).build(_block_strides(repeats, strides), _block_maps(repeats))
    except (KeyError, ValueError) as error:
        raise ModelDamaged(
            f"The checkpoint is no EfficientNet-Lite of this size: {error}.", "Fetch the model again."
        ) from None


def _block_strides(repeats: Sequence[int], strides: Sequence[int]) -> list[int]:
    return [
        stride if position == 0 else 1
        for count, stride in zip(repeats, strides, strict=True)
        for position in range(count)
    ]


def _block_maps(repeats: Sequence[int]) -> dict[int, str]:
    """The last block of each stage whose result is an output, and the output's name."""
    return {sum(repeats[: stage + 1]) - 1: name for stage, name in STAGE_MAPS.items() if stage < len(repeats)}


class _Builder:
    """Collects nodes and initialisers; every method returns the name of the tensor it made."""

    def __init__(self, state: StateDict) -> None:
        self._state = state
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def build(self, block_strides: Sequence[int], maps: Mapping[int, str]) -> onnx.ModelProto:
        zero = self._constant("zero", np.float32(0))
        six = self._constant("six", np.float32(6))
        self._limits = (zero, six)
        tensor = self._conv("pixels", "_conv_stem", "_bn0", stride=2)
        for index, stride in enumerate(block_strides):
            tensor = self._block(tensor, f"_blocks.{index}.", stride, maps.get(index))
        self._conv(tensor, "_conv_head", "_bn1", output="feature_map")
        self._classifier("feature_map")
        return self._model(maps)

    def _block(self, tensor: str, prefix: str, stride: int, output: str | None) -> str:
        """Inverted residual: expand, depthwise, project; added to its input where shapes allow."""
        inner = tensor
        if f"{prefix}_expand_conv.weight" in self._state:
            inner = self._conv(inner, f"{prefix}_expand_conv", f"{prefix}_bn0")
        inner = self._conv(inner, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride=stride, depthwise=True)
        added = stride == 1 and self._same_channels(prefix)
        inner = self._conv(
            inner, f"{prefix}_project_conv", f"{prefix}_bn2", relu6=False, output=None if added else output
        )
        return self._node("Add", [inner, tensor], output or f"{prefix}sum") if added else inner

    def _same_channels(self, prefix: str) -> bool:
        first = self._state.get(f"{prefix}_expand_conv.weight")
        entering = self._state[f"{prefix}_depthwise_conv.weight"].shape[0] if first is None else first.shape[1]
        return bool(entering == self._state[f"{prefix}_project_conv.weight"].shape[0])

    def _conv(
        self,
        tensor: str,
        conv: str,
        norm: str,
        *,
        stride: int = 1,
        depthwise: bool = False,
        relu6: bool = True,
        output: str | None = None,
    ) -> str:
        weight, bias = _fold(self._state, conv, norm)
        inputs = [tensor, self._constant(f"{conv}.weight", weight), self._constant(f"{conv}.bias", bias)]
        kernel = list(weight.shape[2:])
        made = self._node(
            "Conv",
            inputs,
            f"{conv}.out" if relu6 else output or f"{conv}.out",
            auto_pad="SAME_UPPER",
            kernel_shape=kernel,
            strides=[stride, stride],
            group=len(weight) if depthwise else 1,
        )
        return self._node("Clip", [made, *self._limits], output or f"{conv}.relu6") if relu6 else made

    def _classifier(self, tensor: str) -> None:
        pooled = self._node("GlobalAveragePool", [tensor], "pooled")
        flat = self._node("Flatten", [pooled], "flat", axis=1)
        weight = self._constant("_fc.weight", self._state["_fc.weight"])
        bias = self._constant("_fc.bias", self._state["_fc.bias"])
        self._node("Gemm", [flat, weight, bias], "logits", transB=1)

    def _constant(self, name: str, values: NDArray[np.float32] | np.float32) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401 - ONNX takes many kinds
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def _model(self, maps: Mapping[int, str]) -> onnx.ModelProto:
        channels, classes = len(self._state["_conv_head.weight"]), len(self._state["_fc.weight"])
        pixels = _value("pixels", ["batch", 3, "height", "width"])
        outputs = [
            _value("feature_map", ["batch", channels, "rows", "columns"]),
            _value("logits", ["batch", classes]),
            *(self._map_value(block, name) for block, name in maps.items()),
        ]
        graph = helper.make_graph(self._nodes, "efficientnet-lite", [pixels], outputs, self._constants)
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="similis")

    def _map_value(self, block: int, name: str) -> onnx.ValueInfoProto:
        channels = len(self._state[f"_blocks.{block}._project_conv.weight"])
        return _value(name, ["batch", channels, f"{name}_rows", f"{name}_columns"])


def _fold(state: StateDict, conv: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The convolution's weight and bias with batch normalisation inside; computed in double precision."""
    parts = (state[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var"))
    gamma, beta, mean, variance = parts
    scale = gamma / np.sqrt(variance + _EPSILON)
    weight = state[f"{conv}.weight"] * scale[:, None, None, None]
    return weight.astype(np.float32), (beta - mean * scale).astype(np.float32)


def _value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
