"""A pair of encoders added by manifest: pictures by their mean colour, texts by the colours they name."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers

from similis.algorithm import Pipeline
from similis.domain import (
    FeatureModelMismatch,
    InstanceSpec,
    InstanceType,
    InvalidText,
    NoTextEncoder,
    PictureKey,
    SearchOptions,
)
from similis.service import App, Settings, model_store

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}
WORDS = {"[PAD]": 0, "[UNK]": 1, **{name: number for number, name in enumerate(COLOURS, start=2)}}
DIMENSION = 16
SPREAD = np.random.default_rng(0).normal(size=(3, DIMENSION)).astype(np.float32)
SPEC = InstanceSpec("colours", InstanceType.GENERIC)


@pytest.fixture
def coloured(settings: Settings, pipeline: Pipeline, tmp_path: Path) -> Settings:
    """Settings whose models directory has the two encoders, fetched by their manifests."""
    models_here = tmp_path / "models"
    (models_here / "manifests").mkdir(parents=True)
    _write_manifest(models_here, "colour-image", _image_encoder(), {
        "role": "image", "input": {"height": 16, "width": 16}, "calibration": {"middle": 0.5, "slope": 9},
    })  # fmt: skip
    _write_tokenizer(models_here / "tokenizer.json")
    _write_manifest(models_here, "colour-text", _text_encoder(), {
        "role": "text", "pair": "colour-image", "calibration": {"middle": 0.5, "slope": 9},
        "tokenizer": {"location": str(models_here / "tokenizer.json"), "length": 8},
    })  # fmt: skip
    ours = settings.model_copy(update={"models": models_here})
    store = model_store(ours)
    for name in ("colour-image", "colour-text"):
        store.fetch(name)
    assert pipeline.model != "colour-image"
    return ours


def test_a_text_finds_the_pictures_it_describes(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        app.instances.create(SPEC, model="colour-image")
        for name, colour in COLOURS.items():
            app.pictures.add("colours", _plain(colour), PictureKey(name, "a"))
        for name in COLOURS:
            result = app.search.by_text("colours", f"a {name} thing")
            assert result.matches[0].product_id == name
            assert len(result.matches) == len(COLOURS)
        best = app.search.by_text("colours", "red", SearchOptions(num=1)).matches
        assert [match.product_id for match in best] == ["red"]


def test_two_models_serve_side_by_side_and_do_not_mix(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        added = app.instances.create(SPEC, model="colour-image")
        built_in = app.instances.create(InstanceSpec("plain", InstanceType.GENERIC))
        assert (added.dimension, built_in.dimension) == (DIMENSION, pipeline.dimension)
        for name in ("colours", "plain"):
            app.pictures.add(name, _plain(COLOURS["red"]), PictureKey("red", "a"))
            assert app.search.by_picture(name, _plain(COLOURS["red"])).matches[0].score == 1.0
        with pytest.raises(NoTextEncoder):
            app.search.by_text("plain", "red")


def test_the_text_is_checked(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        app.instances.create(SPEC, model="colour-image")
        for text in ("", "  ", "a" * 513):
            with pytest.raises(InvalidText):
                app.search.by_text("colours", text)


def test_an_instance_whose_encoder_is_gone_is_not_used(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        app.instances.create(SPEC, model="colour-image")
    (coloured.models / "manifests" / "colour-image.json").unlink()
    with App.open(coloured, pipeline) as app, pytest.raises(FeatureModelMismatch, match="colour-image"):
        app.search.by_picture("colours", _plain(COLOURS["red"]))


def test_only_image_encoders_make_instances(coloured: Settings, pipeline: Pipeline) -> None:
    with App.open(coloured, pipeline) as app:
        for model in ("colour-text", "nothing", "u2netp"):
            with pytest.raises(FeatureModelMismatch):
                app.instances.create(SPEC, model=model)


def _plain(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (120, 120), colour).save(buffer, "PNG")
    return buffer.getvalue()


def _image_encoder() -> onnx.ModelProto:
    """Mean colour, centred, spread over the dimensions by a fixed matrix."""
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "centre"], ["centred"]),
        helper.make_node("MatMul", ["centred", "spread"], ["features"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([0.4], np.float32), "centre"),
        numpy_helper.from_array(SPREAD, "spread"),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, 16, 16])
    return _model(nodes, [pixels], constants)


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
