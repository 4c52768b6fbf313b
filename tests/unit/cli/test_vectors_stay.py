"""No command prints, logs or writes traces of features, on a data directory or by a running service."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import typer.main
from tests.decimals import too_exact
from tests.importing import add_line, write_bucket
from tests.traces import Traces
from tests.unit.cli.conftest import Similis

from similis.algorithm import Pipeline
from similis.cli._root import build
from similis.domain import NewAccessKey, Role
from similis.service import App, Settings

Draw = Callable[..., bytes]
_ELSEWHERE = {
    "serve": "tests/unit/gateway walks through every route",
    "audit privacy": "starts services of its own on other data; tests of its own",
    "models fetch": "sees no picture",
    "benchmark http": "prints times and counts of pictures of its own",
    "benchmark pipeline": "prints times",
}
_WALK: Mapping[str, tuple[str, ...]] = {
    "instance create": ("shop --type product", "shop", "other --type generic"),
    "instance list": ("",),
    "connection create": ("here --provider file --root {storage}", "wrong --provider file"),
    "connection list": ("",),
    "connection show": ("here", "nowhere"),
    "connection check": ("here --bucket bucket --path /in", "here --bucket none"),
    "key create": ("--role reader --instance shop", "--role reader --instance nowhere"),
    "key list": ("",),
    "add": (
        "shop {photos} --product-id-from folder", "shop {photos} --on-duplicate report", "shop {bad}", "no {photos}",
    ),
    "import": ("shop --connection here --bucket bucket --path /in --wait", "shop --connection nowhere --path /in"),
    "search": (
        "shop {query} --num 5", "shop --product-id a --pic-name 0", "shop {query} --no-crop --region 1,90,1,90",
        "shop {bad}", "shop --product-id none --pic-name none", "shop {query} --filter x=",
    ),
    "compare": ("{query} {same}", "{query} {bad}"),
    "duplicates": ("shop --min-similarity 0.7", "shop --min-similarity 9"),
    "instance tune": ("shop", "shop --dry-run", "shop --undo", "nowhere"),
    "instance rebuild": ("shop",),
    "instance move": ("shop --index faiss", "shop --index milvus"),
    "instance set": ("shop --qps 50", "shop --qps -1"),
    "instance show": ("shop", "nowhere"),
    "export": ("shop {out}/export", "nowhere {out}/nothing"),
    "task list": ("shop", "nowhere"),
    "task show": ("1", "1 --failures {out}/failed.jsonl", "99"),
    "task cancel": ("1", "99"),
    "task resume": ("1", "99"),
    "evaluate": ("{labels} --report {out}/report", "{bad}"),
    "models list": ("",),
    "models verify": ("",),
    "models compare": ("{labels}", "{bad}"),
    "benchmark engine": ("--n 2000 --dim 64 --queries 10 --work {out} --report {out}/benchmark", "--n x"),
    "doctor": ("--port 0",),
    "audit fields": ("", "--markdown"),
    "audit log": ("", "--verify", "--instance shop", "--since never"),
    "keyring check": ("",),
    "keyring backup": ("{out}/keys --passphrase-file {passphrase}", "{out}/keys2 --passphrase-file {out}/none"),
    "keyring restore": (
        "{out}/keys --passphrase-file {passphrase} --keys {out}/restored", "{bad} --passphrase-file {passphrase}",
    ),
    "keyring rotate": ("--instance shop", "--instance nowhere"),
    "keyring prune": ("--yes",),
    "customer export": ("{key} {out}/customer", "nobody {out}/nobody"),
    "delete": ("shop --product-id a --pic-name 0", "shop --filter x=", "nowhere --product-id a"),
    "connection delete": ("here --yes", "nowhere --yes"),
    "key set": ("{key} --qps 5", "nobody --qps 5"),
    "key disable": ("{key}", "nobody"),
    "customer erase": ("nobody --yes",),
    "instance delete": ("other --yes", "nowhere --yes"),
}  # fmt: skip
"""Every command in the order in which it is run, well and badly."""

_NEVER_WELL = {"import", "task resume", "customer erase"}
"""Some lines of the import are bad; there is no task to go on with; nobody is erased."""


def _commands(command: Any, before: str = "") -> Iterator[str]:  # noqa: ANN401 - a command or a group of Typer's own
    if not hasattr(command, "commands"):
        yield before.strip()
        return
    for name, each in command.commands.items():
        yield from _commands(each, f"{before} {name}")


@pytest.fixture
def places(tmp_path: Path, draw: Draw) -> dict[str, str]:
    """Files that commands are given, by the names that they have in the walk."""
    photos, out = tmp_path / "photos", tmp_path / "out"
    out.mkdir()
    for number in range(4):
        folder = photos / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(draw(number % 2, number, size=160))
    files = {
        "query": draw(0, 9, size=160),
        "same": draw(0, 9, size=160),
        "bad": b"no picture",
        "passphrase": b"secret words",
    }
    for name, content in files.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    lines = [f"photos/{'ab'[number % 2]}/{number}.png,{number % 2}" for number in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *lines]))
    write_bucket(
        tmp_path / "storage", [add_line("in", "0.png"), add_line("in", "gone.png"), "{"], {"0.png": files["query"]}
    )
    named = {name: str(tmp_path / f"{name}.png") for name in files}
    rest = {"photos": photos, "out": out, "labels": tmp_path / "labels.csv", "storage": tmp_path / "storage"}
    return named | {name: str(path) for name, path in rest.items()}


def _traces(app: App, pipeline: Pipeline, places: Mapping[str, str]) -> Traces:
    """Of the photos and the query: as they are seen, turned, and stored."""
    instance = app.instances.get("shop")
    key = app.instances._keyring.instance(instance.uid)
    pictures = [*sorted(Path(places["photos"]).rglob("*.png")), Path(places["query"])]
    seen = [pipeline.analyse(path.read_bytes()).vector for path in pictures]
    stored = app._catalogue.vectors(instance, app._catalogue.select_ids(instance, None, None).tolist())
    return Traces([*seen, *(key.transform(each) for each in seen), *stored.values()])


class Told:
    """Everything that commands said and wrote."""

    def __init__(self, similis: Similis, places: dict[str, str], log: pytest.LogCaptureFixture) -> None:
        self.places = places
        self.parts: list[tuple[str, bytes]] = []
        self.statuses: dict[str, set[int]] = {}
        self._similis, self._log = similis, log
        log.set_level(logging.DEBUG)

    def run(self, commands: Mapping[str, tuple[str, ...]], *target: str) -> None:
        for command, variants in commands.items():
            for variant in variants:
                for form in ((), ("--json",)):
                    given = [part.format(**self.places) for part in variant.split()]
                    ran = self._similis(*command.split(), *given, *target, *form)
                    self.parts.append((f"{command} {variant}", f"{ran.out}\n{ran.err}".encode()))
                    self.statuses.setdefault(command, set()).add(ran.status)
                    if ran.out.startswith(("{", "[")) and command != "benchmark engine":  # which prints times
                        assert not list(too_exact(json.loads(ran.out))), f"{command} {variant}"
                    if command == "key create" and ran.status == 0 and form:
                        self.places["key"] = ran.json["id"]

    def check(self, traces: Traces) -> None:
        for path in Path(self.places["out"]).rglob("*"):
            if path.is_file():
                self.parts.append((str(path), path.read_bytes()))
        log = "\n".join(f"{each.getMessage()} {each.args!r} {each.exc_info!r}" for each in self._log.records)
        for name, told in [*self.parts, ("log", log.encode())]:
            assert not traces.find(told), name


def test_no_command_is_missing() -> None:
    known = _WALK.keys() | _ELSEWHERE.keys()
    assert set(_commands(typer.main.get_command(build()))) == known, "Add the new command to the walk."


@pytest.mark.slow
def test_commands_on_a_data_directory(
    similis: Similis, places: dict[str, str], pipeline: Pipeline, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told(similis, places, caplog)
    names = list(_WALK)
    middle = names.index("instance tune")
    told.run({name: _WALK[name] for name in names[:middle]})
    with App.open(Settings(data=tmp_path / "data"), pipeline) as app:
        traces = _traces(app, pipeline, places)
    told.run({name: _WALK[name] for name in names[middle:]})
    told.check(traces)
    assert {name for name, statuses in told.statuses.items() if 0 not in statuses} == _NEVER_WELL


@pytest.mark.slow
def test_commands_by_a_running_service(
    similis: Similis,
    places: dict[str, str],
    pipeline: Pipeline,
    tmp_path: Path,
    serving: Callable[[App], AbstractContextManager[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = Told(similis, places, caplog)
    local = {
        "evaluate",
        "models compare",
        "benchmark engine",
        "connection create",
    }  # they take no service, or by another option
    settings = Settings(data=tmp_path / "served", import_roots=(Path(places["storage"]),))
    with App.open(settings, pipeline) as app, serving(app) as address:
        made: NewAccessKey = app.access.create(Role.ADMIN)
        target = ("--endpoint", address, "--key", f"{made.key.id}:{made.secret}")
        names = [name for name in _WALK if name not in local]
        middle = names.index("instance tune")
        told.run({name: _WALK[name] for name in names[:middle]}, *target)
        traces = _traces(app, pipeline, places)
        told.run({name: _WALK[name] for name in names[middle:]}, *target)
    told.check(traces)


def test_a_command_that_leaks_is_found(pipeline: Pipeline, draw: Draw) -> None:
    vector = pipeline.analyse(draw(1)).vector
    assert "features" in set(_commands(typer.main.get_command(_with_leak()))) - _WALK.keys()
    assert Traces([vector]).find(json.dumps({"features": [round(float(each), 4) for each in vector]}).encode())


def _with_leak() -> typer.Typer:
    root = build()
    root.command("features")(lambda: None)
    return root
