"""The group `similis audit …`; each command in a module of its own."""

from __future__ import annotations

import typer

from similis.cli import _audit_fields, _audit_log, _audit_privacy


def register(root: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Check that the privacy promise is kept.", no_args_is_help=True)
    for room in (_audit_fields, _audit_log, _audit_privacy):
        room.register(group)
    root.add_typer(group, name="audit")
