"""`similis duplicates`: groups of near-identical pictures."""

from __future__ import annotations

from typing import Annotated

import typer

from similis.cli._session import Session, with_session
from similis.domain import MIN_DUPLICATE_SIMILARITY, DuplicateGroups, as_json

_LIMIT = (
    f"Cosine of features from which on pictures are near-identical, {MIN_DUPLICATE_SIMILARITY}-1; else as measured."
)


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(with_session(duplicates))


def duplicates(
    session: Session,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="The instance's name.")],
    min_similarity: Annotated[float | None, typer.Option("--min-similarity", help=_LIMIT)] = None,
) -> None:
    """List groups of near-identical pictures, across products too, from the stored features."""
    with session.target() as target, session.output.working(f"Comparing the pictures of {instance}"):
        found = target.duplicates.groups(instance, min_similarity)
    session.output.data(as_json(found))
    rows = (
        (number if place == 0 else "", each.key.product_id, each.key.pic_name, f"{each.similarity:.4f}")
        for number, group in enumerate(found.groups, start=1)
        for place, each in enumerate(group)
    )
    if found.groups:
        session.output.table(("GROUP", "PRODUCT", "PICTURE", "SIMILARITY"), rows)
    session.output.say(_summary(found))


def _summary(found: DuplicateGroups) -> str:
    several = sum(len({each.key.product_id for each in group}) > 1 for group in found.groups)
    told = (
        f"{len(found.groups)} groups of near-identical pictures, {several} of them across products, "
        f"among {found.pictures} pictures (similarity {found.min_similarity:g} or more)."
    )
    if found.false_matches is None:
        return f"{told} How many of them are false was not measured for these features."
    return f"{told} Of a million pairs of different pictures, {found.false_matches:g} pass for near-identical."
