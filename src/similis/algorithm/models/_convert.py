"""Converters: original weights → the bytes of an ONNX model that ONNX Runtime can load."""

from __future__ import annotations

from pathlib import Path

from similis.algorithm.models._manifest import ConverterName

_VERSIONS: dict[ConverterName, int] = {"efficientnet-lite2": 2, "onnx": 1, "u2net": 2}


def convert(converter: ConverterName, weights: Path) -> bytes:
    """Convert a file of weights.

    Args:
        converter: the converter's name.
        weights: the original file, its digest checked before.

    Raises:
        ModelDamaged: the weights are not what the converter expects.
    """
    from similis.algorithm.models._converters import CONVERTERS  # noqa: PLC0415 - loads ONNX, for once in a lifetime

    return CONVERTERS[converter](weights)


def converter_version(converter: ConverterName) -> str:
    """Name and version of a converter; a converted file of another version is made anew."""
    return f"{converter}/{_VERSIONS[converter]}"
