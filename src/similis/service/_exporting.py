"""Exports: the lines of increment.meta from which an instance can be made again, without features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from similis.catalogue import Catalogue
from similis.domain import Instance, Picture, Task, TaskStatus
from similis.service._hold import Hold
from similis.transfer import Addition, format_entry


class Exporter:
    """Reads what is exported at the time when it is wanted: nothing of it lies on a disk.

    So what was deleted since an export was asked for is not in it, and custom content stays encrypted at rest.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def run(self, task: Task, hold: Hold) -> None:
        """See that all that is to be exported can be read.

        Raises:
            SimilisError: what ends the task.
        """
        instance = self._catalogue.instance(task.instance)
        for _ in self._pages(instance, self._catalogue.tasks.until_seq(task.id)):
            hold.pulse()
        self._catalogue.tasks.finish(hold.claim, TaskStatus.SUCCESS)

    def lines(self, instance: Instance, until_seq: int) -> Iterator[bytes]:
        """Yield the lines of pictures that were there at a change and still are, some of them at a time."""
        for page in self._pages(instance, until_seq):
            yield b"".join(format_entry(_addition(each)) for each in page)

    def _pages(self, instance: Instance, until_seq: int) -> Iterator[list[Picture]]:
        for page in self._catalogue.exporting.pages(instance, until_seq):
            yield [each.picture for each in page]


def _addition(picture: Picture) -> Addition:
    """What adds a picture again; of one of which only features came there is no region to give."""
    addition = Addition.of(picture)
    known = picture.region.width > 1 or picture.region.height > 1
    return addition if known else replace(addition, region=None)
