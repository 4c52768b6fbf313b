"""Keys and connections that are limited to instances: what becomes of them when one is deleted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete

from similis.catalogue import Catalogue, Claim, NewPicture
from similis.catalogue._tables import instance as instance_table
from similis.domain import (
    AccessKey,
    Connection,
    ConnectionNotFound,
    Instance,
    InstanceNotFound,
    Provider,
    Role,
    TaskKind,
)

MakeInstance = Callable[..., Instance]
NOW = datetime(2030, 1, 2, tzinfo=UTC)
ALONE = AccessKey("alone", Role.WRITER, ("shop",), NOW)
BOTH = AccessKey("both", Role.ADMIN, ("other", "shop"), NOW)
ALL = AccessKey("every", Role.ADMIN, (), NOW)


@pytest.fixture
def limited(catalogue: Catalogue, make_instance: MakeInstance) -> Catalogue:
    """Keys and connections for `shop`, for it and `other`, and for all."""
    for name in ("shop", "other"):
        make_instance(name)
    for key in (ALONE, BOTH, ALL):
        catalogue.access_keys.add(key, b"sealed")
        connection = Connection(key.id, Provider.S3, bucket="pictures", instances=key.instances)
        catalogue.connections.add(connection, b"sealed credentials")
    return catalogue


def check_released(catalogue: Catalogue) -> None:
    keys = {key.id: key for key in catalogue.access_keys.all()}
    assert keys == {
        "alone": replace(ALONE, disabled=True),
        "both": replace(BOTH, instances=("other",)),
        "every": ALL,
    }
    assert {each.name: each.instances for each in catalogue.connections.all()} == {"both": ("other",), "every": ()}
    with pytest.raises(ConnectionNotFound):
        catalogue.connections.get("alone")
    catalogue.verify()


def test_a_later_instance_of_the_same_name_is_not_theirs(limited: Catalogue, make_instance: MakeInstance) -> None:
    limited.delete_instance("shop")
    check_released(limited)
    spec = make_instance("temporary").spec
    limited.create_instance(replace(spec, name="shop"), uid="f" * 32, index="faiss", model="m", dimension=8)
    check_released(limited)
    assert not any(key.allows(Role.READER, "shop") for key in limited.access_keys.all() if key.instances)
    limited.delete_instance("other")
    keys = {key.id: key for key in limited.access_keys.all()}
    assert keys["both"].disabled, "a key that has lost its last instance is one for all"
    assert not keys["both"].allows(Role.READER, "shop")


def test_a_rebuild_takes_nothing_away(
    limited: Catalogue, begin_task: Callable[..., Claim], new_picture: Callable[..., NewPicture]
) -> None:
    limited.instance_settings.change("shop", {"qps": 2.5, "retention_days": 30})
    live = limited.instance("shop")
    limited.add(live, [new_picture()])
    claim = begin_task(live, TaskKind.REBUILD)
    filled = limited.shadows.create(claim, live, "e" * 32)
    limited.instance_settings.change("shop", {"retention_days": 60})
    new = limited.shadows.swap(claim, live, filled)
    assert (new.uid, new.qps, new.retention_days) == ("e" * 32, 2.5, 60)
    old = limited.shadows.of(claim.task_id)
    assert old is not None
    limited.delete_instance(old.name)
    assert {key.id: key.disabled for key in limited.access_keys.all()} == dict.fromkeys(
        ("alone", "both", "every"), False
    )
    assert limited.connections.get("alone")[0].instances == ("shop",)
    limited.delete_instance("shop")
    assert limited.access_keys.get("alone")[0].disabled


def test_nothing_is_limited_to_what_is_not_there(limited: Catalogue) -> None:
    with pytest.raises(InstanceNotFound):
        limited.access_keys.add(AccessKey("new", Role.READER, ("other", "gone"), NOW), b"sealed")
    with pytest.raises(InstanceNotFound):
        limited.connections.add(Connection("new", Provider.S3, instances=("gone",)), None)
    assert len(limited.access_keys.all()) == len(limited.connections.all()) == 3


def test_names_that_earlier_versions_left_are_taken_out(limited: Catalogue) -> None:
    with limited._database.writing() as connection:
        connection.execute(delete(instance_table).where(instance_table.c.name == "shop"))
    limited.access_keys.release_deleted()
    check_released(limited)
    limited.access_keys.release_deleted()
    check_released(limited)
