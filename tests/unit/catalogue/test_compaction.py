"""The change log is shortened of what pictures that are gone left in it, where nobody may be following it."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from similis.catalogue import Catalogue, NewPicture
from similis.domain import Instance

MakePicture: TypeAlias = Callable[..., NewPicture]
MakeInstance: TypeAlias = Callable[..., Instance]


def test_a_log_about_pictures_that_are_gone_is_shortened(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    instance, other = make_instance("shop", 100), make_instance("other")
    catalogue.add(other, [new_picture("p")])
    for _ in range(30):
        catalogue.add(instance, [new_picture(str(number)) for number in range(50)])
    last, vectors = catalogue.last_seq(instance), _fed(catalogue, instance)
    assert catalogue.log_end(instance).compaction == (0, 0)
    gone = max(each.seq for each in catalogue.changes(instance, 0) if each.picture_id not in vectors)
    catalogue.compact_changes()
    assert catalogue.log_end(instance) == catalogue.log_end(other)._replace(seq=last) == (last, (1, gone))
    assert len(list(catalogue.changes(instance, 0))) == len(vectors) == 50
    assert _fed(catalogue, instance) == vectors
    assert len(_fed(catalogue, other)) == 1
    catalogue.delete(instance, "0")
    assert catalogue.last_seq(instance) > last
    assert len(_fed(catalogue, instance)) == 49
    kept = list(catalogue.changes(instance, 0))
    catalogue.compact_changes()
    assert len(list(catalogue.changes(instance, 0))) == len(kept)  # too little to be worth it
    assert catalogue.log_end(instance).compaction == (1, gone)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_a_log_that_another_may_be_following_stays_as_it_is(
    catalogue: Catalogue, other: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    for _ in range(30):
        catalogue.add(instance, [new_picture(str(number)) for number in range(50)])
    other.compact_changes()
    assert len(list(catalogue.changes(instance, 0))) > 1500
    catalogue.close()
    other.compact_changes()
    assert len(list(other.changes(instance, 0))) == 50


def _fed(catalogue: Catalogue, instance: Instance) -> set[int]:
    """The pictures of an index that follows the whole log."""
    pictures: set[int] = set()
    for change in catalogue.changes(instance, 0):
        if change.operation == "remove":
            pictures.discard(change.picture_id)
        elif change.vector is not None:
            pictures.add(change.picture_id)
    return pictures
