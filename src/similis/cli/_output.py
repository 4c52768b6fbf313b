"""How commands answer: tables for people, JSON for programs, messages and progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.prompt import Confirm
from rich.table import Table

from similis.domain import SimilisError, as_json


class Output:
    """Prints a command's answer.

    Args:
        json: print JSON on standard output instead of tables and sentences.
    """

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self._out = Console(highlight=False, emoji=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)

    def data(self, value: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
        """Print JSON; nothing when people read."""
        if self.json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
            sys.stdout.flush()

    def say(self, sentence: str) -> None:
        """Print a sentence for people; nothing when programs read."""
        if not self.json:
            self._out.print(escape(sentence))

    def confirm(self, question: str) -> bool:
        """Ask a person; no where none can answer."""
        return not self.json and sys.stdin.isatty() and Confirm.ask(question, console=self._err, default=False)

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table for people; nothing when programs read."""
        if self.json:
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in headings:
            table.add_column(heading, overflow="fold")  # nothing is cut off
        for row in rows:
            table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
        self._out.print(table)

    def error(self, error: SimilisError) -> None:
        """Print an error on standard error, as JSON when programs read."""
        if self.json:
            sys.stderr.write(json.dumps(as_json(error), ensure_ascii=False) + "\n")
            return
        self.problem(error.code, error.message)
        if error.hint:
            self._err.print(escape(error.hint), style="dim")

    def problem(self, code: str, message: str) -> None:
        """Print on standard error for people what went wrong; nothing when programs read, who have it as data."""
        if not self.json:
            self._err.print(f"[bold red]{escape(code)}[/] {escape(message)}")

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show on standard error that something runs, nobody knows how long; invisible where that is no terminal."""
        if self.json or not self._err.is_terminal:
            yield
            return
        with self._err.status(escape(what)):
            yield

    def progress(self, count: ProgressColumn | None = None) -> Progress:
        """A progress bar with count and remaining time on standard error; invisible where that is no terminal."""
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            count or MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._err,
            transient=True,
            disable=self.json or not self._err.is_terminal,
        )
