"""The trained subject head as an ONNX graph, weights in half precision, batch normalisation inside convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from training.subject_teacher import MAPS

if TYPE_CHECKING:
    from training.subject_network import Level, SubjectHead

_OPSET = 17
_IR_VERSION = 8
SIZES = dict(zip(MAPS, (4, 9, 17, 33, 65), strict=True))


def export(head: SubjectHead) -> bytes:
    """The graph.

    Inputs `glance`, `feature_map`, `middle`, `fine` and `detail`, float32[1, channels, rows, columns]; output `mask`,
    float32[1, 1, 65, 65].
    """
    graph = _Graph()
    seen = ""
    for name, level in zip(MAPS, head.levels, strict=True):
        seen = graph.level(name, level, seen)
    graph.node("Sigmoid", [graph.convolve(seen, head.levels[-1].odds, "odds")], "mask")
    return graph.model([level.lateral[0].in_channels for level in head.levels])


class _Graph:
    """Collects nodes and constants; every method returns the name of the tensor it made."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:  # noqa: ANN401 - ONNX takes many kinds
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def level(self, name: str, level: Level, coarser: str) -> str:
        """One level: the map of this name, what the coarser ones made out, and the convolutions of both."""
        side = self.convolve(name, level.lateral, f"{name}.lateral")
        if level.narrow is not None:
            larger = self.enlarge(
                self.convolve(coarser, level.narrow, f"{name}.narrow"), SIZES[name], f"{name}.larger"
            )
            side = self.node("Add", [side, larger], f"{name}.sum")
        seen = self.node("Relu", [side], f"{name}.open")
        if level.overview is not None:
            mean = self.node("GlobalAveragePool", [seen], f"{name}.mean")
            overview = self.convolve(mean, level.overview, f"{name}.overview")
            seen = self.node("Add", [seen, overview], f"{name}.wide")
        for number, blend in enumerate(level.blends):
            more = self.node("Relu", [self.convolve(seen, blend, f"{name}.blend{number}")], f"{name}.more{number}")
            seen = self.node("Add", [seen, more], f"{name}.seen{number}")
        return seen

    def convolve(self, tensor: str, layer: nn.Sequential, name: str) -> str:
        weight, bias = _folded(layer)
        inputs = [tensor, self._halved(f"{name}.weight", weight), self._halved(f"{name}.bias", bias)]
        sizes = {"kernel_shape": list(weight.shape[2:]), "dilations": list(layer[0].dilation)}
        return self.node("Conv", inputs, f"{name}.out", pads=list(layer[0].padding) * 2, **sizes)

    def enlarge(self, tensor: str, side: int, name: str) -> str:
        self._constants.append(numpy_helper.from_array(np.array([side, side], np.int64), f"{name}.size"))
        shape = self.node("Shape", [tensor], f"{name}.shape", end=2)
        size = self.node("Concat", [shape, f"{name}.size"], f"{name}.sizes", axis=0)
        return self.node(
            "Resize", [tensor, "", "", size], name, mode="linear", coordinate_transformation_mode="align_corners"
        )

    def _halved(self, name: str, values: NDArray[np.float64]) -> str:
        """A constant kept in half precision, which ONNX Runtime widens once, when it loads the graph."""
        self._constants.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        return self.node("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)

    def model(self, channels: list[int]) -> bytes:
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, count, SIZES[name], SIZES[name]])
            for name, count in zip(MAPS, channels, strict=True)
        ]
        side = SIZES[MAPS[-1]]
        mask = helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, side, side])
        graph = helper.make_graph(self._nodes, "subject-head", inputs, [mask], self._constants)
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="similis")
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def _folded(layer: nn.Sequential) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight and bias of a convolution with the batch normalisation after it inside, if there is one."""
    convolution, *norms = layer
    weight = convolution.weight.detach().double().numpy()
    if not norms:
        return weight, convolution.bias.detach().double().numpy()
    (norm,) = norms
    scale = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach().double().numpy()
    bias = norm.bias.detach().double().numpy() - norm.running_mean.double().numpy() * scale
    return weight * scale[:, None, None, None], bias
