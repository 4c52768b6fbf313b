"""A large database that was not closed in order is checked while it is used."""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from similis.catalogue import Catalogue, NewPicture
from similis.domain import Instance, StorageFailed

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # only files are verified


@pytest.fixture
def left_open(
    catalogue: Catalogue,
    instance: Instance,
    new_picture: Callable[..., NewPicture],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Path:
    """The file of a database of three pictures, which count as many, that was not closed in order."""
    monkeypatch.setattr("similis.catalogue._verify._AT_ONCE_UP_TO", 2)
    catalogue.add(instance, [new_picture(str(number)) for number in range(3)])
    catalogue.close()
    file = tmp_path / "catalogue.sqlite"
    Path(f"{file}.closed").unlink()
    return file


def _checked(catalogue: Catalogue) -> None:
    catalogue._verification._thread.join(20)


def test_a_sound_one_is_used_at_once_and_stamped_afterwards(
    open_catalogue: Callable[[], Catalogue], left_open: Path
) -> None:
    catalogue = open_catalogue()
    assert catalogue.instances()
    _checked(catalogue)
    catalogue.close()
    assert Path(f"{left_open}.closed").exists()


def test_damage_that_is_found_stops_all_further_use(
    open_catalogue: Callable[[], Catalogue], left_open: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite3.connect(left_open) as connection:
        connection.execute("UPDATE picture SET str_attr4 = 'other' WHERE id = 2")
    connection.close()
    for _ in range(2):  # the second time, too: it is not taken for sound because it was closed in order
        with caplog.at_level(logging.ERROR):
            catalogue = open_catalogue()
            _checked(catalogue)
        assert "checksum" in caplog.text
        with pytest.raises(StorageFailed, match="damaged"):
            catalogue.instances()
        with pytest.raises(StorageFailed, match="damaged"):
            catalogue.set_setting("name", "value")
        catalogue.close()


def test_closing_gives_the_check_up_and_the_next_opening_begins_it_again(
    open_catalogue: Callable[[], Catalogue], left_open: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("similis.catalogue._verify._check_structure", lambda _connection: time.sleep(0.2))
    catalogue = open_catalogue()
    catalogue.close()
    assert not Path(f"{left_open}.closed").exists()
