"""What each converter does. ONNX takes long to load, so only `convert` does, when there is something to convert."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
from onnx.utils import Extractor

from similis.algorithm.models._checkpoint import read_checkpoint
from similis.algorithm.models._efficientnet import efficientnet_lite
from similis.algorithm.models._manifest import ConverterName
from similis.domain import ModelDamaged


def _efficientnet_lite2(weights: Path) -> bytes:
    with weights.open("rb") as stream:
        model = efficientnet_lite(read_checkpoint(stream))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _u2net(weights: Path) -> bytes:
    """Free the exported graph of its fixed 320 × 320 and keep what its third side output needs, named `mask`.

    Each side output of U²-Net is trained to be the mask; the third has a quarter of the input's sides. Without the
    decoder's two largest stages a pass takes a third of the time (130 against 460 ms), and the answers stay the same
    (mean IoU with the full graph on 150 pictures: masks 0.93, boxes around the main subject 0.94).
    """
    model = _load(weights)
    try:
        _end_with_side_output(model.graph, 3)
        model = Extractor(model).extract_model([model.graph.input[0].name], ["mask"])
    except (KeyError, IndexError) as error:
        raise ModelDamaged(
            f"{weights.name} is no U²-Net: {error}.", "Give the weights that the manifest names."
        ) from None
    for value, sides in ((model.graph.input[0], ("height", "width")), (model.graph.output[0], ("rows", "columns"))):
        for axis, name in ((0, "batch"), (2, sides[0]), (3, sides[1])):
            value.type.tensor_type.shape.dim[axis].dim_param = name
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _end_with_side_output(graph: onnx.GraphProto, index: int) -> None:
    """Give a side output (convolution → resize → sigmoid) the name `mask`, and leave its enlargement out."""
    makers = {name: node for node in graph.node for name in node.output}
    sigmoid = makers[graph.output[index].name]
    resize = makers[sigmoid.input[0]]
    sigmoid.input[0] = resize.input[0]
    sigmoid.output[0] = graph.output[index].name = "mask"


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


CONVERTERS: dict[ConverterName, Callable[[Path], bytes]] = {
    "efficientnet-lite2": _efficientnet_lite2,
    "onnx": _as_it_is,
    "u2net": _u2net,
}
