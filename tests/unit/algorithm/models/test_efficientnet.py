from __future__ import annotations

import math

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from similis.algorithm.models._efficientnet import efficientnet_lite
from similis.domain import ModelDamaged

Floats = NDArray[np.float64]
State = dict[str, NDArray[np.float32]]


def _same_conv(pixels: Floats, weight: NDArray[np.float32], stride: int, depthwise: bool) -> Floats:
    """Convolution with TensorFlow's SAME padding, one output value at a time."""
    kernel, (rows, columns) = weight.shape[-1], pixels.shape[1:]
    out_rows, out_columns = math.ceil(rows / stride), math.ceil(columns / stride)
    pads = [max((out - 1) * stride + kernel - side, 0) for out, side in ((out_rows, rows), (out_columns, columns))]
    padded = np.pad(pixels, [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads)])
    out = np.zeros((len(weight), out_rows, out_columns))
    for channel, row, column in np.ndindex(out.shape):
        top, left = row * stride, column * stride
        window = padded[:, top : top + kernel, left : left + kernel]
        window = window[channel : channel + 1] if depthwise else window
        out[channel, row, column] = (window * weight[channel]).sum()
    return out


def _layer(state: State, pixels: Floats, conv: str, norm: str, stride: int = 1, relu6: bool = True) -> Floats:
    out = _same_conv(pixels, state[f"{conv}.weight"], stride, "depthwise" in conv)
    gamma, beta, mean, variance = (
        state[f"{norm}.{part}"][:, None, None] for part in ("weight", "bias", "running_mean", "running_var")
    )
    normed: Floats = (out - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    return normed.clip(0, 6) if relu6 else normed


def _reference(state: State, pixels: Floats) -> tuple[Floats, Floats, Floats]:
    out = _layer(state, pixels, "_conv_stem", "_bn0", 2)
    out = _layer(state, out, "_blocks.0._depthwise_conv", "_blocks.0._bn1", 2)
    before = _layer(state, out, "_blocks.0._project_conv", "_blocks.0._bn2", relu6=False)
    out = _layer(state, before, "_blocks.1._expand_conv", "_blocks.1._bn0")
    out = _layer(state, out, "_blocks.1._depthwise_conv", "_blocks.1._bn1")
    detail = before + _layer(state, out, "_blocks.1._project_conv", "_blocks.1._bn2", relu6=False)
    out = _layer(state, detail, "_conv_head", "_bn1")
    return out, state["_fc.weight"] @ out.mean((1, 2)) + state["_fc.bias"], detail


@pytest.mark.parametrize("size", [(16, 16), (13, 18), (9, 7)])
def test_the_graph_computes_what_the_paper_says(tiny: State, size: tuple[int, int]) -> None:
    model = efficientnet_lite(tiny, repeats=(1, 1), strides=(2, 1))
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(2).normal(size=(3, *size))
    found = session.run(["feature_map", "logits", "detail"], {"pixels": pixels.astype(np.float32)[None]})
    for each, wanted in zip(found, _reference(tiny, pixels), strict=True):
        np.testing.assert_allclose(each[0], wanted, rtol=1e-4, atol=1e-4)


def test_batches_are_free(tiny: State) -> None:
    model = efficientnet_lite(tiny, repeats=(1, 1), strides=(2, 1))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(3).normal(size=(3, 3, 12, 12)).astype(np.float32)
    together = session.run(["logits"], {"pixels": pixels})[0]
    alone = [session.run(["logits"], {"pixels": picture[None]})[0][0] for picture in pixels]
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)


def test_a_missing_array_is_named(tiny: State) -> None:
    with pytest.raises(ModelDamaged, match=r"_blocks\.2"):
        efficientnet_lite(tiny, repeats=(1, 2), strides=(2, 1))
