"""Commands that the documentation names exist, with the options that it gives them; its manifests can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from similis.algorithm import Manifest
from similis.cli._root import build

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(build())
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_BEGINS = re.compile(r"(?:^|[ /])similis (?=[a-z])(?!similis )")
_ENDS = re.compile(r"\s(?:#|\||;|&&|>|<<)|;")


def commands(text: str) -> Iterator[str]:
    """What stands behind `similis` in lines of a shell, and in code between words."""
    blocks = [block for language, block in _BLOCK.findall(text) if language in {"console", "text", "sh"}]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    for line in [*lines, *_INLINE.findall(_BLOCK.sub("", text))]:
        yield from (_ENDS.split(part)[0] for part in _BEGINS.split(line)[1:])


def unknown(command: str) -> list[str]:
    """The words of a command line that its command does not know."""
    words, known = command.split(), COMMANDS
    while (children := getattr(known, "commands", {})) and words and words[0].isascii():  # and not an ellipsis
        if words[0] not in children:
            return words[:1]
        known = children[words.pop(0)]
    options = {each for parameter in known.params for each in (*parameter.opts, *parameter.secondary_opts)}
    return [word for word in words if word.startswith("--") and word.split("=")[0] not in options | {"--help"}]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_are_there(page: Path) -> None:
    assert {command: unknown(command) for command in commands(page.read_text("utf-8")) if unknown(command)} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_manifests_are_valid(page: Path) -> None:
    for manifest in _manifests(page):
        assert Manifest.model_validate_json(manifest).calibration


def test_there_are_commands_and_manifests() -> None:
    assert sum(1 for page in PAGES for _ in commands(page.read_text("utf-8"))) > 200
    assert any(_manifests(ROOT / "docs" / "own-model.md"))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("`similis serv`", ["serv"]),
        ("`similis key …`", []),
        ("```console\n$ similis instance list --jsn | less --raw\n```\n", ["--jsn"]),
        (
            "```text\nenv A=1 bin/similis benchmark http \\\n  --no-imports # --what\n```\n",
            ["--no-imports"],
        ),
        ("```text\nexec similis similis models fetchh x\n```\n", ["fetchh"]),
    ],
    ids=["no command", "any", "no option", "on two lines", "in a container"],
)
def test_what_is_not_there_is_noticed(text: str, wrong: list[str]) -> None:
    [command] = commands(text)
    assert unknown(command) == wrong


def _manifests(page: Path) -> Iterator[str]:
    for language, block in _BLOCK.findall(page.read_text("utf-8")):
        if language == "json" and '"role"' in block:
            yield block
