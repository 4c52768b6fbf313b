"""A file that one process writes and others read along; two connections of one process do as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.unit.catalogue.conftest import MirrorSealer

from similis.catalogue import Catalogue, NewPicture
from similis.domain import Instance, PictureKey, PictureNotFound, StorageFailed

MakePicture = Callable[..., NewPicture]
_KEY = PictureKey("p", "a")


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def reader(catalogue: Catalogue, url: str) -> Iterator[Catalogue]:
    assert not catalogue.shared
    reader = Catalogue.reader(url, MirrorSealer())
    yield reader
    reader.close()


def test_it_sees_each_change_at_once_also_in_what_it_remembers(
    catalogue: Catalogue, reader: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    for number in range(1, 6):
        assert reader.log_end(instance) == catalogue.log_end(instance)
        assert reader.count(instance, None, 100) == number - 1
        catalogue.add(instance, [new_picture(f"p{number}")])
        assert reader.log_end(instance) == catalogue.log_end(instance)
        assert reader.count(instance, None, 100) == number
        assert reader.instance("shop").picture_count == number


def test_its_number_changes_when_something_was_written_and_only_then(
    catalogue: Catalogue, reader: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture()])
    before = reader.writes()
    reader.described(instance, _KEY)
    catalogue.described(instance, _KEY)
    assert reader.writes() == before
    catalogue.delete(instance, "p")
    assert reader.writes() != before


def test_a_block_reads_one_moment_and_remembers_nothing_older(
    catalogue: Catalogue, reader: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture()])
    with reader.snapshot():
        assert reader.described(instance, _KEY).picture.key == _KEY
        catalogue.delete(instance, "p")
        assert reader.described(instance, _KEY).picture.key == _KEY
        assert reader.count(instance, None, 100) == 0
    assert reader.count(instance, None, 100) == 0
    with pytest.raises(PictureNotFound):
        reader.described(instance, _KEY)


def test_it_writes_nothing(catalogue: Catalogue, reader: Catalogue, instance: Instance) -> None:
    for verb in (lambda: reader.set_setting("a", "b"), lambda: reader.delete_instance(instance.name)):
        with pytest.raises(StorageFailed):
            verb()
    assert catalogue.setting("a") is None
    assert catalogue.instance(instance.name) == instance
