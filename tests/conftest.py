"""What all tests share: pictures that the tests draw, the real service with the real models, the real servers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import fastapi.routing
import httpx
import httpx._transports.default as _httpx_transports
import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from sqlalchemy import create_engine
from tests.order import longest_first
from tests.routes import prepared_once
from tests.schemas import RepeatedUpgrade
from tests.servers.milvus_server import MilvusServer
from tests.servers.oss_server import OssServer
from tests.servers.postgres_server import PostgresServer
from tests.servers.s3_server import S3Server
from tests.statements import SharingEngines
from threadpoolctl import threadpool_limits

from similis.algorithm import ModelStore, Pipeline
from similis.catalogue import _postgresql, _schema, _sqlite
from similis.service import App, Settings

Draw = Callable[..., bytes]

# How fast a machine with other things to do draws examples says nothing of what is tested.
hypothesis_settings.register_profile(
    "patient", hypothesis_settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need the Milvus server are slow: it takes many seconds to start."""
    for item in items:
        if isinstance(item, pytest.Function) and "milvus_server" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """What several processes share begins with what takes longest; elsewhere tests run as they stand."""
    if hasattr(session.config, "workerinput"):
        longest_first(session.items, float(session.config.getini("timeout")))


@pytest.fixture(scope="session", autouse=True)
def _one_blas_thread() -> Iterator[None]:
    """As the command line does it: threads of our own are enough."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture(scope="session", autouse=True)
def _done_once() -> Iterator[None]:
    """What each of thousands of tests would work out anew is worked out once a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_schema, "_upgrade", RepeatedUpgrade(_schema._upgrade))
        for module in (_sqlite, _postgresql):
            patch.setattr(module, "create_engine", SharingEngines(create_engine))
        routers = fastapi.routing._IncludedRouter
        patch.setattr(routers, "_build_effective_context", prepared_once(routers._build_effective_context))
        # To read the certificates that a machine trusts takes longer than most requests.
        patch.setattr(_httpx_transports, "create_ssl_context", cache(httpx.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a picture of product `product`, seen as in `view`; the same numbers always give the same bytes."""
    return _draw


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    """The real pipeline, loaded once; `make setup` has fetched the models."""
    return Pipeline.load(ModelStore(Settings().models))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a fresh data directory."""
    return Settings(data=tmp_path / "data", threads=2)


@pytest.fixture
def app(settings: Settings, pipeline: Pipeline) -> Iterator[App]:
    """A fresh, real service."""
    with App.open(settings, pipeline) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL; a test that kills it starts it again."""
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database of the real PostgreSQL."""
    url = postgres_server.fresh_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def _one_s3_server() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def s3_server(_one_s3_server: S3Server) -> Iterator[S3Server]:
    """A server that speaks S3, empty."""
    yield _one_s3_server
    _one_s3_server.reset()


@pytest.fixture
def oss_server() -> Iterator[OssServer]:
    """A server that speaks OSS and checks signatures, empty."""
    server = OssServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    """A real Milvus; a test that kills it starts it again. Tests keep apart by the names of their collections."""
    server = MilvusServer(tmp_path_factory.mktemp("milvus"))
    server.start()
    yield server
    server.kill()


def _draw(product: int, view: int = 0, size: int = 240, form: str = "PNG") -> bytes:
    picture = _product(product, size)
    turned = np.random.default_rng(1000 * product + view)
    if view:
        angle, scale = turned.uniform(-8, 8), turned.uniform(0.9, 1.1)
        picture = picture.rotate(angle, fillcolor=(250, 250, 248))
        edge = round(size * (1 - 1 / max(scale, 1.0)) / 2)
        picture = picture.crop((edge, edge, size - edge, size - edge)).resize((size, size))
        picture = ImageEnhance.Brightness(picture).enhance(turned.uniform(0.85, 1.15))
    buffer = io.BytesIO()
    picture.save(buffer, form)
    return buffer.getvalue()


def _product(product: int, size: int) -> Image.Image:
    """Shapes in colours of the product's own on a plain ground."""
    rng = np.random.default_rng(product)
    picture = Image.new("RGB", (size, size), (250, 250, 248))
    pen = ImageDraw.Draw(picture)
    colours = [tuple(int(part) for part in rng.integers(0, 220, 3)) for _ in range(3)]
    body = [size * part for part in (0.2, 0.2, 0.8, 0.8)]
    (pen.ellipse if product % 2 else pen.rectangle)(body, fill=colours[0])
    for _ in range(3 + product % 4):
        x, y = rng.uniform(0.25, 0.65, 2) * size
        width, height = rng.uniform(0.05, 0.2, 2) * size
        (pen.rectangle if rng.random() < 0.5 else pen.ellipse)(
            (x, y, x + width, y + height), fill=colours[int(rng.integers(1, 3))]
        )
    return picture.filter(ImageFilter.SMOOTH)
