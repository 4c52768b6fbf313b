"""The page of the command line, from its commands as Typer knows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer
from tools.reference._markdown import described, table, written

from similis.cli import build

_HEAD = """# Command line

This page is made from the code by `make reference`. [Using Similis](../usage.md) has examples.

Exit status: 0 done, 1 some items failed, 2 bad usage, 3 could not run."""
_SHARED = "## Options of every command\n\nWhere a command lacks one of them, its section says so."
_OWN_OF_TYPER = {"--help", "--install-completion", "--show-completion"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command without commands below it, or a group of such.

    Attributes:
        name: with all before it, such as `similis key create`.
        text: what it does.
        usage: what follows its name.
        rows: its arguments and options, each with its description.
        group: whether there are commands below it.
    """

    name: str
    text: str
    usage: str
    rows: tuple[tuple[str, str], ...]
    group: bool


def commands() -> list[Command]:
    """All commands, each group before what is below it."""
    root = typer.main.get_command(build())
    return list(_below(root, "similis", typer.Context(root, info_name="similis")))


def page() -> str:
    """The whole page."""
    everything = commands()
    shared = _shared(everything)
    lines = [_HEAD, *table(("option", ""), everything[0].rows), _SHARED, *table(("option", ""), shared)]
    for each in everything[1:]:
        lines += _section(each, shared)
    return written(lines)


def _below(command: Any, name: str, context: typer.Context) -> Iterator[Command]:  # noqa: ANN401 - Typer's own click
    below = getattr(command, "commands", {})
    rows = tuple(_rows(command, name, context))
    usage = " ".join(command.collect_usage_pieces(context))
    yield Command(name, described(name, command.help), usage, rows, bool(below))
    for word, each in below.items():
        yield from _below(each, f"{name} {word}", context)


def _rows(command: Any, name: str, context: typer.Context) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is None or _OWN_OF_TYPER & set(getattr(parameter, "opts", ())):
            continue
        described(f"{name} {record[0]}", record[1].partition("[")[0])
        yield f"`{record[0]}`", " ".join(record[1].split())


def _shared(everything: list[Command]) -> list[tuple[str, str]]:
    """The options of most commands."""
    leaves = [each for each in everything if not each.group]
    counts = Counter(row for each in leaves for row in each.rows)
    return [row for row, count in counts.items() if count > len(leaves) / 2]


def _section(command: Command, shared: list[tuple[str, str]]) -> list[str]:
    own = [row for row in command.rows if row not in shared]
    depth = "##" if command.name.count(" ") == 1 else "###"
    usage = [] if command.group else ["", f"`{command.name} {command.usage}`"]
    lacking = [name.split()[0].strip("`") for name, text in shared if (name, text) not in command.rows]
    lacks = [] if command.group or not lacking else ["", f"Without {', '.join(f'`{name}`' for name in lacking)}."]
    return [f"{depth} {command.name}", "", command.text, *usage, *table(("argument or option", ""), own), *lacks, ""]
