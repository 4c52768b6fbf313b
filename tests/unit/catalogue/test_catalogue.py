from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypeAlias
from unittest.mock import Mock

import numpy as np
import pytest
from sqlalchemy import func, insert, select

from similis.catalogue import Catalogue, NewPicture, sqlite_url
from similis.catalogue._database import Database
from similis.catalogue._tables import nonce as nonce_table
from similis.domain import (
    AccessKey,
    CapacityReached,
    CapacityTooSmall,
    Category,
    Instance,
    InstanceExists,
    InstanceNotFound,
    InvalidAttribute,
    KeyNotFound,
    PictureKey,
    PictureNotFound,
    Role,
    StorageFailed,
    parse_filter,
)

MakePicture: TypeAlias = Callable[..., NewPicture]
MakeInstance: TypeAlias = Callable[..., Instance]
_KEY = PictureKey("p", "a")


def test_an_instance_comes_back_as_it_was_made(catalogue: Catalogue, make_instance: MakeInstance) -> None:
    made = make_instance("shop", 5)
    assert catalogue.instance("shop") == made
    assert (made.name, made.spec.capacity, made.index, made.model) == ("shop", 5, "faiss", "model-1")
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=1)


def test_instances_are_listed_by_name(catalogue: Catalogue, make_instance: MakeInstance) -> None:
    assert catalogue.instances() == []
    made = [make_instance(name) for name in ("b", "a", "c")]
    assert [found.name for found in catalogue.instances()] == ["a", "b", "c"]
    assert len({found.id for found in made}) == 3


def test_a_name_is_taken_once(catalogue: Catalogue, make_instance: MakeInstance) -> None:
    make_instance("shop")
    with pytest.raises(InstanceExists):
        make_instance("shop")
    with pytest.raises(InstanceNotFound):
        catalogue.instance("Shop")


def test_a_deleted_instance_leaves_nothing(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    shop, other = make_instance("shop"), make_instance("other")
    for where in (shop, other):
        catalogue.add(where, [new_picture()])
    assert [each.picture_count for each in catalogue.delete_instance("shop")] == [1]
    with pytest.raises(InstanceNotFound):
        catalogue.delete_instance("shop")
    with pytest.raises(InstanceNotFound):
        catalogue.add(shop, [new_picture()])
    with pytest.raises(PictureNotFound):
        catalogue.picture(shop, _KEY)
    assert list(catalogue.changes(shop, 0)) == []
    again = make_instance("shop")
    assert again.id > other.id
    assert again.picture_count == 0
    assert catalogue.picture(other, _KEY).picture.key == _KEY
    catalogue.verify()


def test_a_picture_comes_back_as_it_was_added(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    new = new_picture(content="Größe “M”", int_attr=-7, str_attr4="été", value=0.1)
    assert catalogue.add(instance, [new]) == [False]
    stored = catalogue.picture(instance, _KEY)
    assert stored.picture == new.picture
    assert catalogue.pictures(instance, [stored.id, 999]) == {stored.id: stored}
    vector = catalogue.vectors(instance, [stored.id, 999])[stored.id]
    assert vector.dtype == np.float16
    np.testing.assert_array_equal(vector, new.vector.astype(np.float16))
    assert catalogue.instance("shop").picture_count == 1


def test_the_same_key_replaces_under_a_new_number(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture(value=1.0, int_attr=1)])
    old = catalogue.picture(instance, _KEY)
    assert catalogue.add(instance, [new_picture(value=2.0)]) == [True]
    new = catalogue.picture(instance, _KEY)
    assert new.id > old.id
    assert new.picture.attributes.int_attr is None
    assert catalogue.vectors(instance, [old.id, new.id]).keys() == {new.id}
    assert catalogue.instance("shop").picture_count == 1


@pytest.mark.parametrize("count", [2, 500, 501, 1_300])
def test_of_many_pictures_it_is_told_which_replaced_one(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, count: int
) -> None:
    odd = "a'b %:?ü"  # each key shares a part with others
    new = [new_picture(f"p{number // 2}{odd}", f"{number % 2}{odd}") for number in range(count)]
    catalogue.add(instance, new[::3])
    assert catalogue.add(instance, new) == [number % 3 == 0 for number in range(count)]
    assert catalogue.instance("shop").picture_count == count


def test_numbers_are_never_used_again(catalogue: Catalogue, instance: Instance, new_picture: MakePicture) -> None:
    seen = []
    for _ in range(3):
        catalogue.add(instance, [new_picture()])
        seen.append(catalogue.picture(instance, _KEY).id)
        catalogue.delete(instance, "p")
    assert seen == sorted(set(seen))


def test_of_one_key_in_a_batch_the_last_counts(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture("q")])
    batch = [new_picture("p", int_attr=1), new_picture("q"), new_picture("p", int_attr=2), new_picture("r")]
    assert catalogue.add(instance, batch) == [False, True, True, False]
    assert catalogue.picture(instance, _KEY).picture.attributes.int_attr == 2
    assert catalogue.instance("shop").picture_count == 3
    assert catalogue.add(instance, []) == []


