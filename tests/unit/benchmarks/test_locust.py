"""The script for locust loads a served Similis, and nothing fails."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from similis.domain import InstanceSpec, Role
from similis.service import App

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "locustfile.py"


@pytest.mark.slow
@pytest.mark.serial
def test_it_loads_a_service(app: App, address: str, tmp_path: Path) -> None:
    app.instances.create(InstanceSpec("shoes"))
    key = app.access.create(Role.WRITER, ["shoes"])
    command = (
        f"{sys.executable} -m locust -f {SCRIPT} --headless --host {address} --users 2 --spawn-rate 2 --run-time 8s"
    )
    access = {"SIMILIS_KEY": f"{key.key.id}:{key.secret}", "SIMILIS_INSTANCE": "shoes"}
    done = subprocess.run(
        [*command.split(), "--csv", tmp_path / "figures"],
        env={**os.environ, **access},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with (tmp_path / "figures_stats.csv").open() as file:
        figures = {row["Name"]: row for row in csv.DictReader(file)}
    assert figures.keys() == {"add", "search by name", "search by picture", "Aggregated"}
    assert all(int(row["Request Count"]) > 0 and int(row["Failure Count"]) == 0 for row in figures.values())
    assert app.instances.get("shoes").picture_count == 6
