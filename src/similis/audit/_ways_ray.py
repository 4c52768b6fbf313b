"""The way of pictures through a Ray cluster, whose processes fetch and analyse what is imported."""

from __future__ import annotations

import json
from pathlib import Path

from similis.audit._ray import RayMachine, is_installed
from similis.audit._site import SUCCEEDED, Site, Way
from similis.audit._ways_taken import imported_folder

_FAILED = 3


def _import(site: Site) -> list[int]:
    folder, data = imported_folder(site, "ray-store"), site.runner.scratch.service / "ray-data"
    with RayMachine(site.runner) as machine:
        statuses = [
            _command(site, data, machine, *command)
            for command in (
                ("instance", "create", "far", "--type", "generic"),
                ("connection", "create", "store", "--provider", "file", "--root", str(folder)),
            )
        ]
        imported = "import", "far", "--connection", "store", "--engine", "ray", "--ray-address", machine.address
        _command(site, data, machine, *imported)  # some of its lines are to fail
        site.looked_into |= machine.object_stores()
        site.look(machine.processes())  # what its object store holds is nowhere else, also after it was freed
    return [*statuses, 0 if _added(site) else _FAILED]


def _command(site: Site, data: Path, machine: RayMachine, *command: str) -> int:
    arguments = *command, "--data", str(data), "--json"
    return site.runner.run(*arguments, name=f"ray-{command[0]}", variables=machine.variables)


def _added(site: Site) -> int:
    """How many pictures came in."""
    task = json.loads(site.runner.printed("ray-import"))
    added: int = task["added"]
    return added


RAY = (Way("import by Ray from a directory", SUCCEEDED, _import),) if is_installed() else ()
"""Only where Ray is installed."""
