"""The command line: one module a group of commands."""

from similis.cli._root import build, main

__all__ = ["build", "main"]
