"""How many pictures a day are added with access keys: counted once, whoever counts, and forgotten with the day."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from similis.catalogue import Catalogue
from similis.catalogue._tables import key_use
from similis.domain import AccessKey, Role

NOON = datetime(2030, 1, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Use = Callable[..., bool]


@pytest.fixture
def use(catalogue: Catalogue) -> Use:
    """Counts pictures of a key that may add ten a day."""
    for name in ("id", "other"):
        catalogue.access_keys.add(AccessKey(name, Role.WRITER, (), NOON, pictures_per_day=10), b"sealed")

    def count(pictures: int, now: datetime = NOON, key: str = "id") -> bool:
        return catalogue.access_keys.use_pictures(key, pictures, most=10, now=now)

    return count


def test_a_key_keeps_its_limits(catalogue: Catalogue) -> None:
    key = AccessKey("id", Role.WRITER, (), NOON, pictures_per_day=10, max_body=70_000)
    catalogue.access_keys.add(key, b"sealed")
    assert catalogue.access_keys.all() == [key]


def test_no_more_are_counted_than_may_be(use: Use) -> None:
    assert use(9)
    assert not use(2)
    assert use(1)
    assert not use(1)
    assert use(10, key="other")


def test_a_new_day_begins_at_midnight_utc(use: Use) -> None:
    assert use(10, NOON)
    assert not use(1, NOON + DAY / 2 - timedelta(seconds=1))
    assert use(10, NOON + DAY / 2)
    assert not use(1, NOON + DAY)


def test_what_is_given_back_may_be_used_again(catalogue: Catalogue, use: Use) -> None:
    assert use(10)
    catalogue.access_keys.give_back_pictures("id", 1, now=NOON)
    assert use(1)
    assert not use(1)


def test_what_is_given_back_after_midnight_is_not_the_new_days(catalogue: Catalogue, use: Use) -> None:
    assert use(10, NOON)
    assert use(10, NOON + DAY)
    catalogue.access_keys.give_back_pictures("id", 1, now=NOON)
    catalogue.access_keys.give_back_pictures("other", 1, now=NOON)
    assert not use(1, NOON + DAY)
    assert not use(11, NOON, "other")


def test_of_many_at_once_just_as_many_are_counted(use: Use) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: use(1), range(30))) == 10


def test_what_a_removed_key_used_is_removed_with_it(catalogue: Catalogue, use: Use) -> None:
    ended = AccessKey("ended", Role.WRITER, (), NOON, expires_at=NOON, pictures_per_day=10)
    catalogue.access_keys.add(ended, b"sealed", b"digest")
    assert use(1, NOON, "ended")
    catalogue.access_keys.forget(NOON + timedelta(seconds=1))
    with catalogue._database.reading() as connection:
        assert connection.execute(select(key_use.c.key_id)).scalars().all() == []


def test_the_days_before_are_forgotten(catalogue: Catalogue, use: Use) -> None:
    use(1)
    use(1, NOON + DAY, "other")
    catalogue.access_keys.forget(NOON + DAY)
    with catalogue._database.reading() as connection:
        assert connection.execute(select(key_use.c.key_id)).scalars().all() == ["other"]
