"""Converters: original weights → the bytes of an ONNX model that ONNX Runtime can load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx

from similis.algorithm.models._checkpoint import read_checkpoint
from similis.algorithm.models._efficientnet import efficientnet_lite
from similis.algorithm.models._manifest import ConverterName
from similis.domain import ModelDamaged


def convert(converter: ConverterName, weights: Path) -> bytes:
    """Convert a file of weights.

    Args:
        converter: the converter's name.
        weights: the original file, its digest checked before.

    Raises:
        ModelDamaged: the weights are not what the converter expects.
    """
    make, _version = _CONVERTERS[converter]
    return make(weights)


def converter_version(converter: ConverterName) -> str:
    """Name and version of a converter; a converted file of another version is made anew."""
    _make, version = _CONVERTERS[converter]
    return f"{converter}/{version}"


def _efficientnet_lite2(weights: Path) -> bytes:
    with weights.open("rb") as stream:
        model = efficientnet_lite(read_checkpoint(stream))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _u2net(weights: Path) -> bytes:
    """Free the exported graph of its fixed 320 × 320 and keep only the fused mask, named `mask`.

    Its resizes already take their sizes from other tensors; only the declared shapes bind it.
    """
    model = _load(weights)
    graph = model.graph
    del graph.output[1:]
    fused = graph.output[0]
    for node in graph.node:
        node.output[:] = ["mask" if name == fused.name else name for name in node.output]
    fused.name = "mask"
    for value in (graph.input[0], fused):
        for axis, name in ((0, "batch"), (2, "height"), (3, "width")):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    del graph.value_info[:]
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _as_it_is(weights: Path) -> bytes:
    _load(weights)
    return weights.read_bytes()


def _load(weights: Path) -> onnx.ModelProto:
    content = weights.read_bytes()
    try:
        onnx.checker.check_model(content)
    except (ValueError, onnx.checker.ValidationError) as error:
        raise ModelDamaged(
            f"{weights.name} is no ONNX model: {str(error)[:200]}", "Give an ONNX file without external data."
        ) from None
    return onnx.load_from_string(content)


_CONVERTERS: dict[ConverterName, tuple[Callable[[Path], bytes], int]] = {
    "efficientnet-lite2": (_efficientnet_lite2, 1),
    "onnx": (_as_it_is, 1),
    "u2net": (_u2net, 1),
}
