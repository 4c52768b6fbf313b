"""The parts of a trial: a served Similis, an SDK that judges it, and what the SDK's user got."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import httpx

ENVIRONMENTS = Path(__file__).parents[2] / ".judges"
DRIVERS = Path(__file__).parent / "drivers"
IDENTICAL = "7.33136443711219e+24;0"
"""`SortExprValues` of an identical picture."""


@dataclass(frozen=True, slots=True)
class Key:
    """An access key; `token` is that of a temporary one."""

    id: str
    secret: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user of an SDK got: a body, or an error that it raised."""

    given: dict[str, Any]

    @property
    def body(self) -> dict[str, Any]:
        assert "body" in self.given, self.given
        body = self.given["body"]
        assert isinstance(body, dict)
        return body

    @property
    def error(self) -> dict[str, Any]:
        assert "error" in self.given, self.given
        error = self.given["error"]
        assert isinstance(error, dict)
        return error

    @property
    def auctions(self) -> list[dict[str, Any]]:
        auctions = self.body["Auctions"]
        assert isinstance(auctions, list)
        return auctions


Send = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Judge:
    """One SDK as one user set it up: call it with an action and parameters by their names on the wire."""

    send: Send
    order: dict[str, Any] = field(default_factory=dict)

    def __call__(self, action: str, /, *, pictures: dict[str, bytes] | None = None, **parameters: object) -> Answer:
        encoded = {name: encode(content) for name, content in (pictures or {}).items()}
        return Answer(self.send({**self.order, "action": action, "parameters": parameters, "pictures": encoded}))

    def using(self, *, client: dict[str, Any] | None = None, **changes: object) -> Judge:
        """The same SDK set up otherwise; fields of `client` are added to those there."""
        merged = {**self.order.get("client", {}), **(client or {})}
        return replace(self, order={**self.order, **changes, "client": merged})


@dataclass(frozen=True, slots=True)
class Served:
    """A running service, as its operator sees it."""

    address: str
    tls_port: int
    authority: Path
    operator: httpx.Client
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def place(self) -> str:
        """Host and port."""
        return self.address.removeprefix("http://")

    def instance(self, kind: str = "product", **spec: object) -> str:
        """The name of a new instance."""
        name = f"{kind}{next(self.numbers)}"
        self.operator.post("/api/v1/instances", json={"name": name, "type": kind, **spec}).raise_for_status()
        return name

    def key(self, role: str = "writer", **form: object) -> Key:
        """A new access key."""
        made = self.operator.post("/api/v1/keys", json={"role": role, **form}).raise_for_status().json()
        return Key(made["id"], made["secret"], made["security_token"])


@dataclass(frozen=True, slots=True)
class Message:
    """A callback that arrived; its headers by lower-case name."""

    path: str
    headers: dict[str, str]
    content: bytes


class Received(ThreadingHTTPServer):
    """A host that is told of the end of tasks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.messages: list[Message] = []

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"

    @property
    def address(self) -> str:
        """URL without a path."""
        return f"http://{self.place}"

    def wait_for(self, path: str, seconds: float = 60) -> Message:
        """The message that came to a path."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for message in self.messages:
                if message.path == path:
                    return message
            time.sleep(0.05)
        raise AssertionError(f"nothing came to {path}")


class _Hook(BaseHTTPRequestHandler):
    server: Received

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.messages.append(Message(self.path, headers, content))
        self.send_response(204)
        self.end_headers()


def encode(content: bytes) -> str:
    """Base64, as parameters carry pictures."""
    return base64.b64encode(content).decode("ascii")


def plain_environment() -> dict[str, str]:
    """This process's environment without settings of the developer's and without proxies."""
    return {name: value for name, value in os.environ.items() if name == "SIMILIS_MODELS" or not _is_own(name)}


def _is_own(name: str) -> bool:
    # Unbuffered output would hide that an announcement is not flushed.
    return name.startswith("SIMILIS_") or name.lower().endswith("_proxy") or name == "PYTHONUNBUFFERED"


def command(environment: str, *arguments: str) -> list[str]:
    """How a driver starts in a judge's environment."""
    assert (ENVIRONMENTS / environment / "installed").exists(), "the SDKs are missing: run `make judges`"
    folder = ENVIRONMENTS / environment
    if environment == "node":
        return ["node", str(DRIVERS / "node.cjs"), str(folder)]
    return [str(folder / "bin" / "python"), str(DRIVERS / "run.py"), *arguments]


def exchange(process: subprocess.Popen[str], order: dict[str, Any]) -> dict[str, Any]:
    """Send a driver an order and wait for the answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    assert line, "the driver has ended"
    answer = json.loads(line)
    assert isinstance(answer, dict)
    return answer


@contextmanager
def served(folder: Path, *options: str, **variables: str) -> Iterator[tuple[str, httpx.Client]]:
    """`similis serve` in a process of its own: its address, and a client of its REST interface with an admin key."""
    arguments = [sys.executable, "-m", "similis", "serve", "--port", "0", "--show-key", "--json"]
    data = ["--data", str(folder / "data")]
    environment = {**plain_environment(), **variables}
    with subprocess.Popen(
        [*arguments, *data, *options], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            told = _announced(process)
            authorization = {"authorization": f"Bearer {told['key']}"}
            with httpx.Client(base_url=told["address"], headers=authorization, timeout=30) as operator:
                yield told["address"], operator
        finally:
            process.terminate()


def _announced(process: subprocess.Popen[str]) -> dict[str, str]:
    """What `similis serve --json` prints once it listens."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            return {str(name): str(value) for name, value in json.loads(text).items()}
    raise AssertionError(f"`similis serve` ended: {text}")
