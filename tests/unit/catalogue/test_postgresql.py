"""What is PostgreSQL's own, and several catalogues that use one database at once, as several gateways do."""

import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.servers.postgres_server import GUARDED, PostgresServer

from similis.catalogue import Catalogue, NewPicture, postgresql_url
from similis.catalogue._database import Database
from similis.catalogue._tables import metadata
from similis.domain import (
    Instance,
    InstanceExists,
    InstanceNotFound,
    InstanceSpec,
    InvalidInput,
    PictureKey,
    StorageFailed,
)

Open: TypeAlias = Callable[[], Catalogue]
MakePicture: TypeAlias = Callable[..., NewPicture]
pytestmark = [
    pytest.mark.usefixtures("database_kind"),
    pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True),
]
_MOMENT = datetime(2030, 1, 2, tzinfo=UTC)


@pytest.fixture
def database(url: str, catalogue: Catalogue) -> Iterator[Database]:
    """The database of a catalogue."""
    assert catalogue.shared
    found = Database(url)
    yield found
    found.close()


def test_migrations_lead_to_the_schema_in_the_code(database: Database) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        different = compare_metadata(context, metadata)
        rows = connection.exec_driver_sql("SELECT indexname, indexdef FROM pg_indexes").all()
    indexes = {row.indexname: row.indexdef for row in rows}
    # The one key that is made in another way: an index cannot hold two long texts.
    assert {change[1].name for change in different} == {"uq_picture_instance_id"}
    assert indexes["uq_picture_instance_id"].endswith("(instance_id, product_id, md5((pic_name)::text))")
    assert sum("_attr" in name and "IS NOT NULL" in made for name, made in indexes.items()) == 8


def test_reading_by_key_uses_an_index(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, database: Database
) -> None:
    catalogue.add(instance, [new_picture(f"p{number}", int_attr3=number) for number in range(900)])
    with database.writing() as connection:
        connection.exec_driver_sql("ANALYZE")
    with database.reading() as connection:
        for query in (
            "SELECT id FROM picture WHERE instance_id = 1 AND product_id = 'p7' AND pic_name = 'a'",
            "SELECT id FROM picture WHERE instance_id = 1 AND category_id = 7",
            "SELECT id FROM picture WHERE instance_id = 1 AND int_attr3 >= 890",
            "SELECT * FROM change WHERE instance_id = 1 AND seq > 890 ORDER BY seq LIMIT 1000",
        ):
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {query}").scalars())
            assert "Index Cond: (" in plan, plan
            assert "Seq Scan" not in plan, plan


def test_commits_are_on_disk_whatever_the_server_is_set_up_for(
    postgres_server: PostgresServer, url: str, open_catalogue: Open
) -> None:
    name = url.partition("?")[0].rpartition("/")[2]
    postgres_server.sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
    open_catalogue().close()
    database = Database(url)
    with database.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    database.close()


def test_a_server_that_does_not_write_to_disk_is_refused(
    postgres_server: PostgresServer, open_catalogue: Open
) -> None:
    postgres_server.sql("ALTER SYSTEM SET fsync = off")
    postgres_server.sql("SELECT pg_reload_conf()")
    try:
        with pytest.raises(StorageFailed, match="fsync = off"):
            open_catalogue()
    finally:
        postgres_server.sql("ALTER SYSTEM RESET fsync")
        postgres_server.sql("SELECT pg_reload_conf()")


def test_an_encoding_that_lacks_characters_is_refused(postgres_server: PostgresServer) -> None:
    postgres_server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StorageFailed, match="encoded in LATIN1"):
        Catalogue.exists(postgres_server.url("latin"))


def test_what_keeps_from_connecting_is_told_without_the_password(postgres_server: PostgresServer) -> None:
    postgres_server.sql(f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'right'")
    right = postgres_server.url("postgres", GUARDED, "right")
    assert not Catalogue.exists(right)
    wrong = {
        postgres_server.url("postgres", GUARDED, "secret words"): (
            "authentication failed",
            "Check user and password",
        ),
        postgres_server.url("postgres", GUARDED): ("no password supplied", "password file"),
        postgres_server.url("nowhere", GUARDED, "right"): ('"nowhere" does not exist', "createdb"),
        "postgresql+psycopg://u:secret@127.0.0.1:9/x": ("Connection refused", "can be reached"),
        "postgresql+psycopg://u:secret@nowhere.invalid/x": ("resolve host", "can be reached"),
    }
    for url, (message, hint) in wrong.items():
        with pytest.raises(StorageFailed, match=message) as caught:
            Catalogue.exists(url)
        assert hint in caught.value.hint
        assert "secret" not in f"{caught.value.message}{caught.value.__cause__}"


@pytest.mark.parametrize(
    "text", ["", "words", "mysql://u:secret@h/x", "postgresql://h", "postgresql://u:se@cret:x/y"]
)
def test_what_is_no_url_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no URL of a PostgreSQL database") as caught:
        postgresql_url(text)
    assert "cret" not in f"{caught.value.message}{caught.value.hint}"


def test_a_url_may_name_postgresql_in_its_own_ways() -> None:
    for name in ("postgres", "postgresql", "postgresql+psycopg"):
        assert postgresql_url(f"{name}://u:p%40@h/x?sslmode=require") == (
            "postgresql+psycopg://u:p%40@h/x?sslmode=require"
        )


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageFailed, match="needs the package psycopg") as caught:
        Database(url)
    assert "similis[postgresql]" in caught.value.hint


