"""What the page on models of one's own takes for granted: an encoder as an ONNX file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, DIMENSION = 224, 512


def write_encoder(path: Path) -> None:
    """Mean colours, spread over the dimensions by a fixed matrix."""
    spread = np.random.default_rng(0).normal(size=(3, DIMENSION)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "spread"], ["image_embeds"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, SIDE, SIDE])
    features = helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, [1, DIMENSION])
    graph = helper.make_graph(nodes, "encoder", [pixels], [features], [numpy_helper.from_array(spread, "spread")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
