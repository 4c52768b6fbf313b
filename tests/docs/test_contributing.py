"""CONTRIBUTING leads to what is there, and the hooks before a commit check what `make lint` checks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
HOOKS = ROOT / ".pre-commit-config.yaml"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_target_that_is_named_can_be_made(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", page.read_text("utf-8"))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_of_ours_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"(?<![\w/])((?:packaging|requirements)/[\w./-]*\w)", page.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_tour_leads_to_files_that_are_there() -> None:
    named = re.findall(r"`((?:src|tests|tools|docs)/[\w./-]*)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert len(named) > 15
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_contributing_and_changelog_link_to_files_that_are_there() -> None:
    for page in ("CONTRIBUTING.md", "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text("utf-8")):
            assert (ROOT / target).exists(), f"{page} links to {target}"


def test_hooks_check_what_lint_checks() -> None:
    recipe = MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
    checks = re.findall(r"\$\(BIN\)/(ruff \w+|[a-z-]+)", recipe)
    assert checks == ["ruff check", "ruff format", "mypy", "lint-imports"]
    hooks = HOOKS.read_text("utf-8")
    assert [check for check in checks if f"entry: .venv/bin/{check}" not in hooks] == []
    scripts = ".judges/node/node_modules/.bin/oxlint src/similis/gateway/console/static"
    assert f"\t@{scripts}" in recipe
    assert f"entry: {scripts}\n" in hooks


def test_hooks_can_be_read() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(HOOKS)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