def test_several_open_an_empty_database_at_once(url: str, open_catalogue: Open) -> None:
    assert not Catalogue.exists(url)
    with ThreadPoolExecutor(5) as pool:
        opened = list(pool.map(lambda _: open_catalogue(), range(5)))
    assert Catalogue.exists(url)
    with ThreadPoolExecutor(5) as pool:
        claimed = set(pool.map(lambda number: opened[number].claim_setting("keyring", str(number)), range(5)))
    assert claimed == {opened[0].setting("keyring")}


def test_of_several_that_do_the_same_at_once_one_succeeds(catalogue: Catalogue, other: Catalogue) -> None:
    def make(number: int) -> bool:
        at = (catalogue, other)[number % 2]
        try:
            at.create_instance(InstanceSpec("shop"), uid=f"{number:032}", index="faiss", model="m", dimension=8)
        except InstanceExists:
            return False
        return True

    def remember(number: int) -> bool:
        at = (catalogue, other)[number % 2]
        return at.access_keys.remember_nonce("key", str(number // 4), until=_MOMENT, now=_MOMENT)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(make, range(8))) == 1
        assert sum(pool.map(remember, range(80))) == 20


def test_keys_of_any_length_are_told_apart(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    chance = random.Random(0)  # noqa: S311 - no secret
    long = ["".join(chr(chance.randrange(0x1F300, 0x1F600)) for _ in range(511)) for _ in range(2)]
    keys = [(long[0] + end, long[1] + other) for end in "ab" for other in "ab"]
    assert catalogue.add(instance, [new_picture(*key) for key in keys]) == [False] * 4
    assert catalogue.add(instance, [new_picture(*key) for key in keys]) == [True] * 4
    assert catalogue.delete(instance, long[0] + "a", long[1] + "b") == [PictureKey(*keys[1])]
    catalogue.verify()


def test_a_reader_sees_one_moment(
    database: Database, other: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    query = "SELECT count(*) FROM picture"
    with database.reading() as connection:
        assert connection.exec_driver_sql(query).scalar() == 0
        other.add(instance, [new_picture()])
        assert connection.exec_driver_sql(query).scalar() == 0
    with database.reading() as connection:
        assert connection.exec_driver_sql(query).scalar() == 1


def test_nobody_writes_while_an_instance_is_held_still(
    catalogue: Catalogue, other: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with catalogue.still(instance):
            adding = pool.submit(other.add, instance, [new_picture()])
            with pytest.raises(TimeoutError):
                adding.result(0.3)
            assert catalogue.last_seq(instance) == other.last_seq(instance) == 0
        assert adding.result(30) == [False]
    assert catalogue.last_seq(instance) == 1


@pytest.mark.slow
def test_a_follower_misses_no_change_of_several_writers(
    catalogue: Catalogue, other: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    """A change must not become visible after one with a higher number: who follows the log would pass it over."""
    done = threading.Event()

    def write(at: Catalogue, name: str) -> None:
        for number in range(40):
            at.add(instance, [new_picture(f"{name}{number % 7}"), new_picture("both", str(number % 3))])
            if number % 5 == 0:
                at.delete(instance, f"{name}{number % 7}")

    def follow(at: Catalogue) -> dict[int, str]:
        seen: dict[int, str] = {}
        while not done.is_set() or at.last_seq(instance) > max(seen, default=0):
            for change in at.changes(instance, max(seen, default=0)):
                seen[change.seq] = f"{change.operation} {change.picture_id}"
        return seen

    with ThreadPoolExecutor(6) as pool:
        followers = [pool.submit(follow, at) for at in (catalogue, other)]
        writers = [pool.submit(write, at, name) for at, name in ((catalogue, "a"), (other, "b"), (other, "c"))]
        try:
            for writer in writers:
                writer.result(60)
        finally:
            done.set()
        found = [follower.result(60) for follower in followers]
    log = {change.seq: f"{change.operation} {change.picture_id}" for change in catalogue.changes(instance, 0)}
    assert found == [log, log]
    assert catalogue.instance("shop").picture_count == len(catalogue.select_ids(instance, None, None)) == 3 * 6 + 3
    catalogue.verify()


def test_an_instance_deleted_while_another_gateway_adds_leaves_nothing(
    catalogue: Catalogue, other: Catalogue, instance: Instance, new_picture: MakePicture, database: Database
) -> None:
    def add_until_gone() -> int:
        for number in range(10_000):
            try:
                other.add(instance, [new_picture(str(number))])
            except InstanceNotFound:
                return number
        return -1

    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(add_until_gone)
        while other.last_seq(instance) < 20:
            pass
        catalogue.delete_instance("shop")
        assert adding.result(60) >= 20
    with database.reading() as connection:
        for table in ("instance", "picture", "feature", "change"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0  # noqa: S608 - fixed names
    assert other.keyring.to_destroy() == [instance.uid]


def test_one_gateway_at_a_time_is_alone_with_an_index(
    catalogue: Catalogue, other: Catalogue, instance: Instance
) -> None:
    with ThreadPoolExecutor(1) as pool:
        entered = threading.Event()

        def enter() -> None:
            with other.alone_with_index(instance, "milvus"):
                entered.set()

        with catalogue.alone_with_index(instance, "milvus"):
            waiting = pool.submit(enter)
            with other.alone_with_index(instance, "another"):
                assert not entered.wait(0.3)
        waiting.result(30)
