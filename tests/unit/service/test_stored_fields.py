"""Nothing is stored but what is declared: looked up in real databases, index files and directories after real use."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from tests.data.make import fill
from tests.importing import SOURCE, add_line, connect, delete_line, run_import, write_bucket
from tests.servers.milvus_server import MilvusServer as RealMilvus

from similis.algorithm import Pipeline
from similis.catalogue import stored_tables
from similis.catalogue._tables import ABOUT, KEPT, metadata
from similis.domain import (
    Attributes,
    Connection,
    Credentials,
    FoundField,
    InstanceSpec,
    InstanceType,
    PictureKey,
    Provider,
    Role,
    SearchOptions,
    StoredPlace,
)
from similis.engine import MilvusServer
from similis.engine._segment import (
    CELLS,
    COLUMNS,
    FILES,
    LISTS,
    MANIFEST,
    VECTORS,
    SegmentReader,
    _digest_of_manifest,
    _stamped,
)
from similis.service import App, Settings, stored_places, undeclared
from similis.service._opening import open_keyring
from similis.service._segment_keys import SegmentKeys

Draw = Callable[..., bytes]
_LINES: list[Mapping[str, Any] | str] = [
    *(add_line("in", f"{number}.jpg", CustomContent="secret") for number in range(4)),
    delete_line("p2"),
    add_line("in", "missing.jpg"),
    "{",
]


def _live(app: App, draw: Draw, storage: Path, index: str = "faiss") -> None:
    """Do everything that writes, with some pictures in the instance `shop`."""
    write_bucket(storage, _LINES, {f"{number}.jpg": draw(number) for number in range(4)})
    connect(app, storage)
    app.instances.create(InstanceSpec("shop", InstanceType.GENERIC), index)
    for number in range(4):
        key, attributes = PictureKey(f"p{number}", "a"), Attributes(int_attr=number, str_attr4="text")
        app.pictures.add("shop", draw(number), key, custom_content="content", attributes=attributes)
    app.pictures.update("shop", PictureKey("p1", "a"), {"str_attr": "red"})
    app.search.by_picture("shop", draw(1), SearchOptions())
    app.duplicates.groups("shop")
    cloud = Connection("cloud", Provider.S3, endpoint="http://127.0.0.1:9", region="r", bucket="bucket")
    app.connections.create(cloud, Credentials("id", "storage-secret"))
    app.access.create(Role.READER, ["shop"])
    app.access.create(Role.WRITER, lifetime=timedelta(hours=1))
    assert run_import(app, "shop").counts.failed == 2
    run_import(app, "shop", SOURCE, rebuild=True)
    app.transfers.start_export("shop")
    app.instances.rebuild("shop")
    app.instances.create(InstanceSpec("gone"))
    app.instances.delete("gone")


def _names(found: list[FoundField]) -> list[tuple[str, str]]:
    return [(each.place, each.name) for each in found]


@pytest.fixture
def small(settings: Settings) -> Settings:
    """Settings with which a hundred pictures are many."""
    return settings.model_copy(update={"exact_below": 100, "threads": 1})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Path:
    """The folder of a data directory that was used, with indexes on disk: of features, and of a tuned space."""
    folder = tmp_path_factory.mktemp("filled")
    with App.open(Settings(data=folder / "data", exact_below=100, threads=1), pipeline) as app:
        fill(app)
    return folder


@pytest.fixture
def used(small: Settings, filled: Path, tmp_path: Path) -> Settings:
    """A copy of it."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    return small


@pytest.fixture
def segment(used: Settings) -> Path:
    """The directory of an index on disk."""
    return next(used.data.glob("index/*/features/*"))


def test_every_table_and_column_says_what_it_holds() -> None:
    for table in metadata.tables.values():
        assert table.info.get(ABOUT), f"Give table {table.name} info={{ABOUT: …}}."
        for column in table.columns:
            assert column.doc, f"Give {table.name}.{column.name} doc=…"
            if column.type.python_type is bytes:
                assert KEPT in column.info, f"Say by info= how {table.name}.{column.name} is encrypted."


@pytest.mark.parametrize("places", [stored_places().data, stored_places().keys, stored_places().collections])
def test_every_file_and_field_says_what_it_is(places: tuple[StoredPlace, ...]) -> None:
    for place in places:
        assert place.about
        assert place.fields
        assert all(field.about and field.type and field.kept for field in place.fields)


