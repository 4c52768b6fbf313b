"""Model files: manifests, fetching, conversion to ONNX, verification."""

from similis.algorithm.models._checkpoint import StateDict, read_checkpoint
from similis.algorithm.models._efficientnet import efficientnet_lite
from similis.algorithm.models._manifest import InputSpec, Manifest, Role, Source, built_in_manifests, read_manifests
from similis.algorithm.models._store import ModelStatus, ModelStore, Progress

__all__ = [
    "InputSpec",
    "Manifest",
    "ModelStatus",
    "ModelStore",
    "Progress",
    "Role",
    "Source",
    "StateDict",
    "built_in_manifests",
    "efficientnet_lite",
    "read_checkpoint",
    "read_manifests",
]
