import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from similis.catalogue import Catalogue
from similis.domain import InstanceSpec

_CHILD = Path(__file__).with_name("child.py")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def child() -> ModuleType:
    """The module that the other processes run, for its pictures and its sealer."""
    spec = importlib.util.spec_from_file_location("similis_faults_child", _CHILD)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def start() -> Start:
    """Starts another process."""

    def started(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, str(_CHILD), *map(str, arguments)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    return started


@pytest.fixture
def public_directory() -> Iterator[Path]:
    """A directory that another user can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.fixture
def open_shop(child: ModuleType) -> Callable[[str], Catalogue]:
    """Opens a catalogue which has the instance `shop`."""

    def opened(url: str) -> Catalogue:
        catalogue = Catalogue.open(url, child.PlainSealer())
        if not catalogue.instances():
            spec = InstanceSpec("shop", capacity=1_000_000)
            catalogue.create_instance(spec, uid="0" * 32, index="faiss", model="model", dimension=64)
        return catalogue

    return opened
