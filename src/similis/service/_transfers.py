"""Use cases of imports, rebuilds from storage, and exports."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta

from similis.catalogue import Catalogue
from similis.domain import (
    ACTOR_SERVICE,
    OUTCOME_OK,
    AuditAction,
    AuditEvent,
    ExportNotReady,
    ImportSource,
    InstanceNotFound,
    KeyringFailed,
    Task,
    TaskFailure,
    TaskKind,
    TaskNotFound,
    TaskStatus,
)
from similis.service._audit_log import AuditLog
from similis.service._connections import Connections
from similis.service._exporting import Exporter
from similis.service._hold import Hold
from similis.service._importing import Importer, MakeExtractor
from similis.service._instances import Instances
from similis.service._links import Links
from similis.service._rekeying import Rekeyer
from similis.service._task_runner import TaskRunner
from similis.transfer import SourceDirectory

log = logging.getLogger(__name__)

Chore = Callable[[], None]

_STILL_SEARCHED = timedelta(minutes=1)
"""Within which searches that began before a rebuild ended are done."""
_REMEMBERED = timedelta(days=90)
_TIDIED_EVERY = 60.0


class Transfers:
    """The verbs of tasks. In a service threads work on them between `begin` and `end`; elsewhere `run` does."""

    def __init__(
        self,
        catalogue: Catalogue,
        connections: Connections,
        instances: Instances,
        importer: Importer,
        rekeyer: Rekeyer,
        exporter: Exporter,
        links: Links,
        check_callback: Callable[[str], None],
        audit: AuditLog,
    ) -> None:
        self._catalogue = catalogue
        self._connections = connections
        self._instances = instances
        self._importer = importer
        self._rekeyer = rekeyer
        self._exporter = exporter
        self._check_callback = check_callback
        self._audit = audit
        self._runner = TaskRunner(catalogue, self._work, self._note_end)
        self._tidy_at = 0.0
        self.link = links.sign
        self.check_link = links.check

    def start_import(
        self,
        instance_name: str,
        source: ImportSource,
        *,
        rebuild: bool = False,
        callback: str | None = None,
        caller: str | None = None,
        origin: str | None = None,
    ) -> Task:
        """Ask for an import of what increment.meta names, or for a rebuild of the whole instance from it.

        A rebuild fills a new instance beside the live one, which is searched until the new one takes its place in one
        step. Until then the live one takes no changes, which would be lost; when the rebuild fails it stays as it is.

        Args:
            instance_name: where to.
            source: where from.
            rebuild: build the instance anew.
            callback: URL that is told of the end.
            caller: id of the access key that asks, which signs the callback.
            origin: URL at which the service was called, for links.

        Raises:
            InstanceNotFound: there is no such instance.
            ConnectionNotFound: there is no such connection, or it is for other instances.
            InvalidInput: bucket, path or the callback's URL cannot be used.
            TaskRunning: an import or rebuild of this instance is under way.
            InstanceEmpty: there is nothing to rebuild.
        """
        SourceDirectory(source.path)
        if callback is not None:
            self._check_callback(callback)
        instance = self._instances.get(instance_name)
        self._connections.require(source, instance.name)
        kind = TaskKind.REBUILD if rebuild else TaskKind.IMPORT
        task = self._catalogue.tasks.create(instance, kind, source, callback=callback, caller=caller, origin=origin)
        self._runner.wake()
        return task

    def start_export(self, instance_name: str, *, caller: str | None = None, origin: str | None = None) -> Task:
        """Ask for an export of the pictures that are there now.

        Raises:
            InstanceNotFound: there is no such instance.
            TaskRunning: an export of this instance is under way.
        """
        instance = self._instances.get(instance_name)
        task = self._catalogue.tasks.create(instance, TaskKind.EXPORT, caller=caller, origin=origin)
        self._runner.wake()
        return task

    def start_rekey(self, instance_name: str, *, caller: str | None = None) -> Task:
        """Ask for a new key of an instance: all that is stored of its pictures is turned and sealed anew.

        A new instance is filled beside the live one, which is searched until the new one takes its place in one step,
        and takes no changes until then. The old key is destroyed within minutes.

        Raises:
            InstanceNotFound: there is no such instance.
            TaskRunning: an import, rebuild or change of key of this instance is under way.
        """
        task = self._catalogue.tasks.create(self._instances.get(instance_name), TaskKind.REKEY, caller=caller)
        self._runner.wake()
        return task

    def connection_for(self, instance_name: str, bucket: str) -> str | None:
        """The connection by which an instance reaches a bucket, None where there is none."""
        return self._connections.serving(instance_name, bucket)

    def get(self, task_id: int) -> Task:
        """One task.

        Raises:
            TaskNotFound: there is none of this number.
        """
        return self._catalogue.tasks.get(task_id)

    def list(
        self,
        instance_name: str,
        kinds: Collection[TaskKind] = tuple(TaskKind),
        *,
        start: int = 0,
        num: int = 10,
        task_id: int | None = None,
    ) -> tuple[list[Task], int]:
        """The newest tasks of an instance, newest first, and how many there are in all.

        Args:
            instance_name: whose.
            kinds: which.
            start: how many of the newest to pass over.
            num: at most so many.
            task_id: only this one.

        Raises:
            InstanceNotFound: there is no such instance.
        """
        instance = self._instances.get(instance_name)
        return self._catalogue.tasks.page(instance, kinds, start=start, num=num, task_id=task_id)

    def unfinished(self, instance_name: str, source: ImportSource, *, rebuild: bool) -> Task | None:
        """The import of this very source that has not ended, None where there is none."""
        kind = TaskKind.REBUILD if rebuild else TaskKind.IMPORT
        tasks, _ = self.list(instance_name, [kind], num=1)
        return next((each for each in tasks if not each.done and each.source == source), None)

    def cancel(self, task_id: int) -> Task:
        """Ask a task to stop, which it does within seconds; what it had done stays, but for a rebuild.

        Raises:
            TaskNotFound: there is none of this number.
        """
        task = self._catalogue.tasks.cancel(task_id, datetime.now(UTC))
        if task.done:
            self.remove_retired()
        return task

    def failures(self, task_id: int) -> Iterator[TaskFailure]:
        """What of a task's lines was not applied, in their order.

        Raises:
            TaskNotFound: there is none of this number.
        """
        return self._catalogue.tasks.failures(task_id)

    def exported(self, instance_name: str) -> Iterator[bytes]:
        """Lines that add all pictures of an instance again.

        Raises:
            InstanceNotFound: there is no such instance.
        """
        instance = self._instances.get(instance_name)
        return self._exporter.lines(instance, self._catalogue.last_seq(instance))

    def export_lines(self, task_id: int) -> Iterator[bytes]:
        """Lines that add the pictures again that were there when an export was asked for and still are.

        Raises:
            TaskNotFound: there is no export of this number.
            ExportNotReady: it has not ended, or not well.
        """
        task = self.get(task_id)
        if task.kind is not TaskKind.EXPORT:
            raise TaskNotFound(f"Task {task_id} is no export.", "Give the number of an export.")
        if task.status is not TaskStatus.SUCCESS:
            raise ExportNotReady(f"Export {task_id} has not ended well.", "Wait until it has, or begin another.")
        return self._exporter.lines(self._catalogue.instance(task.instance), self._catalogue.tasks.until_seq(task_id))

    def run(
        self,
        task_id: int,
        make_extractor: MakeExtractor | None = None,
        on_progress: Callable[[Task], None] | None = None,
    ) -> Task:
        """Carry a task to its end, here and now, or follow it where another process works on it.

        Args:
            task_id: its number.
            make_extractor: what turns pictures into features; this machine's processors by default.
            on_progress: told how the task stands, about once a second.

        Raises:
            TaskNotFound: there is none of this number.
            Unavailable: something of ours cannot be used, such as the catalogue or the models; the task goes on when
                it is run again.
        """

        def work(task: Task, hold: Hold) -> None:
            self._work(task, hold, make_extractor)

        while not (task := self.get(task_id)).done:
            if not self._runner.work_on(task_id, work, on_progress):
                time.sleep(0.5)
                if on_progress is not None:
                    on_progress(task)
        self.remove_retired(at_once=not self._catalogue.shared)
        return task

    def remove_retired(self, *, at_once: bool = False) -> None:
        """Remove what failed rebuilds have left and what others have replaced, with keys, if that can be done now.

        Args:
            at_once: also what was replaced within the last minute, for which a search may be under way.
        """
        ended_by = datetime.now(UTC) - (timedelta(0) if at_once else _STILL_SEARCHED)
        for shadow in self._catalogue.shadows.retired(ended_by):
            try:
                self._instances.remove(shadow)
            except InstanceNotFound:
                continue  # another gateway was quicker
            except KeyringFailed as error:  # noted as to be destroyed, which is tried again
                log.warning("The key of an instance that a rebuild replaced is still there. %s", error.message)

    def begin(self, *chores: Chore) -> None:
        """Let threads work on tasks from now on: those left by an earlier process, and each that is asked for.

        Args:
            *chores: to be done about once a second besides.
        """
        self._runner.begin(self._tidy, *chores)

    def end(self) -> None:
        """Let the threads stop, within seconds; tasks go on with the next process."""
        self._runner.end()

    def _work(self, task: Task, hold: Hold, make_extractor: MakeExtractor | None = None) -> None:
        if task.kind is TaskKind.EXPORT:
            self._exporter.run(task, hold)
        elif task.kind is TaskKind.REKEY:
            self._rekeyer.run(task, hold)
        else:
            self._importer.run(task, hold, make_extractor)

    def _note_end(self, task: Task) -> None:
        self._audit.note(
            AuditEvent(
                datetime.now(UTC),
                ACTOR_SERVICE,
                AuditAction.TASK_END,
                task.instance,
                str(task.id),
                task.code or OUTCOME_OK,
                count=task.counts.added,
            )
        )

    def _tidy(self) -> None:
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + _TIDIED_EVERY
            self.remove_retired()
            self._catalogue.tasks.forget(datetime.now(UTC) - _REMEMBERED)
