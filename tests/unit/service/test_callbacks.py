"""Callbacks: signed, told once to who answers, tried again to who does not, and never sent where they must not go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from similis.algorithm import Pipeline
from similis.domain import (
    Connection,
    ImportSource,
    InstanceSpec,
    InvalidUrl,
    NewAccessKey,
    Provider,
    Role,
    StorageFailed,
    Task,
)
from similis.service import App, Settings
from similis.service._callbacks import RETRIES, Callbacks, signature
from similis.transfer import Outbound

NOW = datetime.now(UTC) + timedelta(days=1)  # this is read long before the last test runs: later than all of them
PUBLIC = "93.184.216.34"


class Receiver(ThreadingHTTPServer):
    """Remembers what it was told, and answers with the statuses it is given."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.told: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: Receiver

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.told.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("location", f"http://{self.server.place}/elsewhere")
        self.end_headers()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(tmp_path: Path, receiver: Receiver) -> Settings:
    return Settings(data=tmp_path / "data", callback_hosts=(receiver.place,))


@pytest.fixture
def key(app: App) -> NewAccessKey:
    return app.access.create(Role.WRITER)


Ended = Callable[[str], Task]


@pytest.fixture
def ended(app: App, key: NewAccessKey, tmp_path: Path) -> Ended:
    """A task that has ended, badly, and is to be told to a URL."""
    app.instances.create(InstanceSpec("shop"))
    app.connections.create(Connection("here", Provider.FILE, root=str(tmp_path)), operator=True)

    def make(callback: str) -> Task:
        source = ImportSource("here", None, "/nothing")
        task = app.transfers.start_import(
            "shop", source, callback=callback, caller=key.key.id, origin="http://img.example"
        )
        return app.transfers.run(task.id)

    return make


def body(task: Task, origin: str) -> dict[str, Any]:
    return {"Id": task.id, "Code": task.code, "from": origin, "text": "å"}


def send(app: App, now: datetime = NOW) -> None:
    """Send what is due and wait until it has arrived."""
    app.callbacks.send_due(body, now + timedelta(seconds=30))
    deadline = time.monotonic() + 20
    while app.callbacks._room._value < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def waiting(app: App) -> int:
    return len(app._catalogue.callbacks.due(NOW + timedelta(days=1)))


