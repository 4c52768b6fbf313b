"""An erasure of a customer whose process is killed between any two of its steps is brought to its end by the next."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from similis.domain import InstanceSpec, PictureKey, Role
from similis.service import App, Featured, Settings

CHILD = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from similis.service import App, Settings

    data, key, steps = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    app = App.open(Settings(data=data))
    catalogue = app._catalogue

    def mortal(part, verb):
        real = getattr(part, verb)
        def step(*given):
            global steps
            if steps == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            steps -= 1
            return real(*given)
        setattr(part, verb, step)

    for part, verb in (
        (app.access, "disable"), (app.instances, "remove"), (app.instances, "destroy_keys"),
        (catalogue.keyring, "destroyed"), (catalogue.customers, "end_erasure"),
    ):
        mortal(part, verb)
    app.customers.erase(key)
    app.close()
""")
STEPS = 14  # more than there are


@pytest.mark.parametrize("steps", [3, 6, pytest.param(range(STEPS), marks=pytest.mark.slow)])
def test_a_killed_erasure_is_finished_by_the_next(tmp_path: Path, steps: int | range) -> None:
    for number in steps if isinstance(steps, range) else (steps,):
        _kill_and_repeat(tmp_path / str(number), number)


def _kill_and_repeat(directory: Path, steps: int) -> None:
    settings = Settings(data=directory / "data")
    with App.open(settings) as app:
        for name in ("a", "b", "other"):
            app.bulk.create(InstanceSpec(name), "elsewhere", 8)
            app.bulk.add(name, [Featured(PictureKey("p", "x"), np.ones(8, np.float32))])
        owner = app.access.create(Role.WRITER, ["a", "b"]).key.id
        other = app.access.create(Role.WRITER, ["other"]).key.id
    child = subprocess.run([sys.executable, "-c", CHILD, str(settings.data), owner, str(steps)], check=False)
    assert child.returncode in {-signal.SIGKILL, 0}
    with App.open(settings) as app:
        if child.returncode:
            app.customers.erase(owner)
        assert [each.name for each in app.instances.list()] == ["other"]
        assert [each.id for each in app.access.list()] == [other]
        assert app.keys.held() == set(app.keys.needed())
        assert app.instances.get("other").picture_count == 1
