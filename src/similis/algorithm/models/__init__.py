"""Model files: manifests, fetching, conversion to ONNX, verification."""

from similis.algorithm.models._checkpoint import StateDict, read_checkpoint
from similis.algorithm.models._manifest import (
    CalibrationSpec,
    InputSpec,
    Manifest,
    Role,
    Source,
    TokenizerSpec,
    built_in_manifests,
    read_manifests,
)
from similis.algorithm.models._store import ModelStatus, ModelStore, Progress

__all__ = [
    "CalibrationSpec",
    "InputSpec",
    "Manifest",
    "ModelStatus",
    "ModelStore",
    "Progress",
    "Role",
    "Source",
    "StateDict",
    "TokenizerSpec",
    "built_in_manifests",
    "read_checkpoint",
    "read_manifests",
]
