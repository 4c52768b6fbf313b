"""Carries an import, or a rebuild from storage, to its end: from increment.meta to commits."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from similis.algorithm import Analysis
from similis.catalogue import Batch, Catalogue, Checkpoint, Claim, NewPicture, Removal
from similis.domain import (
    CapacityReached,
    Instance,
    InstanceEmpty,
    NothingToTune,
    Picture,
    SourceChanged,
    SourceUnreachable,
    Task,
    TaskFailure,
    TaskKind,
    TaskStatus,
    TooManyFailures,
)
from similis.privacy import Keyring
from similis.service._analyst import Analyst
from similis.service._connections import Connections
from similis.service._hold import Hold, held_until
from similis.service._indexes import Indexes
from similis.service._pictures import applied_category, stored_vector
from similis.service._processes import ParallelAnalyst
from similis.service._shadowing import shadow_of
from similis.service._tuning import Tunings
from similis.transfer import (
    Addition,
    Deletion,
    Extracted,
    Extractor,
    LocalExtractor,
    ObjectInfo,
    Ready,
    Source,
    SourceDirectory,
    SourceSpec,
    WorkedLine,
    batches,
    check_region,
    find_meta,
    meta_chunks,
    read_increment,
)

log = logging.getLogger(__name__)

MakeExtractor = Callable[[SourceSpec, Source, SourceDirectory, Instance], Extractor]

PATIENCE = 600.0
"""Seconds for which storage may be away before a task that makes no progress fails."""
PATIENCE_AT_FIRST = 10.0
"""The same before increment.meta was found: then the connection is likely wrong, and somebody waits."""
_LONGEST_WAIT = 30.0


class Importer:
    """Runs imports; what it has committed is never done again, whatever happens to it."""

    def __init__(
        self,
        catalogue: Catalogue,
        keyring: Keyring,
        connections: Connections,
        indexes: Indexes,
        tunings: Tunings,
        analyst: ParallelAnalyst,
    ) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._connections = connections
        self._indexes = indexes
        self._tunings = tunings
        self._analyst = analyst

    def run(self, task: Task, hold: Hold, make_extractor: MakeExtractor | None = None) -> None:
        """Go on with a task from its checkpoint; when this returns, it has ended well.

        Storage that is away is waited for.

        Raises:
            SimilisError: what ends the task.
        """
        came_on, before = time.monotonic(), self._catalogue.importing.checkpoint(task.id)
        while True:
            try:
                with self._analyst.busy():
                    return self._attempt(task, hold, make_extractor or self._local)
            except SourceUnreachable as error:
                now = self._catalogue.importing.checkpoint(task.id)
                if now != before:
                    came_on, before = time.monotonic(), now
                away = time.monotonic() - came_on
                if away >= (PATIENCE_AT_FIRST if now.etag is None else PATIENCE):
                    raise
                log.warning("Task %d waits. %s", task.id, error.message)
                _wait(min(1.0 + away, _LONGEST_WAIT), hold)

    def _attempt(self, task: Task, hold: Hold, make_extractor: MakeExtractor) -> None:
        if task.source is None:
            raise ValueError("an export is no import")
        instance = self._catalogue.instance(task.instance)
        directory = SourceDirectory(task.source.path)
        spec = self._connections.spec(task.source.connection, task.source.bucket)
        with closing(spec.open()) as source:
            check_region(source, instance.spec.region)
            meta = find_meta(source, directory)
            checkpoint = self._begun(task, hold.claim, meta)
            target = instance
            if task.kind is TaskKind.REBUILD:
                target = shadow_of(self._catalogue, self._keyring, task, instance, hold.claim)
            chunks = meta_chunks(source, directory.meta_file, meta, checkpoint.read_bytes)
            lines = read_increment(chunks, checkpoint.line + 1, checkpoint.read_bytes)
            called = replace(target, spec=instance.spec)  # in errors, for nobody knows another name than that
            with closing(make_extractor(spec, source, directory, called)) as extractor:
                for batch in batches(lines, extractor, hold.pulse):
                    self._apply(hold, called, batch)
        if task.kind is TaskKind.REBUILD:
            self._exchange(hold, instance, target)
        else:
            self._catalogue.tasks.finish(hold.claim, TaskStatus.SUCCESS)

    def _local(
        self, _spec: SourceSpec, source: Source, directory: SourceDirectory, instance: Instance
    ) -> LocalExtractor:
        def analyse(data: bytes, addition: Addition) -> Extracted:
            return extract(self._analyst, data, addition, instance)

        return LocalExtractor(source, directory, analyse)

    def _begun(self, task: Task, claim: Claim, meta: ObjectInfo) -> Checkpoint:
        """The checkpoint of this very increment.meta."""
        checkpoint = self._catalogue.importing.checkpoint(task.id)
        if checkpoint.etag is None:
            self._catalogue.importing.begin(claim, meta.etag, meta.size)
        elif checkpoint.etag != meta.etag:
            raise SourceChanged(
                f"The file increment.meta is another than the one of which {checkpoint.line} lines were applied.",
                "Begin a new import: what was applied already will be replaced.",
            )
        return checkpoint

    def _apply(self, hold: Hold, target: Instance, lines: list[WorkedLine]) -> None:
        """Commit lines; where an instance becomes full, those that still fit."""
        try:
            self._commit(hold, target, lines)
        except CapacityReached:
            for line in lines:
                self._commit(hold, target, [line])
        self._indexes.follow(target)

    def _commit(self, hold: Hold, target: Instance, lines: list[WorkedLine]) -> None:
        ready = [each for line in lines for each in line.operations if isinstance(each, Ready)]
        vectors = self._keyed(target, ready)
        operations = [
            Removal(each.product_id, each.pic_name)
            if isinstance(each, Deletion)
            else NewPicture(_picture(each), vectors[id(each)])
            for line in lines
            for each in line.operations
        ]
        failures = [
            TaskFailure(each.line, each.product_id, each.pic_name, each.code, each.message)
            for line in lines
            for each in line.failures
        ]
        last = lines[-1]
        batch = Batch(operations, failures, len(lines), last.line, last.end)
        hold.progressed(self._catalogue.importing.apply(hold.claim, target, batch, held_until()))

    def _keyed(self, target: Instance, ready: list[Ready]) -> dict[int, npt.NDArray[np.float16]]:
        """Features as they are stored, by the identity of what they belong to."""
        if not ready:
            return {}
        rows = stored_vector(self._keyring, target, np.stack([each.extracted.vector for each in ready]))
        return {id(each): row for each, row in zip(ready, rows, strict=True)}

    def _exchange(self, hold: Hold, instance: Instance, shadow: Instance) -> None:
        """Let what was built take the instance's place, unless it is so much poorer that this must be a mistake."""
        counts = self._catalogue.tasks.get(hold.claim.task_id).counts
        if not self._catalogue.instance(shadow.name).picture_count:
            raise InstanceEmpty(
                "The file increment.meta gave no picture.", "The instance stays as it was. See the failed lines."
            )
        if counts.failed > counts.added:
            raise TooManyFailures(
                f"{counts.failed} pictures failed and {counts.added} could be added.",
                "The instance stays as it was. See the failed lines.",
            )
        tuning = self._catalogue.instance(instance.name).tuning  # as it is now
        if tuning is not None and tuning.adopted:
            with suppress(NothingToTune):
                self._tunings.tune_in_turn(shadow)
        self._indexes.follow(self._catalogue.instance(shadow.name))
        self._catalogue.shadows.swap(hold.claim, instance, shadow)


def extract(analyst: Analyst, data: bytes, addition: Addition, instance: Instance) -> Extracted:
    """Analyse a picture as `Pictures.add` does, and keep what an import needs of it."""
    found: Analysis = analyst.analyse(
        data,
        model=instance.model,
        crop=addition.crop,
        region=addition.region,
        category=applied_category(instance, addition.category),
    )
    return Extracted(found.subject.category, found.subject.region, found.vector)


def _picture(ready: Ready) -> Picture:
    addition, extracted = ready.addition, ready.extracted
    return Picture(addition.key, extracted.category, extracted.region, addition.custom_content, addition.attributes)


def _wait(seconds: float, hold: Hold) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        hold.pulse()
        time.sleep(min(left, 1.0))
