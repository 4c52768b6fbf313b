from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.servers.lent_databases import LentDatabases
from tests.servers.postgres_server import PostgresServer

from similis.catalogue import Catalogue, Claim, NewPicture, sqlite_url
from similis.domain import (
    Attributes,
    Category,
    Connection,
    ImportSource,
    Instance,
    InstanceSpec,
    Picture,
    PictureKey,
    Provider,
    Region,
    StorageFailed,
    TaskKind,
)

DIMENSION = 8
MakePicture = Callable[..., NewPicture]
MakeInstance = Callable[..., Instance]
NOW = datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class MirrorFeatureSealer:
    """Writes features backwards and remembers for which picture."""

    def __init__(self, uid: str) -> None:
        self._uid = uid

    def seal(self, picture_id: int, plain: bytes) -> bytes:
        return f"{self._uid}:{picture_id}:".encode() + plain[::-1]

    def unseal(self, picture_id: int, sealed: bytes) -> bytes:
        begin = f"{self._uid}:{picture_id}:".encode()
        if not sealed.startswith(begin):
            raise StorageFailed("another picture's features")
        return sealed.removeprefix(begin)[::-1]


class MirrorSealer:
    """Writes backwards and remembers for whom: enough to see that the catalogue seals, and for the right instance."""

    def seal(self, instance_uid: str, text: str) -> bytes:
        return f"{instance_uid}:{text[::-1]}".encode()

    def unseal(self, instance_uid: str, sealed: bytes) -> str:
        uid, mirrored = sealed.decode().split(":", 1)
        if uid != instance_uid:
            raise StorageFailed("another instance's text")
        return mirrored[::-1]

    def features(self, instance_uid: str) -> MirrorFeatureSealer:
        return MirrorFeatureSealer(instance_uid)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def lent_databases(postgres_server: PostgresServer) -> LentDatabases:
    """Databases of PostgreSQL that have the tables of a catalogue already."""
    return LentDatabases(postgres_server, lambda url: Catalogue.open(url, MirrorSealer()).close())


@pytest.fixture
def lent_url(lent_databases: LentDatabases) -> Iterator[str]:
    url = lent_databases.lend()
    yield url
    lent_databases.take_back(url)


@pytest.fixture
def url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind; where a test begins with an open catalogue, its tables may be there before."""
    if database_kind == "sqlite":
        return sqlite_url(tmp_path / "catalogue.sqlite")
    found: str = request.getfixturevalue("lent_url" if "catalogue" in request.fixturenames else "postgres_url")
    return found


@pytest.fixture
def open_catalogue(url: str) -> Iterator[Callable[[], Catalogue]]:
    opened: list[Catalogue] = []

    def make() -> Catalogue:
        opened.append(Catalogue.open(url, MirrorSealer()))
        return opened[-1]

    yield make
    for catalogue in opened:
        catalogue.close()


@pytest.fixture
def catalogue(open_catalogue: Callable[[], Catalogue]) -> Catalogue:
    return open_catalogue()


@pytest.fixture
def other(open_catalogue: Callable[[], Catalogue], catalogue: Catalogue) -> Catalogue:
    """The catalogue, opened once more."""
    assert catalogue.shared
    return open_catalogue()


@pytest.fixture
def make_instance(catalogue: Catalogue) -> MakeInstance:
    def make(name: str = "shop", capacity: int = 10_000) -> Instance:
        spec = InstanceSpec(name, capacity=capacity)
        uid = name.encode().hex().ljust(32, "0")
        return catalogue.create_instance(spec, uid=uid, index="faiss", model="model-1", dimension=DIMENSION)

    return make


@pytest.fixture
def instance(make_instance: MakeInstance) -> Instance:
    return make_instance()


@pytest.fixture
def new_picture() -> MakePicture:
    def make(
        product_id: str = "p",
        pic_name: str = "a",
        value: float = 1.0,
        category: Category = Category.BAG,
        content: str | None = None,
        **attributes: int | str | None,
    ) -> NewPicture:
        picture = Picture(
            PictureKey(product_id, pic_name),
            category,
            Region(1, 20, 3, 40),
            content,
            Attributes(**attributes),  # type: ignore[arg-type] # checked by Attributes itself
        )
        return NewPicture(picture, np.full(DIMENSION, value, dtype=np.float32))

    return make


@pytest.fixture
def now() -> datetime:
    """A moment; claims made by `begin_task` hold for a minute from it."""
    return NOW


@pytest.fixture
def source(catalogue: Catalogue) -> ImportSource:
    """A directory below a connection that is there."""
    connection = catalogue.connections.add(Connection("here", Provider.FILE, root="/pictures"), None)
    return ImportSource(connection.name, "bucket", "/a/b")


@pytest.fixture
def begin_task(catalogue: Catalogue, source: ImportSource) -> Callable[..., Claim]:
    """Make a task and claim it."""

    def begin(instance: Instance, kind: TaskKind = TaskKind.IMPORT, holder: str = "first") -> Claim:
        task = catalogue.tasks.create(instance, kind, None if kind is TaskKind.EXPORT else source)
        claim = catalogue.tasks.claim(task.id, holder, NOW + MINUTE, NOW)
        assert claim is not None
        return claim

    return begin
