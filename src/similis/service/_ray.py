"""Imports whose pictures are fetched and analysed on the machines of a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from similis.algorithm import SubjectMode
from similis.domain import Instance
from similis.service._decoding import Decoding
from similis.service._dumps import forbid_dumps, wipe_freed_memory
from similis.service._importing import MakeExtractor, extract
from similis.service._processes import Models
from similis.service._settings import Settings
from similis.transfer import (
    Addition,
    BatchWorker,
    Extracted,
    Extractor,
    RayExtractor,
    Source,
    SourceDirectory,
    SourceSpec,
    check_ray,
)


def on_ray(settings: Settings, address: str | None = None) -> MakeExtractor:
    """What lets `Transfers.run` have the work done by Ray.

    Args:
        settings: of this machine.
        address: `host:port` of a cluster to which this machine belongs; the others need the same version of Similis
            and, where their own settings say, the models. None starts a Ray of this machine alone.

    Raises:
        InvalidInput: the address is none.
        Unavailable: Ray is not installed, or nothing answers at the address.
    """
    check_ray(address)
    models = settings.models if address is None else None

    def make(spec: SourceSpec, _source: Source, directory: SourceDirectory, instance: Instance) -> Extractor:
        make_worker = _MakeWorker(models, settings.subject_finder, settings.decoding, spec, directory, instance)
        return RayExtractor(make_worker, address, settings.threads)

    return make


@dataclass(frozen=True, slots=True)
class _MakeWorker:
    """All that a process elsewhere needs; nothing of the catalogue, and no key: features come back as they are."""

    models: Path | None
    finder: SubjectMode
    decoding: Decoding
    spec: SourceSpec
    directory: SourceDirectory
    instance: Instance

    def __call__(self) -> BatchWorker:
        forbid_dumps()
        wipe_freed_memory()
        analyst = Models(self.models or Settings().models, self.finder, self.decoding).analyst()

        def analyse(data: bytes, addition: Addition) -> Extracted:
            return extract(analyst, data, addition, self.instance)

        return BatchWorker(self.spec.open(), self.directory, analyse)
