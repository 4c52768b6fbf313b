"""The root command and what happens to errors."""

from __future__ import annotations

import sys
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated

import typer
from threadpoolctl import threadpool_limits

from similis.cli import (
    _access,
    _add,
    _audit,
    _benchmark,
    _connections,
    _customers,
    _duplicates,
    _evaluate,
    _export,
    _imports,
    _instances,
    _keyring,
    _models,
    _pictures,
    _serve,
    _tasks,
)
from similis.cli._output import Output
from similis.domain import InvalidInput, SimilisError
from similis.service import forbid_dumps

BAD_USAGE = 2
COULD_NOT_RUN = 3


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("similis"))
        raise typer.Exit


def build() -> typer.Typer:
    """All commands of `similis`."""
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

    for room in (
        _serve, _instances, _access, _customers, _add, _connections, _imports, _export, _tasks, _pictures,
        _duplicates, _models, _evaluate, _benchmark, _audit, _keyring,
    ):  # fmt: skip
        room.register(root)
    return root


def main() -> None:
    """Run the command line. Exit status: 0 done, 1 some items failed, 2 bad usage, 3 could not run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # names of files need not be text that the terminal's encoding has
            stream.reconfigure(errors="backslashreplace")
    forbid_dumps()
    try:
        # Our own threads keep the processors busy; those of the linear algebra library would only get in their way.
        with threadpool_limits(limits=1, user_api="blas"):
            build()()
    except SimilisError as error:
        Output(json="--json" in sys.argv).error(error)
        sys.exit(BAD_USAGE if isinstance(error, InvalidInput) else COULD_NOT_RUN)
