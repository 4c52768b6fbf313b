"""How fast an import is beside `similis add` of the same folder, and whether it outlives being killed.

    python -m benchmarks.imports rate PICTURES [--count 1500] [--runs 2] [--json FILE]
    python -m benchmarks.imports kills PICTURES [--count 5000] [--kills 20] [--catalogue URL] [--json FILE]

PICTURES is a directory; those of its pictures that the service takes are used, in the order of their names, `--count`
at most.

`rate` runs `similis add` and `similis import` of one folder in turn, each into a new data directory as a process of
its own, start and end included, and gives import / add. `kills` imports and, at random moments, kills the whole group
of processes with SIGKILL; each time the same command is run again, as after a crash. One line in fifty is made to
fail and one in fifty deletes a picture that came before. At the end everything is compared with what the lines say.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from similis.domain import MAX_PICTURE_BYTES, MAX_SIDE, MIN_SIDE, TaskStatus
from similis.service import App, Settings

SIMILIS = Path(sys.executable).with_name("similis")
_EVERY = 50  # so often a line fails, and one deletes the picture of some lines before
_BACK = 20
_LIVES = 2.0, 20.0  # seconds after which a process is killed; the first few go by until it has loaded its models


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("rate", "kills"))
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--count", type=int)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--catalogue", help="PostgreSQL URL of an empty database, instead of a file")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.what == "rate":
            figures = measure_rate(Path(name), _usable(options.pictures, options.count or 1500), options.runs)
        else:
            figures = measure_kills(
                Path(name),
                _usable(options.pictures, options.count or 5000),
                options.kills,
                options.seed,
                options.catalogue,
            )
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2), "utf-8")


def measure_rate(directory: Path, pictures: Sequence[Path], runs: int) -> dict[str, Any]:
    """Seconds of both ways, in turn."""
    folder = directory / "root" / "bucket"
    folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        shutil.copy(picture, folder / f"{number}{picture.suffix}")
    lines = [_addition(picture.stem, picture.name) for picture in sorted(folder.iterdir())]
    _write_meta(directory / "root" / "bucket", lines)
    seconds: dict[str, list[float]] = {"add": [], "import": []}
    for run in range(runs):
        for way in ("add", "import") if run % 2 == 0 else ("import", "add"):
            data = directory / f"{way} {run}"
            _make(data, directory / "root")
            command = (
                ["import", "g", "--connection", "c", "--bucket", "bucket"]
                if way == "import"
                else ["add", "g", str(folder), "--product-id-from", "stem"]
            )
            begun = time.monotonic()
            _run(data, *command)
            seconds[way].append(time.monotonic() - begun)
            print(f"{way}: {len(pictures) / seconds[way][-1]:.1f} pictures/s", file=sys.stderr)
    best = {way: min(each) for way, each in seconds.items()}
    return {
        "pictures": len(pictures),
        "seconds": seconds,
        "pictures_per_second": {way: round(len(pictures) / each, 1) for way, each in best.items()},
        "import_over_add": round(best["add"] / best["import"], 3),
    }


@dataclass(frozen=True)
class Expected:
    """What lines say, by a reading of them that is as plain as can be."""

    keys: frozenset[tuple[str, str]]
    failed: tuple[int, ...]
    added: int
    deleted: int


def measure_kills(
    directory: Path,
    pictures: Sequence[Path],
    kills: int,
    seed: int = 0,
    catalogue: str | None = None,
    lives: tuple[float, float] = _LIVES,
) -> dict[str, Any]:
    """Import, killed again and again; raises SystemExit when anything is lost or was done twice."""
    bucket = directory / "root" / "bucket"
    bucket.mkdir(parents=True)
    names = [f"{number}{picture.suffix}" for number, picture in enumerate(pictures)]
    for name, picture in zip(names, pictures, strict=True):
        shutil.copy(picture, bucket / name)
    lines, expected = _lines(names)
    _write_meta(bucket, lines)
    data = directory / "data"
    _make(data, directory / "root", catalogue)
    command = _command(data, catalogue, "import", "g", "--connection", "c", "--bucket", "bucket", "--json")
    chance, survived = random.Random(seed), 0  # noqa: S311 - no secret
    begun = time.monotonic()
    while _is_killed(command, chance.uniform(*lives) if survived < kills else None):
        survived += 1
        print(f"killed {survived} times", file=sys.stderr)
        if _has_ended(data, catalogue):
            break  # killed behind its last commit: to import once more would be another import
    figures = _compare(data, catalogue, expected)
    return {"pictures": len(pictures), "lines": len(lines), "kills": survived, **figures,
            "seconds": round(time.monotonic() - begun, 1)}  # fmt: skip


def _is_killed(command: Sequence[str], patience: float | None) -> bool:
    """Run an import and kill it with all its processes after some seconds, unless it has ended before that."""
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603 - our own command
    try:
        _, told = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    if process.returncode not in {0, 1}:  # 1: some lines failed, as they should
        raise SystemExit(f"An import ended with {process.returncode}: {told.decode()}")
    return False


def _has_ended(data: Path, catalogue: str | None) -> bool:
    listed = subprocess.run(  # noqa: S603 - our own command
        _command(data, catalogue, "task", "list", "g", "--json"), stdout=subprocess.PIPE, check=True
    )
    return any(task["status"] != "processing" for task in json.loads(listed.stdout)["tasks"])


def _lines(names: Sequence[str]) -> tuple[list[dict[str, str]], Expected]:
    lines: list[dict[str, str]] = []
    keys: set[tuple[str, str]] = set()
    failed, deleted = [], 0
    for number, name in enumerate(names):
        lines.append(_addition(f"p{number}", name))
        keys.add((f"p{number}", name))
        if number % _EVERY == _EVERY // 2:
            lines.append(_addition("bad", f"missing {number}.jpg"))
            failed.append(len(lines))
        if number % _EVERY == _EVERY - 1:
            lines.append({"OperationType": "DELETE", "ProductId": f"p{number - _BACK}"})
            keys.remove((f"p{number - _BACK}", names[number - _BACK]))
            deleted += 1
    return lines, Expected(frozenset(keys), tuple(failed), len(names), deleted)


def _compare(data: Path, catalogue: str | None, expected: Expected) -> dict[str, Any]:
    settings = Settings(data=data, **({} if catalogue is None else {"catalogue": catalogue}))  # type: ignore[arg-type] # checked there
    with App.open(settings) as app:
        (task, *others), _ = app.transfers.list("g", num=100)
        instance = app.instances.get("g")
        ids = app._catalogue.select_ids(instance, None, None).tolist()  # noqa: SLF001 - to look at all of it
        keys = set(app._catalogue.names(instance, ids).values())  # noqa: SLF001 - likewise
        changes = sum(1 for _ in app._catalogue.changes(instance, 0))  # noqa: SLF001 - likewise
        failed = tuple(each.line for each in app.transfers.failures(task.id))
    counts = task.counts
    found = {
        "lost": len(expected.keys - keys),
        "too many": len(keys - expected.keys),
        "applied twice": changes - expected.added - expected.deleted,
        "failed lines told wrongly": len(set(failed) ^ set(expected.failed)),
        "tasks too many": len(others),
        "counted wrongly": sum(
            abs(each)
            for each in (
                counts.added - expected.added,
                counts.replaced,
                counts.deleted - expected.deleted,
                counts.failed - len(expected.failed),
            )
        ),
    }
    if any(found.values()) or task.status is not TaskStatus.SUCCESS:
        raise SystemExit(f"WRONG: {task} {found}")
    return found


def _usable(directory: Path, count: int) -> list[Path]:
    """Pictures that the service takes, looked at by their heads only."""
    return [each for each, _ in zip(_pictures(directory), range(count), strict=False)]


def _pictures(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        if path.suffix.lower() in {".jpg", ".jpeg", ".png"} and path.stat().st_size <= MAX_PICTURE_BYTES:
            with Image.open(path) as picture:
                if min(picture.size) >= MIN_SIDE and max(picture.size) <= MAX_SIDE:
                    yield path


def _addition(product_id: str, pic_name: str) -> dict[str, str]:
    return {"OperationType": "ADD", "ProductId": product_id, "PicName": pic_name}


def _write_meta(bucket: Path, lines: Sequence[dict[str, str]]) -> None:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (bucket / "increment.meta").write_text(text, "utf-8")


def _make(data: Path, root: Path, catalogue: str | None = None) -> None:
    for command in (
        ["instance", "create", "g", "--type", "product"],
        ["connection", "create", "c", "--provider", "file", "--root", str(root)],
    ):
        subprocess.run(_command(data, catalogue, *command), stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own command


def _run(data: Path, *command: str) -> None:
    subprocess.run(_command(data, None, *command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)  # noqa: S603 - our own command


def _command(data: Path, catalogue: str | None, *command: str) -> list[str]:
    return [str(SIMILIS), *command, "--data", str(data), *(["--catalogue", catalogue] if catalogue else [])]


if __name__ == "__main__":
    main()
