import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from types import ModuleType

import pytest

from similis.catalogue import Catalogue
from similis.domain import AccessKey, Category, PictureKey, Role, StorageFailed, parse_filter

Start = Callable[..., "Popen[str]"]
Open = Callable[[str], Catalogue]
_FILTERS = ["int_attr>=20", "int_attr in (3,5)", 'str_attr!="run 1"', 'str_attr="run 2" AND int_attr<9']


def test_a_directory_that_cannot_be_written(public_directory: Path, start: Start, open_shop: Open) -> None:
    url = f"sqlite:///{public_directory}/catalogue.sqlite"
    open_shop(url).close()
    with start("readonly", url) as process:
        said, _ = process.communicate(timeout=60)
    assert said.startswith("The catalogue cannot be used: ")
    assert "Check that" in said
    assert process.returncode == 0


def test_a_directory_that_is_not_there(tmp_path: Path, open_shop: Open) -> None:
    with pytest.raises(StorageFailed, match="unable to open"):
        open_shop(f"sqlite:///{tmp_path}/nowhere/catalogue.sqlite")


def test_a_full_disk_loses_nothing(tmp_path: Path, start: Start, open_shop: Open) -> None:
    url = f"sqlite:///{tmp_path}/catalogue.sqlite"
    open_shop(url).close()
    with start("full", url) as process:
        said = process.communicate(timeout=60)[0].splitlines()
    assert process.returncode == 0
    assert said[-2].startswith("refused The catalogue cannot be used: ")
    assert said[-1] == "went on"
    added = [line for line in said if line.startswith("added")]
    catalogue = open_shop(url)
    assert catalogue.instance("shop").picture_count == len(added) + 1
    catalogue.verify()
    catalogue.close()


@pytest.mark.parametrize("content", [b"", b"no database " * 1000, b"SQLite format 3\x00" + bytes(5000)])
def test_a_file_that_is_no_database(tmp_path: Path, open_shop: Open, content: bytes) -> None:
    file = tmp_path / "catalogue.sqlite"
    file.write_bytes(content)
    if not content:
        open_shop(f"sqlite:///{file}").close()
        return
    with pytest.raises(StorageFailed):
        open_shop(f"sqlite:///{file}")


@pytest.fixture
def filled(tmp_path: Path, open_shop: Open, child: ModuleType) -> Path:
    file = tmp_path / "catalogue.sqlite"
    catalogue = open_shop(f"sqlite:///{file}")
    instance = catalogue.instance("shop")
    for run in range(3):
        catalogue.add(instance, [child.picture(run, number, instance.dimension) for number in range(40)])
    catalogue.delete(instance, "run 0", "7")
    catalogue.set_setting("keyring", "identity")
    catalogue.access_keys.add(AccessKey("key", Role.READER, ("shop",), datetime(2030, 1, 1, tzinfo=UTC)), b"sealed")
    catalogue.close()
    return file


@pytest.mark.parametrize("harm", ["bit", "bytes", "page", "cut", "swap"])
def test_a_damaged_file_is_refused_or_answers_rightly(
    filled: Path, open_shop: Open, harm: str, request: pytest.FixtureRequest
) -> None:
    truth, sound = _everything(open_shop(f"sqlite:///{filled}")), filled.read_bytes()
    chance = random.Random(request.node.name)  # noqa: S311 - no secret
    refused = 0
    for trial in range(40):
        damaged = filled.parent / f"{harm}{trial}"
        damaged.mkdir()
        file = shutil.copy(filled, damaged)
        Path(file).write_bytes(_harmed(sound, harm, chance))
        try:
            assert _everything(open_shop(f"sqlite:///{file}")) == truth
        except StorageFailed:
            refused += 1
        shutil.rmtree(damaged)
    assert refused > 2  # most bytes of a database are free space, where harm does none


def _harmed(sound: bytes, harm: str, chance: random.Random) -> bytes:
    content, page = bytearray(sound), 4096
    place = chance.randrange(page, len(content)) if harm == "cut" else chance.randrange(len(content))
    start = place - place % page
    if harm == "bit":
        content[place] ^= 1 << chance.randrange(8)
    elif harm == "bytes":
        content[place : place + 16] = chance.randbytes(len(content[place : place + 16]))
    elif harm == "page":
        content[start : start + page] = bytes(page)
    elif harm == "swap":
        other = chance.randrange(len(content) // page) * page
        content[start : start + page], content[other : other + page] = (
            sound[other : other + page],
            sound[start : start + page],
        )
    else:
        del content[place:]
    return bytes(content)


def _everything(catalogue: Catalogue) -> object:
    """All that a catalogue can be asked."""
    try:
        instance = catalogue.instance("shop")
        ids = catalogue.select_ids(instance, None, None).tolist()
        return (
            catalogue.instances(),
            catalogue.pictures(instance, ids),
            {number: vector.tobytes() for number, vector in catalogue.vectors(instance, ids).items()},
            [catalogue.select_ids(instance, parse_filter(text), Category.BAG).tolist() for text in _FILTERS],
            [tuple(change[:3]) for change in catalogue.changes(instance, 0)],
            [catalogue.picture(instance, PictureKey(f"run {run}", "11")) for run in range(3)],
            catalogue.setting("keyring"),
            catalogue.access_keys.get("key"),
            catalogue.access_keys.all(),
        )
    finally:
        catalogue.close()
