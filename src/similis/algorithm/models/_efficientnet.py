"""EfficientNet-Lite as an ONNX graph, built from a PyTorch state dictionary.

Source: Tan and Le, EfficientNet (ICML 2019); the Lite variants drop squeeze-and-excitation and use ReLU6.
Convolutions pad as TensorFlow's SAME; batch normalisation (epsilon 1e-3) is folded into the convolution before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from similis.algorithm.models._checkpoint import StateDict
from similis.domain import ModelDamaged

LITE2_REPEATS = (1, 3, 3, 4, 4, 5, 1)
STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
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
        float32[batch, channels, height/32, width/32] and `logits` float32[batch, classes]; sizes are free.

    Raises:
        ModelDamaged: an array is missing or has another shape than the network needs.
    """
    try:
        return _Builder(state).build(_block_strides(repeats, strides))
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


class _Builder:
    """Collects nodes and initialisers; every method returns the name of the tensor it made."""

    def __init__(self, state: StateDict) -> None:
        self._state = state
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def build(self, block_strides: Sequence[int]) -> onnx.ModelProto:
        zero = self._constant("zero", np.float32(0))
        six = self._constant("six", np.float32(6))
        self._limits = (zero, six)
        tensor = self._conv("pixels", "_conv_stem", "_bn0", stride=2)
        for index, stride in enumerate(block_strides):
            tensor = self._block(tensor, f"_blocks.{index}.", stride)
        self._conv(tensor, "_conv_head", "_bn1", output="feature_map")
        self._classifier("feature_map")
        return self._model()

    def _block(self, tensor: str, prefix: str, stride: int) -> str:
        """Inverted residual: expand, depthwise, project; added to its input where shapes allow."""
        inner = tensor
        if f"{prefix}_expand_conv.weight" in self._state:
            inner = self._conv(inner, f"{prefix}_expand_conv", f"{prefix}_bn0")
        inner = self._conv(inner, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride=stride, depthwise=True)
        inner = self._conv(inner, f"{prefix}_project_conv", f"{prefix}_bn2", relu6=False)
        if stride != 1 or not self._same_channels(prefix):
            return inner
        return self._node("Add", [inner, tensor], f"{prefix}sum")

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
            f"{conv}.out",
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

    def _model(self) -> onnx.ModelProto:
        channels, classes = len(self._state["_conv_head.weight"]), len(self._state["_fc.weight"])
        pixels = _value("pixels", ["batch", 3, "height", "width"])
        outputs = [
            _value("feature_map", ["batch", channels, "rows", "columns"]),
            _value("logits", ["batch", classes]),
        ]
        graph = helper.make_graph(self._nodes, "efficientnet-lite", [pixels], outputs, self._constants)
        opset = helper.make_opsetid("", _OPSET)
        return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="similis")


def _fold(state: StateDict, conv: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The convolution's weight and bias with batch normalisation inside; computed in double precision."""
    parts = (state[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var"))
    gamma, beta, mean, variance = parts
    scale = gamma / np.sqrt(variance + _EPSILON)
    weight = state[f"{conv}.weight"] * scale[:, None, None, None]
    return weight.astype(np.float32), (beta - mean * scale).astype(np.float32)


def _value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
