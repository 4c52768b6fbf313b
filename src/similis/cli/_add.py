"""`similis add`: many pictures at once, on all processors, over whatever goes wrong with single ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._session import Session, SubjectFinderOption, Target, with_session
from similis.cli._sources import BadSource, ProductIdFrom, Source, read_manifest, walk
from similis.domain import (
    Added,
    Category,
    DuplicatePicture,
    InvalidInput,
    OnDuplicate,
    PictureKey,
    SimilisError,
    as_json,
)
from similis.service import as_category, read_picture

# Work handed out ahead of what is done: enough to keep every thread busy, few enough to hold little in memory.
_AHEAD = 4


@dataclass
class _Tally:
    on_duplicate: OnDuplicate
    added: int = 0
    replaced: int = 0
    failed: list[tuple[Path, SimilisError]] = field(default_factory=list)
    duplicates: list[tuple[Path, PictureKey]] = field(default_factory=list)


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(with_session(add))


def add(
    session: Session,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="The instance's name.")],
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH", help="Folders and picture files.")] = None,
    product_id_from: Annotated[
        ProductIdFrom, typer.Option("--product-id-from", help="ProductId is the folder's name or the file's stem.")
    ] = ProductIdFrom.FOLDER,
    category: Annotated[int | None, typer.Option("--category", help="Category of all these pictures.")] = None,
    no_crop: Annotated[bool, typer.Option("--no-crop", help="Use the whole pictures.")] = False,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help=".csv or .jsonl with path, product_id and more.")
    ] = None,
    on_duplicate: Annotated[
        OnDuplicate, typer.Option("--on-duplicate", help="What to do with near-identical pictures of other keys.")
    ] = OnDuplicate.ALLOW,
    subject_finder: SubjectFinderOption = None,
) -> None:
    """Add pictures. Bad files are listed at the end and do not stop the rest."""
    if not paths and manifest is None:
        raise InvalidInput("There is nothing to add.", "Name folders or picture files, or give --manifest.")
    if subject_finder is not None and session.endpoint is not None:
        raise InvalidInput(
            "--subject-finder was given together with --endpoint.",
            "Start the service itself with --subject-finder.",
        )
    known = as_category(category)
    sources = [*walk(paths or (), product_id_from), *(read_manifest(manifest) if manifest else ())]
    if known is not None or no_crop:
        sources = [_overridden(source, known, no_crop) for source in sources]
    tally = _Tally(on_duplicate)
    with session.with_subject_finder(subject_finder).target() as target:
        target.instances.get(instance)
        try:
            _add_all(session, target, instance, sources, tally)
        finally:
            session.audited.count = tally.added
            _report(session, instance, tally)
    if tally.failed:
        raise typer.Exit(1)


def _overridden(source: Source | BadSource, category: Category | None, no_crop: bool) -> Source | BadSource:
    if isinstance(source, BadSource):
        return source
    return replace(
        source, category=source.category if category is None else category, crop=source.crop and not no_crop
    )


def _add_all(
    session: Session, target: Target, instance: str, sources: Iterable[Source | BadSource], tally: _Tally
) -> None:
    """Add all and keep the tally; what is not the fault of one picture, such as a full instance, ends it."""
    good = list(_distinct(sources, tally))
    with session.output.progress() as progress, ThreadPoolExecutor(session.settings.threads) as pool:
        bar = progress.add_task(f"Adding to {instance}", total=len(good))
        add_one = partial(_add_one, target, instance, tally.on_duplicate)
        for source, future in _in_order(pool, add_one, good, session.settings.threads):
            try:
                added = future.result()
                tally.replaced += added.replaced
                tally.added += 1
                tally.duplicates += [(source.path, key) for key in added.duplicates]
            except (InvalidInput, DuplicatePicture) as error:
                tally.failed.append((source.path, error))
            progress.advance(bar)


def _in_order(
    pool: ThreadPoolExecutor, add_one: Callable[[Source], Added], sources: Iterable[Source], threads: int
) -> Iterator[tuple[Source, Future[Added]]]:
    """Hand out the work with a bounded lead; when the reader stops early, what has not begun is cancelled."""
    waiting: deque[tuple[Source, Future[Added]]] = deque()
    try:
        for source in sources:
            waiting.append((source, pool.submit(add_one, source)))
            if len(waiting) > _AHEAD * threads:
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for _, future in waiting:
            future.cancel()


def _add_one(target: Target, instance: str, on_duplicate: OnDuplicate, source: Source) -> Added:
    return target.pictures.add(
        instance,
        read_picture(source.path),
        source.key,
        category=source.category,
        crop=source.crop,
        region=source.region,
        custom_content=source.custom_content,
        attributes=source.attributes,
        on_duplicate=on_duplicate,
    )


def _distinct(sources: Iterable[Source | BadSource], tally: _Tally) -> Iterator[Source]:
    """Pass on each key once: two files of one name would silently replace each other."""
    seen: dict[PictureKey, Path] = {}
    for source in sources:
        if isinstance(source, BadSource):
            tally.failed.append((source.path, source.error))
        elif (first := seen.setdefault(source.key, source.path)) is not source.path:
            tally.failed.append((source.path, _same_key(source.key, first)))
        else:
            yield source


def _same_key(key: PictureKey, first: Path) -> InvalidInput:
    return InvalidInput(
        f"It would replace {first}: both are product {key.product_id}, picture {key.pic_name}.",
        "Rename one, use --product-id-from, or give keys in a --manifest.",
    )


def _report(session: Session, instance: str, tally: _Tally) -> None:
    session.output.data(
        {
            "added": tally.added,
            "replaced": tally.replaced,
            "duplicates": [{"path": str(path), **as_json(key)} for path, key in tally.duplicates],
            "failed": [{"path": str(path), **as_json(error)} for path, error in tally.failed],
        }
    )
    session.output.say(
        f"Added {tally.added} pictures to {instance}, {tally.replaced} of them replaced, {len(tally.failed)} failed."
    )
    if tally.duplicates:
        session.output.say("Near-identical to pictures of other keys:")
        rows = ((path, key.product_id, key.pic_name) for path, key in tally.duplicates)
        session.output.table(("FILE", "PRODUCT", "PICTURE"), rows)
    if tally.failed:
        session.output.table(
            ("FILE", "CODE", "WHY"),
            ((path, error.code, f"{error.message} {error.hint}") for path, error in tally.failed),
        )
