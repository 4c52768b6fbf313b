"""The page of settings, from `Settings` and the options that may come from the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.reference._cli import commands
from tools.reference._markdown import described, kind, table, written

from similis.service import Settings

_HEAD = """# Settings

This page is made from the code by `make reference`.

Every setting is a variable of the environment. A value that cannot be used ends every command with status 2 and the
name of the variable."""
_OPTIONS = """## Options that may come from the environment

They are [options](cli.md) first; the variable holds where the option is left out."""
_OTHERS = """## Secrets that are no options

So that they are not seen in the list of processes."""
SECRETS = {
    "SIMILIS_PASSPHRASE": "The passphrase of `similis keyring backup` and `restore`.",
    "SIMILIS_SOURCE_SECRET": "The secret of `similis connection create --access-key-id`.",
    "SIMILIS_SOURCE_TOKEN": "The security token that belongs to it, where there is one.",
}
_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.MULTILINE)
_VARIABLE = re.compile(r"env var: (\w+)")


def page() -> str:
    """The whole page."""
    lines = [_HEAD, *table(("variable", "what", "default", ""), _settings())]
    lines += [_OPTIONS, *table(("variable", "option", ""), sorted(set(_options())))]
    lines += [_OTHERS, *table(("variable", ""), ((f"`{name}`", text) for name, text in SECRETS.items()))]
    return written(lines)


def _settings() -> Iterator[tuple[str, str, str, str]]:
    texts = dict(_ATTRIBUTE.findall(Settings.__doc__ or ""))
    schema = Settings.model_json_schema()
    for name, field in schema["properties"].items():
        text = described(name, texts.get(name))
        yield f"`SIMILIS_{name.upper()}`", _kind(field, schema), _default(field), f"{text[0].upper()}{text[1:]}"


def _kind(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    named = next((each["$ref"] for each in (field, *field.get("anyOf", ())) if "$ref" in each), None)
    return kind(field if named is None else schema["$defs"][named.rpartition("/")[2]])


def _default(field: Mapping[str, Any]) -> str:
    default = field.get("default")
    if default in (None, "", []):
        return "–"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _options() -> Iterator[tuple[str, str, str]]:
    for command in commands():
        for option, text in command.rows:
            for variable in _VARIABLE.findall(text):
                yield f"`{variable}`", f"`{option.split()[0].strip('`')}`", text.partition("[")[0].strip()