def test_the_end_of_a_task_is_told_once_and_signed(
    app: App, receiver: Receiver, ended: Ended, key: NewAccessKey
) -> None:
    task = ended(f"http://{receiver.place}/hook?a=1")
    send(app)
    send(app)
    [(path, headers, content)] = receiver.told
    assert path == "/hook?a=1"
    assert json.loads(content) == {"Id": task.id, "Code": "path_not_found", "from": "http://img.example", "text": "å"}
    assert headers["content-type"] == "application/json"
    assert headers["host"] == receiver.place
    assert headers["webhook-id"] == f"task-{task.id}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    signed = f"task-{task.id}.{headers['webhook-timestamp']}.".encode() + content
    proof = base64.b64encode(hmac.new(key.secret.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{proof}"
    assert waiting(app) == 0


def test_the_scheme_is_that_of_standard_webhooks() -> None:
    """The example of its libraries."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    content = b'{"test": 2432232314}'
    now = datetime.fromtimestamp(1614265330, UTC)
    told = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", secret, content, now)
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert told["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("status", [500, 404, 302, 307])
def test_who_does_not_take_it_is_told_again_later(app: App, receiver: Receiver, ended: Ended, status: int) -> None:
    ended(f"http://{receiver.place}/hook")
    receiver.statuses = [status, status]
    now = NOW
    for wait in RETRIES[:2]:
        send(app, now)
        told = len(receiver.told)
        send(app, now + wait - timedelta(seconds=1))
        assert len(receiver.told) == told
        now += wait
    send(app, now)
    assert [path for path, _, _ in receiver.told] == ["/hook"] * 3  # redirects are not followed
    assert len({headers["webhook-id"] for _, headers, _ in receiver.told}) == 1
    assert len({content for _, _, content in receiver.told}) == 1
    assert waiting(app) == 0


def test_it_is_given_up_in_the_end(
    app: App, receiver: Receiver, ended: Ended, caplog: pytest.LogCaptureFixture
) -> None:
    ended(f"http://{receiver.place}/s3cr3t")
    receiver.statuses = [500] * 20
    now = NOW
    for wait in (*RETRIES, timedelta(), timedelta()):
        send(app, now)
        now += wait
    assert len(receiver.told) == len(RETRIES) + 1
    assert waiting(app) == 0
    [record] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "given up after status 500" in record.getMessage()
    assert "s3cr3t" not in caplog.text


def test_nobody_there_is_told_again(app: App, receiver: Receiver, ended: Ended) -> None:
    ended(f"http://{receiver.place}/hook")
    receiver.server_close()
    send(app)
    assert waiting(app) == 1


def test_a_restart_forgets_nothing(
    app: App, receiver: Receiver, ended: Ended, settings: Settings, pipeline: Pipeline
) -> None:
    ended(f"http://{receiver.place}/hook")
    receiver.statuses = [503]
    send(app)
    app.close()
    with App.open(settings, pipeline) as again:
        send(again, NOW + timedelta(minutes=1))
        assert len(receiver.told) == 2
        assert waiting(again) == 0


def test_an_attempt_that_was_cut_short_is_made_again(app: App, receiver: Receiver, ended: Ended) -> None:
    ended(f"http://{receiver.place}/hook")
    now = NOW + timedelta(seconds=30)
    [due] = app._catalogue.callbacks.due(now)
    assert app._catalogue.callbacks.take(due, now + timedelta(minutes=1))  # and then the process was killed
    send(app, NOW + timedelta(seconds=50))
    assert not receiver.told
    send(app, NOW + timedelta(seconds=70))
    assert [headers["webhook-id"] for _, headers, _ in receiver.told] == [f"task-{due.task.id}"]


def test_a_catalogue_that_fails_costs_no_room(
    app: App, receiver: Receiver, ended: Ended, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(f"http://{receiver.place}/hook")

    def fail(*_: object) -> bool:
        raise StorageFailed("The disk is full.")

    for _ in range(5):
        with monkeypatch.context() as patch, pytest.raises(StorageFailed):
            patch.setattr(app._catalogue.callbacks, "take", fail)  # as no real catalogue can be made to, just here
            send(app)
    send(app)
    assert len(receiver.told) == 1


def test_a_task_of_nobody_is_told_without_a_signature(app: App, receiver: Receiver, ended: Ended) -> None:
    ended("http://example.com/")  # makes what the next one needs
    source = ImportSource("here", None, "/nothing")
    task = app.transfers.start_import("shop", source, callback=f"http://{receiver.place}/hook")
    app.transfers.run(task.id)
    unsent = Callbacks(app._catalogue, app.access, Outbound(("*",), (receiver.place,), lambda *_: ["127.0.0.1"]))
    unsent.send_due(body, NOW + timedelta(seconds=30))
    unsent.close()
    [(_, headers, _)] = receiver.told
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["fe80::1"], ["::ffff:127.0.0.1"],
        ["fd00:ec2::254"], ["100.100.100.200"], [PUBLIC, "192.168.0.1"], [],
    ],
)  # fmt: skip
def test_no_private_address_is_called_and_it_is_not_tried_again(
    app: App, receiver: Receiver, ended: Ended, addresses: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    ended("http://hooks.example.com/s3cr3t")
    guarded = Callbacks(app._catalogue, app.access, Outbound(("*",), (), lambda *_: addresses, _unreachable))
    guarded.send_due(body, NOW + timedelta(seconds=30))
    guarded.close()
    assert waiting(app) == 0
    assert "its callback is not called" in caplog.text
    assert "s3cr3t" not in caplog.text
    assert not receiver.told


def _unreachable() -> Any:  # noqa: ANN401 - never made
    raise AssertionError("connected to an address that must be refused")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/",
        "http://[::1]/", "http://[::ffff:7f00:1]/", "http://localhost/", "http://0/",
    ],
)  # fmt: skip
def test_no_spelling_of_this_machine_is_called(
    app: App, ended: Ended, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    ended(url)
    guarded = Callbacks(app._catalogue, app.access, Outbound(("*",), (), transport=_unreachable))
    guarded.send_due(body, NOW + timedelta(seconds=30))
    guarded.close()
    assert waiting(app) == 0
    assert "its callback is not called" in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example.com", "ftp://hooks.example.com/", "file:///etc/passwd", "http://a@hooks.example.com/",
        "http://hooks.example.com:25/", "http://[::1/", "http://hooks.example.com/\r\nX: y", "https:///hook",
        "http://0177.0.0.1/",
    ],
)  # fmt: skip
def test_what_will_not_be_called_is_refused_before_the_task_begins(app: App, ended: Ended, url: str) -> None:
    with pytest.raises(InvalidUrl):
        ended(url)
    assert app.transfers.list("shop")[1] == 0
