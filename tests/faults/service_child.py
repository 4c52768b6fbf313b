"""Programs that meet with an accident while they use a whole service; run by the tests beside this file.

    service_child.py killed DATA SEED    for each number of a run read, start a process that works until it is killed
    service_child.py full DATA           write segments while files may not grow, then with more room
    service_child.py readonly DATA       work where the directory of indexes can only be read
    service_child.py unusable DATA       open a service which may not make that directory

They say on their standard output what they were told is done.
"""

import os
import random
import resource
import shutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.shadow import Add, Delete, Operation, embedded, finds, operations

from similis.domain import PictureKey, StorageFailed
from similis.service import App, Settings

_NOBODY = 65534
_ROOMS = 100, 11_000, 12_000  # for the manifest, for the vectors, for the columns too, but not for the codes


def settings(data: Path) -> Settings:
    """An index goes to disk with 150 pictures, and again with every 60 changes."""
    return Settings(data=data, models=data.with_name("no models"), exact_below=150, threads=1)


def work_of(seed: int, run: int) -> Iterator[Operation]:
    """What a run does, always the same."""
    return operations(random.Random(f"{seed} {run}"), 1_000_000 * run)  # noqa: S311 - no secret


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def work_for_ever(data: Path, seed: int, run: int) -> None:
    app = App.open(settings(data))
    say("opened")
    for operation in work_of(seed, run):
        operation.run(app)
        say("done")


def killed(data: Path, seed: int) -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            say(f"process {os.getpid()}")
            try:
                work_for_ever(data, seed, int(line))
            finally:
                traceback.print_exc()
                os._exit(1)  # exit handlers of libraries may wait for threads that a fork does not have
        os.waitpid(child, 0)
        say("ended")


def full(data: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    with App.open(settings(data)) as app:
        for number in range(4, 8):  # of few vectors the codes are larger, so that writing these fails, too
            Delete(f"product {number}").run(app)
        index = embedded(app)
        index.seal()
        before = segments(data)
        for room in _ROOMS:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, unlimited[1]))
            index.seal()
            resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
            say("not written" if segments(data) == before else f"written in {room} bytes")
        for number in range(2):
            Add(tuple(PictureKey(f"product {number}", str(name)) for name in range(40)), 60).run(app)
        say("right" if finds(app, PictureKey("product 1", "20"), 60) else "wrong")
        index.seal()
        say("not written" if segments(data) == before else "written")


def segments(data: Path) -> set[Path]:
    return set((data / "index").glob("*/features/*"))


def readonly(data: Path) -> None:
    import_all(data)
    for path in (data / "index").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    (data / "index").chmod(0o555)
    become_another(data)
    with App.open(settings(data)) as app:
        Add(tuple(PictureKey("product 7", str(name)) for name in range(200)), 70).run(app)
        embedded(app).seal()
        say("added")
        say("right" if finds(app, PictureKey("product 7", "150"), 70) else "wrong")


def unusable(data: Path) -> None:
    import_all(data)
    shutil.rmtree(data / "index")
    (data / "index").mkdir(mode=0o000)
    become_another(data)
    try:
        App.open(settings(data)).close()
    except StorageFailed as error:
        say(f"{error.message}\n{error.hint}")


def import_all(data: Path) -> None:
    """Load the modules that another user could not read."""
    with App.open(settings(data)) as app:
        embedded(app).seal()


def become_another(data: Path) -> None:
    """Go on as a user to whom all belongs but the directory of indexes."""
    if os.geteuid():
        return
    for path in (*data.parent.rglob("*"), data.parent):
        if data / "index" not in {path, *path.parents}:
            os.chown(path, _NOBODY, _NOBODY)
    os.setuid(_NOBODY)


if __name__ == "__main__":
    _mode, _data, *_rest = sys.argv[1:]
    if _mode == "killed":
        killed(Path(_data), int(_rest[0]))
    else:
        {"full": full, "readonly": readonly, "unusable": unusable}[_mode](Path(_data))
