import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from similis.catalogue import Catalogue, _schema, sqlite_url
from similis.catalogue._database import Database
from similis.catalogue._schema import revisions
from similis.catalogue._tables import metadata
from similis.domain import AccessKey, InstanceSpec, Role, StorageFailed

Open = Callable[[], Catalogue]
# What PostgreSQL has instead is tested in test_postgresql.
sqlite_only = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@sqlite_only
def test_migrations_lead_to_the_schema_in_the_code(open_catalogue: Open, url: str) -> None:
    open_catalogue().close()
    database = Database(url)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        indexes = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name LIKE 'ix_picture%_attr%'"
        ).all()
        assert len(indexes) == 8
        assert all("IS NOT NULL" in sql for (sql,) in indexes)
        counting = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
        assert set(counting.scalars()) == {"instance", "picture", "change", "task"}
    database.close()


def test_scripts_are_named_by_the_revisions_that_they_lead_to() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(_schema.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config).walk_revisions("base", "heads")
    assert revisions() == [script.revision for script in scripts][::-1]


@sqlite_only
def test_a_catalogue_of_the_first_schema_is_brought_up_to_date(open_catalogue: Open, tmp_path: Path) -> None:
    before = open_catalogue()
    key = AccessKey("id", Role.READER, ("shop",), datetime(2030, 1, 2, tzinfo=UTC))
    before.create_instance(InstanceSpec("shop"), uid="0" * 32, index="faiss", model="m", dimension=4)
    before.access_keys.add(key, b"sealed")
    before.close()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as connection:
        for table in (
            "shadow",
            "task_failure",
            "task",
            "connection",
            "score_curve",
            "index_state",
            "tuning",
            "transform",
            "nonce",
            "temporary_key",
            "key_use",
        ):
            connection.execute(f"DROP TABLE {table}")
        for table, column in (
            ("instance", "retention_days"),
            ("instance", "qps"),
            ("instance", "picture_url"),
            ("instance", "max_body"),
            ("access_key", "qps"),
            ("access_key", "pictures_per_day"),
            ("access_key", "max_body"),
        ):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    after = open_catalogue()
    assert after.access_keys.all() == [key]
    assert after.instance("shop").tuning is None
    assert after.access_keys.remember_nonce("id", "n", until=key.created_at, now=key.created_at)


@sqlite_only
def test_a_newer_schema_is_refused_and_left_alone(open_catalogue: Open, tmp_path: Path) -> None:
    open_catalogue().close()
    file = tmp_path / "catalogue.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StorageFailed, match="'9999'"):
        open_catalogue()
    assert file.read_bytes() == before


@sqlite_only
def test_the_database_is_set_up_for_durability(open_catalogue: Open, url: str) -> None:
    open_catalogue().close()
    database = Database(url)
    with database.reading() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_any_path_can_be_used(tmp_path: Path) -> None:
    directory = tmp_path / "50%20 a?b#c ü"
    directory.mkdir()
    database = Database(sqlite_url(directory / "x.sqlite"))
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    database.close()
    assert [file.name for file in directory.iterdir()] == ["x.sqlite"]


@sqlite_only
def test_many_threads_read_at_once(open_catalogue: Open) -> None:
    catalogue, together = open_catalogue(), threading.Barrier(40, timeout=20)

    def read() -> None:
        with catalogue._database.reading():
            together.wait()

    with ThreadPoolExecutor(40) as pool:
        for job in [pool.submit(read) for _ in range(40)]:
            job.result(20)


@sqlite_only
def test_reading_by_key_uses_an_index(open_catalogue: Open, url: str) -> None:
    open_catalogue().close()
    database = Database(url)
    queries = [
        "SELECT id FROM picture WHERE instance_id = 1 AND product_id = 'p' AND pic_name = 'a'",
        "SELECT id FROM picture WHERE instance_id = 1 AND category_id = 3 ORDER BY id",
        "SELECT id FROM picture WHERE instance_id = 1 AND int_attr3 >= 7",
        "SELECT * FROM change WHERE instance_id = 1 AND seq > 5 ORDER BY seq LIMIT 1000",
        "SELECT id FROM task WHERE instance_id = 1 AND status = 'processing' AND kind = 'rebuild'",
        "SELECT id FROM task WHERE status != 'processing' AND callback_state = 'pending' AND callback_at <= 7",
        "SELECT * FROM task_failure WHERE task_id = 1 AND number > 5 ORDER BY number LIMIT 1000",
    ]
    with database.reading() as connection:
        for query in queries:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
            assert plan[0].startswith("SEARCH")
            assert "=? AND" in plan[0] or "category_id=?" in plan[0], plan
            assert not any("TEMP B-TREE" in step for step in plan)
    database.close()
