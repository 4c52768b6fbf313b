"""Writes `docs/reference/`, what can be told from the code alone; refuses to where something has no description."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tools.reference import _cli, _errors, _metrics, _rest, _settings

DIRECTORY = Path(__file__).parents[2] / "docs" / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": _cli.page,
    "errors.md": _errors.page,
    "metrics.md": _metrics.page,
    "rest.md": _rest.page,
    "settings.md": _settings.page,
}

__all__ = ["DIRECTORY", "PAGES"]