def test_capacity_counts_new_pictures_only(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    small = make_instance("small", 2)
    catalogue.add(small, [new_picture("p"), new_picture("q")])
    assert catalogue.add(small, [new_picture("q"), new_picture("p")]) == [True, True]
    before = catalogue.last_seq(small)
    with pytest.raises(CapacityReached):
        catalogue.add(small, [new_picture("q", int_attr=1), new_picture("r")])
    assert catalogue.picture(small, PictureKey("q", "a")).picture.attributes.int_attr is None
    assert catalogue.last_seq(small) == before
    catalogue.delete(small, "p")
    catalogue.add(small, [new_picture("r")])


def test_a_raised_capacity_counts_at_once_also_where_the_instance_was_read_before(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    small = catalogue.change_index(make_instance("small", 1), "milvus")
    catalogue.add(small, [new_picture("p")])
    with pytest.raises(CapacityReached) as caught:
        catalogue.add(small, [new_picture("q")])
    assert "similis instance set small --capacity N" in caught.value.hint
    assert catalogue.instance_settings.change("small", {"capacity": 3}).capacity == 3
    catalogue.add(small, [new_picture("q")])
    for too_low in (1, 0):
        with pytest.raises(CapacityTooSmall, match="holds 2 pictures") as refused:
            catalogue.instance_settings.change("small", {"capacity": too_low, "qps": 5.0})
        assert "2 or more" in refused.value.hint
    changed = catalogue.instance_settings.change("small", {"capacity": 2})
    assert (changed.capacity, changed.qps) == (2, None)
    catalogue.add(small, [new_picture("q", int_attr=1)])
    with pytest.raises(CapacityReached, match="hold 2 pictures, not 3"):
        catalogue.add(small, [new_picture("r")])
    catalogue.verify()


@pytest.mark.parametrize("numbers", [[1.0] * 7, [1.0] * 9, [1.0] * 7 + [np.nan], [np.inf] * 8])
def test_a_bad_vector_is_refused(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, numbers: list[float]
) -> None:
    with pytest.raises(ValueError, match="8 numbers"):
        catalogue.add(instance, [replace(new_picture(), vector=np.array(numbers, dtype=np.float32))])


def test_update_changes_what_is_named_and_nothing_else(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture(content="old", int_attr=1, str_attr="red"), new_picture("q", int_attr=1)])
    before, seq = catalogue.picture(instance, _KEY), catalogue.last_seq(instance)
    catalogue.update(instance, _KEY, {"int_attr": None, "int_attr2": 5, "custom_content": "new"})
    after = catalogue.picture(instance, _KEY)
    assert after.id == before.id
    assert (after.picture.custom_content, after.picture.attributes.as_dict()) == (
        "new",
        {**before.picture.attributes.as_dict(), "int_attr": None, "int_attr2": 5},
    )
    told = catalogue.last_seq(instance)
    catalogue.update(instance, _KEY, {"custom_content": None})
    assert catalogue.picture(instance, _KEY).picture.custom_content is None
    assert catalogue.last_seq(instance) == told  # indexes do not know it
    [change] = catalogue.changes(instance, seq)
    assert (change.operation, change.picture_id, change.attributes) == ("update", before.id, after.picture.attributes)
    catalogue.verify()


@pytest.mark.parametrize(
    "changes",
    [
        {"int_attr": 2**31},
        {"str_attr": "x" * 129},
        {"custom_content": 5},
        {"id": 1},
        {"int_attr": "x"},
        {"str_attr": "\ud800"},
    ],
)
def test_a_bad_update_changes_nothing(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, changes: dict[str, int | str | None]
) -> None:
    catalogue.add(instance, [new_picture()])
    before = catalogue.picture(instance, _KEY)
    with pytest.raises(InvalidAttribute):
        catalogue.update(instance, _KEY, {"int_attr2": 3, **changes})
    assert catalogue.picture(instance, _KEY) == before


def test_updating_what_is_not_there(catalogue: Catalogue, instance: Instance) -> None:
    with pytest.raises(PictureNotFound):
        catalogue.update(instance, _KEY, {"int_attr": 1})


def test_delete_returns_what_it_removed(catalogue: Catalogue, instance: Instance, new_picture: MakePicture) -> None:
    keys = [("p", "a"), ("p", "b"), ("q", "a"), ("q", "b")]
    catalogue.add(instance, [new_picture(*key) for key in keys])
    assert catalogue.delete(instance, "p", "b") == [PictureKey("p", "b")]
    assert catalogue.delete(instance, "p", "b") == []
    assert catalogue.delete(instance, "q") == [PictureKey("q", "a"), PictureKey("q", "b")]
    assert catalogue.delete(instance, "nothing") == []
    assert catalogue.instance("shop").picture_count == 1


def test_delete_matching_removes_matches_only(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(
        instance, [new_picture(str(number), int_attr=number) for number in range(9)] + [new_picture("none")]
    )
    removed = catalogue.delete_matching(instance, parse_filter("int_attr!=3"))
    assert {key.product_id for key in removed} == set("01245678")
    assert catalogue.instance("shop").picture_count == 2
    assert len(catalogue.select_ids(instance, None, None)) == 2


def test_instances_do_not_see_each_other(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    shop, other = make_instance("shop"), make_instance("other")
    catalogue.add(shop, [new_picture(content="mine", int_attr=1)])
    number = catalogue.picture(shop, _KEY).id
    assert catalogue.pictures(other, [number]) == {}
    assert catalogue.vectors(other, [number]) == {}
    assert len(catalogue.select_ids(other, parse_filter("int_attr=1"), None)) == 0
    assert catalogue.delete(other, "p") == catalogue.delete_matching(other, parse_filter("int_attr=1")) == []
    assert list(catalogue.changes(other, 0)) == []
    assert catalogue.last_seq(other) == 0


def test_select_ids_joins_filter_and_category(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    kinds = [Category.BAG, Category.TOY]
    catalogue.add(instance, [new_picture(str(n), category=kinds[n % 2], int_attr=n) for n in range(10)])
    numbers = catalogue.select_ids(instance, None, None)
    assert numbers.dtype == np.int64
    assert sorted(numbers) == list(numbers)
    stored = catalogue.pictures(instance, numbers.tolist())
    chosen = catalogue.select_ids(instance, parse_filter("int_attr>=4"), Category.TOY)
    assert [stored[number].picture.attributes.int_attr for number in chosen] == [5, 7, 9]


def test_the_change_log_tells_the_story_in_order(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture("p", value=1.0), new_picture("q", value=2.0)])
    p, q = (catalogue.picture(instance, PictureKey(name, "a")).id for name in "pq")
    middle = catalogue.last_seq(instance)
    catalogue.add(instance, [new_picture("p", value=3.0)])
    catalogue.delete(instance, "q")
    new = catalogue.picture(instance, _KEY).id
    log = list(catalogue.changes(instance, 0))
    told = [(change.operation, change.picture_id) for change in log]
    assert told == [("add", p), ("add", q), ("remove", p), ("add", new), ("remove", q)]
    vectors = [None if change.vector is None else float(change.vector[0]) for change in log]
    assert vectors == [None, None, None, 3.0, None]
    assert [change.seq for change in log] == sorted({change.seq for change in log})
    assert [change.seq for change in catalogue.changes(instance, middle)] == [change.seq for change in log[2:]]
    assert catalogue.last_seq(instance) == log[-1].seq


def test_thousands_of_pictures_go_in_and_out_at_once(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    big = make_instance("big", 9999)
    catalogue.add(big, [new_picture(str(number), value=number % 100) for number in range(2500)])
    numbers = catalogue.select_ids(big, None, None).tolist()
    assert len(catalogue.pictures(big, numbers)) == len(catalogue.vectors(big, numbers)) == 2500
    log = list(catalogue.changes(big, 0))
    assert [change.picture_id for change in log] == numbers
    assert all(change.vector is not None for change in log)


def test_settings(catalogue: Catalogue) -> None:
    assert catalogue.setting("keyring") is None
    for value in ("first", "second", ""):
        catalogue.set_setting("keyring", value)
        assert catalogue.setting("keyring") == value


def test_access_keys(catalogue: Catalogue, make_instance: MakeInstance) -> None:
    for name in ("shop", "other"):
        make_instance(name)
    now = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    first = AccessKey("id1", Role.WRITER, ("shop", "other"), now)
    second = AccessKey("id2", Role.ADMIN, (), now - timedelta(days=1))
    for key in (first, second):
        catalogue.access_keys.add(key, b"\x00sealed " + key.id.encode())
    assert catalogue.access_keys.all() == [second, first]
    assert catalogue.access_keys.get("id1") == (first, b"\x00sealed id1")
    assert (
        catalogue.access_keys.disable("id1") == catalogue.access_keys.disable("id1") == replace(first, disabled=True)
    )
    assert catalogue.access_keys.get("id1")[0].disabled
    for verb in (catalogue.access_keys.get, catalogue.access_keys.disable):
        with pytest.raises(KeyNotFound):
            verb("id3")
    catalogue.verify()


def test_temporary_access_keys(catalogue: Catalogue) -> None:
    now = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    permanent = AccessKey("id1", Role.WRITER, (), now)
    temporary = AccessKey("id2", Role.WRITER, (), now, expires_at=now + timedelta(hours=1))
    catalogue.access_keys.add(permanent, b"sealed")
    catalogue.access_keys.add(temporary, b"sealed", b"\x00digest")
    assert catalogue.access_keys.all() == [permanent, temporary]
    assert catalogue.access_keys.get("id2") == (temporary, b"sealed")
    assert [catalogue.access_keys.token_digest(each) for each in ("id1", "id2", "id3")] == [None, b"\x00digest", None]
    assert catalogue.access_keys.disable("id2") == replace(temporary, disabled=True)
    catalogue.access_keys.forget(now + timedelta(hours=1))
    assert len(catalogue.access_keys.all()) == 2
    catalogue.access_keys.forget(now + timedelta(hours=1, microseconds=1))
    assert catalogue.access_keys.all() == [permanent]
    catalogue.verify()


def test_a_nonce_is_new_once_until_its_time_is_over(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2030, 1, 2, tzinfo=UTC)
    until = now + timedelta(minutes=30)
    monkeypatch.setattr("similis.catalogue._steady_time.monotonic", Mock(side_effect=count(0, 30 * 60)))
    for key_id, nonce in (("a", "1"), ("a", "2"), ("b", "1"), ("a", "é\x00" * 5000), ("a", "")):
        assert catalogue.access_keys.remember_nonce(key_id, nonce, until=until, now=now)
        assert not catalogue.access_keys.remember_nonce(key_id, nonce, until=until, now=until)
    catalogue.verify()
    assert catalogue.access_keys.remember_nonce("a", "3", until=until, now=until + timedelta(microseconds=1))
    with catalogue._database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(nonce_table)).scalar() == 1


def test_everything_is_there_after_opening_again(
    catalogue: Catalogue, open_catalogue: Callable[[], Catalogue], instance: Instance, new_picture: MakePicture
) -> None:
    catalogue.add(instance, [new_picture(content="kept")])
    before = catalogue.picture(instance, _KEY)
    catalogue.close()
    assert open_catalogue().picture(instance, _KEY) == before


def test_errors_of_statements_do_not_quote_values(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "any.sqlite"))
    with pytest.raises(StorageFailed) as caught, database.reading() as connection:
        connection.execute(insert(nonce_table), [{"digest": b"private words", "until": "no moment", "checksum": 0}])
    assert "private words" not in f"{caught.value.message} {caught.value.__cause__}"
    database.close()
