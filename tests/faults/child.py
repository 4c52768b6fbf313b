"""Programs that meet with an accident while they use a catalogue; run by the tests beside this file.

    child.py killed URL RUNS     for each line read, start a process that adds pictures until it is killed
    child.py readonly URL        try to write where only reading is allowed
    child.py full URL            add pictures until files may grow no more, then go on with more room

They say on their standard output what they were told is stored.
"""

import os
import resource
import sys
import traceback
from itertools import count
from pathlib import Path

import numpy as np

from similis.catalogue import Catalogue, NewPicture
from similis.domain import Attributes, Category, Picture, PictureKey, Region, StorageFailed

_NOBODY = 65534
_ROOM = 64 * 1024


class PlainFeatureSealer:
    def seal(self, picture_id: int, plain: bytes) -> bytes:
        return picture_id.to_bytes(8) + plain

    def unseal(self, picture_id: int, sealed: bytes) -> bytes:
        return sealed.removeprefix(picture_id.to_bytes(8))


class PlainSealer:
    def seal(self, instance_uid: str, text: str) -> bytes:
        return f"{instance_uid}{text}".encode()

    def unseal(self, instance_uid: str, sealed: bytes) -> str:
        return sealed.decode().removeprefix(instance_uid)

    def features(self, _: str) -> PlainFeatureSealer:
        return PlainFeatureSealer()


def picture(run: int, number: int, dimension: int) -> NewPicture:
    key = PictureKey(f"run {run}", str(number))
    attributes = Attributes(int_attr=number, str_attr=f"run {run}")
    kept = Picture(key, Category.BAG, Region(0, 1, 0, 1), f"content {number}", attributes)
    return NewPicture(kept, np.full(dimension, number % 1000, dtype=np.float32))


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def add_for_ever(url: str, run: int) -> None:
    catalogue = Catalogue.open(url, PlainSealer())
    instance = catalogue.instance("shop")
    for number in count():
        catalogue.add(instance, [picture(run, number, instance.dimension)])
        say(f"added {number}")
        if number % 4 == 3:
            catalogue.delete(instance, f"run {run}", str(number - 1))
            say(f"deleted {number - 1}")


def killed(url: str, runs: int) -> None:
    for run in range(runs):
        sys.stdin.readline()
        child = os.fork()
        if not child:
            say(f"process {os.getpid()}")
            try:
                add_for_ever(url, run)
            finally:
                traceback.print_exc()
                os._exit(1)  # exit handlers of libraries may wait for threads that a fork does not have
        os.waitpid(child, 0)
        say("ended")


def readonly(url: str) -> None:
    Catalogue.open(url, PlainSealer()).close()  # everything is imported now that another user could not read
    file = Path(url.removeprefix("sqlite:///"))
    file.chmod(0o444)
    file.parent.chmod(0o555)
    if os.geteuid() == 0:
        os.setuid(_NOBODY)
    try:
        catalogue = Catalogue.open(url, PlainSealer())
        catalogue.set_setting("name", "value")
    except StorageFailed as error:
        say(f"{error.message} {error.hint}")


def full(url: str) -> None:
    catalogue = Catalogue.open(url, PlainSealer())
    instance = catalogue.instance("shop")
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM, unlimited[1]))
    try:
        for number in count():
            catalogue.add(instance, [picture(0, number, instance.dimension)])
            say(f"added {number}")
    except StorageFailed as error:
        say(f"refused {error.message} {error.hint}")
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    catalogue.add(instance, [picture(1, 0, instance.dimension)])
    catalogue.verify()
    say("went on")


if __name__ == "__main__":
    _mode, _url, *_rest = sys.argv[1:]
    if _mode == "killed":
        killed(_url, int(_rest[0]))
    else:
        {"readonly": readonly, "full": full}[_mode](_url)
