from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from similis.catalogue import Catalogue, Claim
from similis.domain import (
    Connection,
    ConnectionExists,
    ConnectionNotFound,
    ImportSource,
    Instance,
    Provider,
    TaskKind,
    TaskRunning,
    TaskStatus,
)

Open = Callable[[], Catalogue]
BeginTask = Callable[..., Claim]

_CLOUD = Connection(
    "cloud",
    Provider.OSS,
    endpoint="oss.example.com",
    region="cn-shanghai",
    bucket="shop-pictures",
    role_arn="acs:ram::1234:role/reader",
    instances=("shop", "other"),
    access_key_id="LTAI",
)
_DISK = Connection("Disk", Provider.FILE, root="/pictures")


@pytest.fixture(autouse=True)
def _instances(instance: Instance, make_instance: Callable[..., Instance]) -> None:
    """What connections are limited to."""
    assert _CLOUD.instances == (instance.name, make_instance("other").name)


def test_connections_are_kept_with_their_sealed_credentials(open_catalogue: Open, catalogue: Catalogue) -> None:
    before = datetime.now(UTC)
    made = [catalogue.connections.add(_CLOUD, b"sealed"), catalogue.connections.add(_DISK, None)]
    assert [replace(each, created_at=None) for each in made] == [_CLOUD, _DISK]
    assert all(each.created_at is not None and before <= each.created_at <= datetime.now(UTC) for each in made)
    catalogue.close()
    again = open_catalogue()
    assert again.connections.all() == made[::-1]  # capitals before small letters, on every database
    assert again.connections.get("cloud") == (made[0], b"sealed")
    assert again.connections.get("Disk") == (made[1], None)
    again.verify()


def test_a_name_is_used_once_and_free_once_removed(catalogue: Catalogue) -> None:
    made = catalogue.connections.add(_DISK, None)
    with pytest.raises(ConnectionExists, match="'Disk'"):
        catalogue.connections.add(replace(_CLOUD, name="Disk"), b"sealed")
    assert catalogue.connections.remove("Disk") == made
    for look_up in (catalogue.connections.get, catalogue.connections.remove):
        with pytest.raises(ConnectionNotFound, match="'Disk'"):
            look_up("Disk")
    catalogue.connections.add(replace(_CLOUD, name="Disk"), b"sealed")


def test_a_connection_that_a_task_reads_from_stays(
    catalogue: Catalogue, instance: Instance, source: ImportSource, begin_task: BeginTask
) -> None:
    claim = begin_task(instance)
    with pytest.raises(TaskRunning, match=f"Task {claim.task_id} "):
        catalogue.connections.remove(source.connection)
    catalogue.tasks.finish(claim, TaskStatus.SUCCESS)
    catalogue.connections.remove(source.connection)
    assert catalogue.tasks.get(claim.task_id).source == source
    with pytest.raises(ConnectionNotFound):
        catalogue.tasks.create(instance, TaskKind.IMPORT, source)
    assert catalogue.tasks.unfinished() == []