def test_sqlite_and_directories_hold_what_is_declared(
    small: Settings, pipeline: Pipeline, draw: Draw, tmp_path: Path
) -> None:
    with App.open(small, pipeline) as app:
        fill(app)
        _live(app, draw, tmp_path / "storage")
    assert undeclared(small) == []
    assert len(list(small.data.glob("index/*/*/*/vectors.enc"))) >= 2
    assert list(small.data.glob("index/*/tuned-*"))
    database = sqlite3.connect(small.data / "catalogue.sqlite")
    made = database.execute("SELECT type, name FROM sqlite_master").fetchall()
    tables = {name for kind, name in made if kind == "table"}
    columns = {(name, row[1]) for name in tables for row in database.execute(f'PRAGMA table_xinfo("{name}")')}
    database.close()
    assert {kind for kind, _ in made} == {"table", "index"}
    assert columns == _declared()
    indexes = {name for kind, name in made if kind == "index" and not name.startswith("sqlite_autoindex_")}
    assert indexes == {index.name for table in metadata.tables.values() for index in table.indexes}


@pytest.mark.slow
def test_postgresql_holds_what_is_declared(
    small: Settings, pipeline: Pipeline, draw: Draw, tmp_path: Path, postgres_url: str
) -> None:
    there = small.model_copy(update={"catalogue": SecretStr(postgres_url)})
    with App.open(there, pipeline) as app:
        fill(app)
        _live(app, draw, tmp_path / "storage")
    assert undeclared(there) == []
    assert not list(small.data.glob("catalogue*"))
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        asked = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        assert {tuple(row) for row in connection.execute(text(asked))} == {
            pair for pair in _declared() if pair[0] != "sqlite_sequence"
        }
        connection.execute(text("ALTER TABLE picture ADD COLUMN thumbnail bytea"))
        connection.execute(text("CREATE VIEW seen AS SELECT product_id FROM picture"))
    engine.dispose()
    assert _names(undeclared(there)) == [("picture", "thumbnail"), ("seen", "product_id")]


def _declared() -> set[tuple[str, str]]:
    return {(table.name, field.name) for table in stored_tables() for field in table.fields}


@pytest.mark.slow
def test_a_milvus_server_holds_what_is_declared(
    small: Settings, pipeline: Pipeline, draw: Draw, tmp_path: Path, milvus_server: RealMilvus
) -> None:
    there = small.model_copy(update={"milvus_uri": milvus_server.uri, "milvus_prefix": "stored_test"})
    with App.open(there, pipeline) as app:
        _live(app, draw, tmp_path / "storage", "milvus")
        assert app.search.by_picture("shop", draw(1), SearchOptions()).matches
    assert undeclared(there) == []
    assert there.milvus is not None
    server = MilvusServer(there.milvus)
    [first, *_] = server.collections("stored_test_")
    told = server._client.describe_collection(first)
    assert not told["enable_dynamic_field"]
    assert {field["name"] for field in told["fields"]} == {
        field.name for field in stored_places().collections[0].fields
    }
    server._client.create_collection("stored_test_other", dimension=4)
    assert ("stored_test_other", "enable_dynamic_field") in _names(undeclared(there))
    server.drop("stored_test_other")
    server.close()


