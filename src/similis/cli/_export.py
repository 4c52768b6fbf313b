"""`similis export`: all that is known of an instance's pictures, but for features, as increment.meta."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._session import Session, with_session
from similis.cli._whole_file import write_lines


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(with_session(export))


def export(
    session: Session,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="The instance's name.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Is written anew, as increment.meta; - prints.")],
) -> None:
    """Write lines of increment.meta that add the pictures again: keys, categories, regions, attributes."""
    with session.target() as target, session.output.progress() as progress:
        total = target.instances.get(instance).picture_count
        bar = progress.add_task(f"Exporting {instance}", total=total)
        pieces = target.transfers.exported(instance)
        pictures = write_lines(file, _counted(pieces, lambda lines: progress.advance(bar, lines)))
    if str(file) == "-":
        return
    session.output.data({"instance": instance, "file": str(file), "pictures": pictures})
    session.output.say(f"Wrote {pictures:,} pictures of {instance} into {file}.")


def _counted(pieces: Iterable[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        advance(piece.count(b"\n"))
