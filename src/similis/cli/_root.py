"""The root command and what happens to errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer
from threadpoolctl import threadpool_limits

from similis.cli._output import Output
from similis.domain import InvalidInput, SimilisError
from similis.service import forbid_dumps

BAD_USAGE = 2
COULD_NOT_RUN = 3
_ROOMS = {  # the module of each group, in the order in which help lists them, and the commands that it adds
    "_serve": ("serve",),
    "_doctor": ("doctor",),
    "_instances": ("instance",),
    "_access": ("key",),
    "_customers": ("customer",),
    "_add": ("add",),
    "_connections": ("connection",),
    "_imports": ("import",),
    "_export": ("export",),
    "_tasks": ("task",),
    "_pictures": ("search", "compare", "delete"),
    "_duplicates": ("duplicates",),
    "_models": ("models",),
    "_evaluate": ("evaluate",),
    "_benchmark": ("benchmark",),
    "_audit": ("audit",),
    "_keyring": ("keyring",),
}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("similis"))
        raise typer.Exit


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """The commands of `similis`: the ones that these arguments need, where their first word says so, or else all.

    One command need not wait for what others import: the web framework, say, which is half of all.
    """
    root = typer.Typer(
        name="similis",
        help="Self-hosted image search: add pictures, find the same product or look-alikes by picture.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )

    @root.callback()
    def options(
        _: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        """Self-hosted image search: add pictures, find the same product or look-alikes by picture."""

    for room in _rooms(arguments[0] if arguments else ""):
        import_module(f"similis.cli.{room}").register(root)
    return root


def _rooms(word: str) -> list[str]:
    return [room for room, commands in _ROOMS.items() if word in commands] or list(_ROOMS)


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 some items failed, 2 bad usage, 3 could not run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # names of files need not be text that the terminal's encoding has
            stream.reconfigure(errors="backslashreplace")
    forbid_dumps()
    try:
        # Our own threads keep the processors busy; those of the linear algebra library would only get in their way.
        with threadpool_limits(limits=1, user_api="blas"):
            build(sys.argv[1:])()
    except SimilisError as error:
        Output(json="--json" in sys.argv).error(error)
        sys.exit(BAD_USAGE if isinstance(error, InvalidInput) else COULD_NOT_RUN)