def test_an_index_on_disk_holds_its_rows_and_nothing_else(used: Settings, segment: Path) -> None:
    reader = _reader(used, segment)
    rows, dimension = reader.about.rows, reader.about.dimension
    assert (segment / VECTORS).stat().st_size == rows * dimension * 16 / 8
    lists: Any = reader.inverted_file(LISTS)  # its stubs know no kinds
    assert lists.ntotal == rows
    assert lists.code_size * 8 == dimension  # a bit a number
    assert reader.inverted_file(CELLS).ntotal == 0
    ids = np.concatenate([_ids(lists.invlists, cell) for cell in range(lists.nlist)])
    assert np.array_equal(np.sort(ids), np.arange(rows))
    # Rows of a cell are coded 32 together; an id has 8 bytes, a number of a mean 4.
    padded = sum(-(-lists.invlists.list_size(cell) // 32) * 32 for cell in range(lists.nlist))
    content = padded * lists.code_size + rows * 8 + (lists.nlist + 16) * dimension * 4
    assert content < (segment / LISTS).stat().st_size < content + 8 * lists.nlist + 1000


def _reader(settings: Settings, segment: Path) -> SegmentReader:
    keyring = open_keyring(settings, create=False)
    return SegmentReader(segment, SegmentKeys(keyring.instance(segment.parents[1].name)))


def _ids(lists: Any, cell: int) -> NDArray[np.int64]:  # noqa: ANN401 - see above
    ids: NDArray[np.int64] = faiss.rev_swig_ptr(lists.get_ids(cell), lists.list_size(cell)).copy()
    return ids


def test_nothing_else_is_there_after_a_kill(small: Settings) -> None:
    script = f"""
from pathlib import Path
import numpy as np
from similis.domain import Category, InstanceSpec, PictureKey
from similis.service import App, Featured, Settings
app = App.open(Settings(data=Path({str(small.data)!r}), exact_below=100))
app.bulk.create(InstanceSpec("b"), "elsewhere", 16)
for number in range(10**6):
    rows = np.random.default_rng(number).normal(size=(30, 16)).astype(np.float32)
    app.bulk.add("b", [Featured(PictureKey(f"p{{number}}", str(n)), row, Category.BAG) for n, row in enumerate(rows)])
    app.instances.create(InstanceSpec(f"i{{number}}"))
    print(number, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 12:
            pass
        process.kill()
    assert (small.data / "catalogue.sqlite-wal").exists()
    assert undeclared(small) == []


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("ALTER TABLE picture ADD COLUMN thumbnail BLOB", ("picture", "thumbnail")),
        ("CREATE TABLE pixels (colour INTEGER)", ("pixels", "colour")),
        ("CREATE VIEW seen AS SELECT vector FROM feature", ("seen", "vector")),
        (
            "CREATE TRIGGER copying AFTER DELETE ON feature BEGIN SELECT 1; END",
            ("feature", "trigger copying"),
        ),
        (
            "UPDATE feature SET vector = CAST(vector || 'more' AS BLOB) WHERE picture_id = 100",
            ("feature", "1 vectors of instance plain that are not as long as declared"),
        ),
    ],
)
def test_what_is_added_to_the_catalogue_is_found(used: Settings, statement: str, expected: tuple[str, str]) -> None:
    database = sqlite3.connect(used.data / "catalogue.sqlite")
    database.execute(statement)
    database.commit()
    database.close()
    assert _names(undeclared(used)) == [expected]


@pytest.mark.parametrize(
    "name", ["thumbnail.jpg", "index/maps.npy", "audit/notes.txt", "catalogue.sqlite.bak", "a/b/c"]
)
def test_a_file_more_is_found(used: Settings, name: str) -> None:
    for directory in (used.data, used.key_directory):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(b"pixels")
    found = [each.place for each in undeclared(used)]
    assert found.count(name) == 2
    assert set(found) <= {name, *map(str, Path(name).parents)}


def test_links_and_pipes_are_found(used: Settings, tmp_path: Path) -> None:
    (used.data / "audit").symlink_to(tmp_path)
    assert ("audit", "neither a file nor a directory") in _names(undeclared(used))


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        (VECTORS, "784"),
        (LISTS, ""),
        (CELLS, ""),
        (COLUMNS, "an array maps of shape (2, 2)"),
        (MANIFEST, "tuned.pixels"),
        ("patches.npy", "a file that is not declared"),
    ],
)
def test_what_a_program_adds_to_an_index_is_found(used: Settings, segment: Path, name: str, beginning: str) -> None:
    """A program that has the key, and so encrypts what it adds."""
    file, cipher = segment / name, _reader(used, segment)._cipher
    about, _ = json.loads((segment / MANIFEST).read_text())
    if name == COLUMNS:
        with np.load(_reader(used, segment).in_clear(name)) as arrays:
            np.savez(content := io.BytesIO(), **arrays, maps=np.zeros((2, 2)))
        with file.open("wb") as stream:
            cipher.opened(stream, name).write(content.getbuffer())
    elif name == MANIFEST:
        about["tuned"]["pixels"] = 1
    else:
        with file.open("ab") as stream:
            stream.write(bytes(160))
    about["files"] = {each: _stamped(segment / each, cipher) for each in FILES}
    (segment / MANIFEST).write_text(json.dumps([about, _digest_of_manifest(about, cipher)]))
    found = [name for place, name in _names(undeclared(used)) if place == file.relative_to(used.data).as_posix()]
    assert [name.startswith(beginning) for name in found] == [True]


@pytest.mark.parametrize("name", FILES)
def test_what_is_added_to_an_index_without_its_key_is_found(used: Settings, segment: Path, name: str) -> None:
    with (segment / name).open("ab") as stream:
        stream.write(b"pixels")
    assert _names(undeclared(used)) == [
        ((segment / name).relative_to(used.data).as_posix(), "cannot be read as what it is declared to be")
    ]


@pytest.mark.parametrize("name", ["master.key", "index/identity", "catalogue.sqlite.closed", "audit"])
def test_what_is_added_to_a_small_file_is_found(used: Settings, name: str) -> None:
    directory = used.key_directory if name == "master.key" else used.data
    if name == "audit":
        (directory / name).mkdir(exist_ok=True)
        file, more = directory / name / "2030-01-02.jsonl", '{"pixels": 1}\n'
    else:
        file, more = directory / name, "A" * 200
    with file.open("a") as stream:
        stream.write(more)
    found = {Path(each.place).name for each in undeclared(used)}
    assert file.name in found
    assert name == "master.key" or found == {file.name}  # without it nobody can look into the index
