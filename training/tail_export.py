"""Put the tuned tail into the package: `python -m training.tail_export --state FILE …`.

Writes `tail.onnx` (input `middle` float32[1, 120, rows, columns], output `tuned` float32[1, 1280, rows/2, columns/2],
weights in half precision) and `tail.json`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from training.pictures import BACKBONE, WEIGHTS, fingerprint, option_parser, save
from training.tail_network import BLOCKS, Block, Convolution, backbone_weights, tail_body

from similis.algorithm import ModelStore

_OPSET = 17
_IR_VERSION = 8
NOTICE = (
    "tail.onnx is a changed version of stages six and seven of EfficientNet-Lite2 (Apache License 2.0; Tan and Le, "
    "Google; PyTorch weights by efficientnet-lite-pytorch), tuned by training/tail.py."
)


def main() -> None:
    """Write the three files."""
    options = _arguments()
    backbone = ModelStore(options.models).path(BACKBONE)
    state = {
        name.removeprefix("body."): values for name, values in torch.load(options.state, weights_only=True).items()
    }
    body = tail_body(backbone_weights(backbone))
    body.load_state_dict(state)
    (WEIGHTS / "tail.onnx").write_bytes(export(body))
    figures = {"script": "training/tail.py", "notice": NOTICE, "data": fingerprint(options.data)}
    save("tail", figures | {"sets": options.sets, "steps": options.steps})


def export(body: nn.Sequential) -> bytes:
    """The convolutions as an ONNX graph; pooling and projection are left to the package."""
    graph = _Graph()
    *blocks, head = body
    tensor = "middle"
    for number, block in zip(BLOCKS, blocks, strict=True):
        tensor = graph.block(tensor, block, f"{number}", stride=2 if number == BLOCKS[0] else 1)
    graph.convolve(tensor, head, "head", output="tuned")
    return graph.model()


class _Graph:
    """Collects nodes and constants; every method returns the name of the tensor it made."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants = [numpy_helper.from_array(np.array(limit, np.float32), f"{limit}") for limit in (0, 6)]

    def block(self, tensor: str, block: Block, name: str, stride: int) -> str:
        wide = self.convolve(tensor, block.expand, f"{name}.expand")
        seen = self.convolve(wide, block.depthwise, f"{name}.depthwise", stride=stride, depthwise=True)
        made = self.convolve(seen, block.project, f"{name}.project", relu6=False)
        same = stride == 1 and block.expand.weight.shape[1] == block.project.weight.shape[0]
        return self._node("Add", [tensor, made], f"{name}.sum") if same else made

    def convolve(
        self,
        tensor: str,
        layer: Convolution,
        name: str,
        *,
        stride: int = 1,
        depthwise: bool = False,
        relu6: bool = True,
        output: str | None = None,
    ) -> str:
        weight = _array(layer.weight)
        inputs = [tensor, self._halved(f"{name}.weight", weight), self._halved(f"{name}.bias", _array(layer.bias))]
        made = self._node(
            "Conv",
            inputs,
            f"{name}.out",
            auto_pad="SAME_UPPER",
            kernel_shape=list(weight.shape[2:]),
            strides=[stride, stride],
            group=len(weight) if depthwise else 1,
        )
        return self._node("Clip", [made, "0", "6"], output or f"{name}.relu6") if relu6 else made

    def _halved(self, name: str, values: NDArray[np.float32]) -> str:
        """A constant kept in half precision, which ONNX Runtime widens once, when it loads the graph."""
        self._constants.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        return self._node("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: int | str | list[int]) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))  # type: ignore[arg-type]  # attributes are of many kinds
        return output

    def model(self) -> bytes:
        middle = helper.make_tensor_value_info("middle", TensorProto.FLOAT, [1, 120, "rows", "columns"])
        tuned = helper.make_tensor_value_info("tuned", TensorProto.FLOAT, [1, 1280, "half_rows", "half_columns"])
        graph = helper.make_graph(self._nodes, "tuned-tail", [middle], [tuned], self._constants, doc_string=NOTICE)
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="similis")
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def _array(values: torch.Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = values.detach().contiguous().numpy()
    return array


def _arguments() -> argparse.Namespace:
    parser = option_parser(__doc__ or "")
    parser.add_argument("--state", type=Path, required=True, help="what training.tail wrote")
    parser.add_argument("--sets", nargs="+", required=True, help="the sets it learned from")
    parser.add_argument("--steps", type=int, required=True, help="the steps it learned for")
    return parser.parse_args()


if __name__ == "__main__":
    main()
