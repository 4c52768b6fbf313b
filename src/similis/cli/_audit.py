"""The group `similis audit …`; each command in a module of its own."""

from __future__ import annotations

import typer


def register(root: typer.Typer) -> None:
    """Add the group. Modules of its commands have a `register(group)`, called here."""
    group = typer.Typer(help="Check that the privacy promise is kept.", no_args_is_help=True)
    root.add_typer(group, name="audit")
