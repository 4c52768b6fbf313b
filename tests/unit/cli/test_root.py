"""Which modules a command line loads."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer

from similis.cli import build
from similis.cli._root import _ROOMS


def _names(root: typer.Typer) -> tuple[str, ...]:
    command = typer.main.get_command(root)
    assert isinstance(command, typer.core.TyperGroup)
    return tuple(command.commands)


@pytest.mark.parametrize("room", _ROOMS)
def test_a_room_adds_the_commands_that_it_is_loaded_for(room: str) -> None:
    root = typer.Typer()
    root.callback()(lambda: None)
    import_module(f"similis.cli.{room}").register(root)
    assert _names(root) == _ROOMS[room]


def test_each_module_with_commands_is_one_of_the_rooms() -> None:
    assert set(_names(build())) == {name for names in _ROOMS.values() for name in names}
    assert set(_names(build(["no such command"]))) == set(_names(build(["--help"]))) == set(_names(build()))


def test_a_command_is_built_alone() -> None:
    assert set(_names(build(["compare", "a.jpg", "b.jpg"]))) == set(_ROOMS["_pictures"])


def test_a_command_loads_nothing_that_others_need() -> None:
    heavy = ("alembic", "fastapi", "jinja2", "onnx", "similis.evaluation", "similis.gateway")
    code = (
        "import sys; from similis.cli import build; build(sys.argv[1:]);"
        f"sys.exit(','.join(set({heavy}) & sys.modules.keys()) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code, "instance"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
