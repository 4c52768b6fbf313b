"""Options that change what is set already: a value sets it, `none` takes it away, and none given lets it be."""

from __future__ import annotations

from typing import Any

import typer


def given_changes(**options: tuple[str | None, type[int | float | str]]) -> dict[str, Any]:
    """What options change, by name, of their texts and types; None stands for what is taken away.

    Raises:
        typer.BadParameter: a text is not of its type.
    """
    return {name: _value(text, kind) for name, (text, kind) in options.items() if text is not None}


def _value(text: str, kind: type[int | float | str]) -> float | str | None:
    if text == "none":
        return None
    try:
        return kind(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither such a number nor none.") from None
