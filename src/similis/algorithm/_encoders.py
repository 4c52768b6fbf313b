"""Encoders that a user adds by manifest: pictures, and texts into the same space (as CLIP and SigLIP do)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._attention import Sight
from similis.algorithm._backbone import Pixels, as_input
from similis.algorithm._features import Features, unit
from similis.algorithm._runtime import cpu_session
from similis.algorithm.models import Manifest, TokenizerSpec
from similis.domain import ModelDamaged, ModelNotFetched


class Description(Protocol):
    """What turns a region of a picture into features: the built-in recipe, or an added encoder."""

    name: str
    dimension: int

    def describe(self, sight: Sight) -> Features:
        """Features of a picture, with attention to its region: float32[dimension], of unit length."""

    def by_colour(self, vector: Features, times: float) -> Features | None:
        """Features with so many times the weight for colours, of unit length; None where these cannot be told."""

    def apart(self, vector: Features, palettes: Sequence[Pixels]) -> Features | None:
        """What is seen, the colours and those of palettes, each by itself; None where these cannot be told."""


class ImageEncoder:
    """An added model that makes features by itself, output `features`: float32[1, dimension]. Safe for threads.

    Args:
        path: the model file, from `ModelStore.path`.
        manifest: tells how pixels enter and what the output is called.
        threads: threads inside one pass.
    """

    def __init__(self, path: Path, manifest: Manifest, threads: int = 1) -> None:
        self._session = cpu_session(path, threads)
        self._input = self._session.get_inputs()[0].name
        self._output = manifest.outputs["features"]
        self._spec = manifest.picture_input()
        self.name = manifest.name
        self.dimension = manifest.dimension

    def describe(self, sight: Sight) -> Features:
        """Features of the region alone: float32[dimension], of unit length."""
        (rows,) = self._session.run([self._output], {self._input: as_input(sight.seen, self._spec)})
        return _checked(rows[0], self.name, self.dimension)

    def by_colour(self, vector: Features, times: float) -> None:
        """None: which numbers of an added model speak of colours is unknown."""

    def apart(self, vector: Features, palettes: Sequence[Pixels]) -> None:
        """None, for the same reason."""


class TextEncoder:
    """An added model that puts texts where its image encoder puts pictures they describe. Safe for threads.

    Inputs `input_ids` and, where the graph has it, `attention_mask`: int64[1, length]; output `features`.

    Args:
        path: the model file, from `ModelStore.path`.
        manifest: names the output and the tokenizer.
        threads: threads inside one pass.

    Raises:
        ModelNotFetched: the tokenizer's file or the library that reads it is missing.
    """

    def __init__(self, path: Path, manifest: Manifest, threads: int = 1) -> None:
        self._session = cpu_session(path, threads)
        self._inputs = [each.name for each in self._session.get_inputs()]
        self._output = manifest.outputs["features"]
        self._tokenizer = _Tokenizer(manifest.text_tokenizer())
        self.name = manifest.name
        self.dimension = manifest.dimension

    def encode(self, text: str) -> Features:
        """Features of a text: float32[dimension], of unit length."""
        ids, mask = self._tokenizer.encode(text)
        given = dict(zip(self._inputs, (ids, mask), strict=False))
        (rows,) = self._session.run([self._output], given)
        return _checked(rows[0], self.name, self.dimension)


class _Tokenizer:
    def __init__(self, spec: TokenizerSpec) -> None:
        try:
            from tokenizers import Tokenizer  # noqa: PLC0415 - an extra, only for those who search by text
        except ImportError:
            raise ModelNotFetched(
                "The library that splits texts into tokens is missing.", "Run: pip install 'similis[text]'."
            ) from None
        if not Path(spec.location).is_file():
            raise ModelNotFetched(
                f"The tokenizer {spec.location} is missing.",
                "Put the model's tokenizer.json where its manifest says.",
            )
        self._tokenizer = Tokenizer.from_file(spec.location)
        self._tokenizer.enable_truncation(spec.length)
        self._tokenizer.enable_padding(length=spec.length, pad_id=spec.pad_id)

    def encode(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        tokens = self._tokenizer.encode(text)
        return np.array([tokens.ids], dtype=np.int64), np.array([tokens.attention_mask], dtype=np.int64)


def _checked(row: NDArray[np.floating], name: str, dimension: int) -> Features:
    if row.shape != (dimension,):
        raise ModelDamaged(
            f"The model {name} gives {row.shape} numbers a picture, not {dimension}.", "Correct its manifest."
        )
    return unit(row)
