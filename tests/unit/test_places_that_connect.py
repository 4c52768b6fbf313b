"""Every place that is told where to connect to has a row here: whoever adds one says who names its hosts.

Where that is anybody but the operator, tests/unit/test_forgery.py tries every trick on it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import similis
from similis.gateway import create_asgi
from similis.service import App, Settings

_SOURCE = Path(similis.__file__).parent
_NETWORK = re.compile(
    r"(?:aiohttp|alibabacloud_\w+|anyio|boto3|botocore|ftplib|grpc|http\.client|http\.server|httpcore|httpx|imaplib"
    r"|multiprocessing\.connection\.(?:Client|Listener)|multiprocessing\.managers|obstore|opentelemetry|oss2|poplib"
    r"|psycopg|pymilvus|ray|requests|smtplib|socket|socketserver|sqlalchemy\.create_engine|telnetlib|urllib\.request"
    r"|urllib3|uvicorn|websockets?|xmlrpc)(?:\.|$)"
)
"""What can connect, or be connected to, once it is imported."""
_CALLS = frozenset(
    {
        *("create_connection", "create_datagram_endpoint", "create_server", "open_connection", "start_server"),
        *("create_unix_connection", "create_unix_server", "open_unix_connection", "start_unix_server"),
    }
)
"""Of asyncio, where most is harmless, what connects or is connected to."""
OPERATOR = "the operator, by a setting or an option of a command"
OUTBOUND = "anybody, guarded by Outbound"
ENDPOINT = "admins, guarded by check_host"
NOBODY = "nobody: it listens, opens a file, or uses names of the library only"

MODULES: Mapping[str, str] = {
    "algorithm/models/_source.py": OPERATOR,
    "audit/_audit.py": NOBODY,
    "audit/_places.py": OPERATOR,
    "audit/_ray.py": NOBODY,
    "audit/_site.py": NOBODY,
    "audit/_store.py": NOBODY,
    "catalogue/_postgresql.py": OPERATOR,
    "catalogue/_sqlite.py": NOBODY,
    "cli/_check_endpoint.py": OPERATOR,
    "cli/_check_listening.py": OPERATOR,
    "cli/_transport.py": OPERATOR,
    "engine/_milvus_server.py": OPERATOR,
    "evaluation/_load_client.py": OPERATOR,
    "evaluation/_load_run.py": OPERATOR,
    "evaluation/_load_service.py": OPERATOR,
    "gateway/_asgi.py": NOBODY,
    "gateway/_body.py": NOBODY,
    "gateway/_handshakes.py": NOBODY,
    "gateway/_protocol.py": NOBODY,
    "gateway/_server.py": NOBODY,
    "gateway/_traces.py": OPERATOR,
    "gateway/alibaba/_fetch.py": OUTBOUND,
    "service/_sandbox.py": NOBODY,
    "service/_sandbox_worker.py": NOBODY,
    "service/_searchers.py": NOBODY,
    "transfer/_addresses.py": NOBODY,
    "transfer/_endpoint.py": ENDPOINT,
    "transfer/_oss_source.py": ENDPOINT,
    "transfer/_outbound.py": OUTBOUND,
    "transfer/_ray_cluster.py": OPERATOR,
    "transfer/_role.py": "nobody: the token service of the connection's region, which is no host name",
    "transfer/_s3_source.py": ENDPOINT,
}
"""Modules that can open a connection, and who says where to."""

SETTINGS: Mapping[str, str] = {
    "callback_hosts": "allows callbacks into a private network",
    "catalogue": "PostgreSQL",
    "milvus_uri": "Milvus",
    "otlp_endpoint": "the collector of traces",
    "picture_hosts": "allows pictures by URL",
    "private_picture_hosts": "allows pictures by URL in a private network",
    "upload_host": "is told to SDKs, never called",
}
FIELDS: Mapping[str, str] = {
    "callback": "callback",
    "endpoint": "endpoint",
    "picture_url": "is told to browsers, never called",
    "region": "is no host name",
}
"""What forms of REST take."""
PARAMETERS: Mapping[str, str] = {"CallbackAddress": "callback", "PicContent": "picture"}
"""What actions of the cloud service's protocol take."""
_NAMES = re.compile(
    r"\w*(url|uri|host|address|endpoint|callback|server|origin|region|proxy|webhook)s?", re.IGNORECASE
)


def test_every_module_that_can_connect_has_a_row() -> None:
    found = {
        path.relative_to(_SOURCE).as_posix()
        for path in _SOURCE.rglob("*.py")
        if _can_connect(path.read_text("utf-8"))
    }
    assert found == set(MODULES)


@pytest.mark.parametrize(
    "source",
    [
        "import socket", "import http.client", "import os, urllib.request as web", "from http import client",
        "from urllib import request", "from http.client import HTTPConnection", "from ray.util import state",
        "def late():\n    import boto3", "import asyncio\nasyncio.open_connection('here', 1)",
        "async def go(loop):\n    await loop.create_connection(None)", "from asyncio import start_server",
    ],
)  # fmt: skip
def test_a_module_that_can_connect_is_noticed(source: str) -> None:
    assert _can_connect(source)


@pytest.mark.parametrize(
    "source", ["from http import HTTPStatus", "from urllib.parse import quote", "import asyncio", "'import socket'"]
)
def test_a_module_that_cannot_is_not(source: str) -> None:
    assert not _can_connect(source)


def _can_connect(source: str) -> bool:
    nodes = list(ast.walk(ast.parse(source)))
    imported = [name for node in nodes for name in _imported(node)]
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {
        name.rpartition(".")[2] for name in imported
    }
    return any(map(_NETWORK.match, imported)) or not used.isdisjoint(_CALLS)


def _imported(node: ast.AST) -> list[str]:
    """What a statement imports, by its whole name."""
    match node:
        case ast.Import(names=names):
            return [each.name for each in names]
        case ast.ImportFrom(module=module, names=names):
            return [f"{module}.{each.name}" for each in names]
        case _:
            return []


def test_every_setting_that_names_a_host_has_a_row() -> None:
    named = {name for name in Settings.model_fields if _NAMES.fullmatch(name)} - {"audit_origin"}
    assert named | {"catalogue"} == set(SETTINGS)


def test_every_field_that_names_a_host_has_a_row(app: App) -> None:
    schemas = create_asgi(app).openapi()
    named = {name for name in _properties(schemas["paths"], schemas) if _NAMES.fullmatch(name)}
    assert named == set(FIELDS)


def _properties(part: Any, schemas: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Names of what requests may hold: fields of bodies, and parameters."""
    for operations in part.values():
        for operation in operations.values():
            yield from (each["name"] for each in operation.get("parameters", ()))
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"]
                if "$ref" in schema:
                    schema = schemas["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                yield from schema.get("properties", {})


def test_every_parameter_that_names_a_host_has_a_row() -> None:
    answered = {"Endpoint", "ErrorUrl", "InvalidPicUrl", "MetaUrl"}
    named = {
        node.value
        for path in (_SOURCE / "gateway" / "alibaba").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value[:1].isupper()
        and _NAMES.fullmatch(node.value)
    }  # fmt: skip
    rectangles = {name for name in named if name.endswith("Region")}
    assert named - answered - rectangles == set(PARAMETERS) - {"PicContent"}
