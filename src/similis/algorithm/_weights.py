"""Our own small weights, part of the package: `weights/NAME.npz` or `.onnx`, and figures in `weights/NAME.json`."""

from __future__ import annotations

import io
import json
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FOLDER = resources.files("similis.algorithm") / "weights"


def load_weights(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of one file of weights."""
    with np.load(io.BytesIO((_FOLDER / f"{name}.npz").read_bytes())) as arrays:
        return {key: arrays[key] for key in arrays.files}


def load_model(name: str) -> bytes:
    """A small network as an ONNX model."""
    return (_FOLDER / f"{name}.onnx").read_bytes()


def load_figures(name: str) -> dict[str, Any]:
    """What is recorded beside weights: parameters, provenance, measurements."""
    figures: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return figures
