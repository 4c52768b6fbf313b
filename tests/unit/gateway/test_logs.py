"""The log: one line a request, the same id on all that is said of it, and nothing secret or sent by a caller."""

from __future__ import annotations

import base64
import io
import json
import logging
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from similis.audit._canaries import draw
from similis.audit._hunter import Hunter
from similis.domain import Role
from similis.gateway import set_up_logs
from similis.gateway._redaction import GONE, MOST, clean
from similis.service import App, LogForm, LogLevel, Settings

Client = Callable[..., httpx.Client]
SECRET = "hGq2v0Xr9sK4tLw7"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def written(restored: None) -> io.StringIO:  # noqa: ARG001 - taken back afterwards
    """What is logged as JSON, from `debug` on."""
    stream = io.StringIO()
    set_up_logs(Settings(log=LogForm.JSON, log_level=LogLevel.DEBUG), stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def requests(stream: io.StringIO, count: int = 1) -> list[dict[str, Any]]:
    """The lines of answered requests, once there are so many: each is written when its answer has gone out."""
    until = time.monotonic() + 10
    while len(told := [line for line in lines(stream) if line["event"] == "request"]) < count:
        assert time.monotonic() < until
        time.sleep(0.01)
    return told


def test_a_request_is_one_line(written: io.StringIO, api: httpx.Client, pictures: list[bytes]) -> None:
    answer = api.post("/api/v1/instances/shop/search", files={"file": pictures[0]}, headers={"x-request-id": "mine"})
    [line] = [line for line in requests(written, 3) if line["request_id"] == "mine"]
    assert line["ms"] > 0
    assert line["bytes_in"] > len(pictures[0])
    told = ("level", "method", "route", "status", "operation", "outcome", "instance", "key")
    key = api.headers["authorization"].removeprefix("Bearer ").partition(":")[0]
    assert answer.status_code == 200
    assert [line[name] for name in told] == [
        "info", "POST", "/api/v1/instances/{name}/search", 200, "picture.search", "ok", "shop", key,
    ]  # fmt: skip


def test_what_machines_ask_for_again_and_again_is_for_debugging(written: io.StringIO, api: httpx.Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/console/index.html"):
        api.get(path)
    assert {line["level"] for line in requests(written, 6) if line["method"] == "GET"} == {"debug"}


def test_all_lines_of_a_request_have_its_id_also_from_other_threads(
    written: io.StringIO, client: Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_name: str) -> None:
        logging.getLogger("somebody.elses").warning("told by a worker")
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(app.instances, "get", fail)
    answer = client().get("/api/v1/instances/shop", headers={"x-request-id": "r-1"})
    assert answer.status_code == 500
    assert len(requests(written)) == 1
    events = {line["event"].partition("\n")[0]: line for line in lines(written) if line.get("request_id") == "r-1"}
    assert {"told by a worker", "Request r-1 failed with ZeroDivisionError:", "request"} <= set(events)
    assert events["request"]["level"] == "warning"
    assert "in fail" in written.getvalue()  # the place
    assert SECRET not in written.getvalue()  # but not the message


def test_calls_of_the_cloud_protocol_have_the_id_that_their_answer_tells(
    written: io.StringIO, client: Client
) -> None:
    answer = client(None).post("/", data={"Action": "SearchImageByPic", "Version": "2020-12-14"})
    assert requests(written)[-1]["request_id"] == answer.json()["RequestId"]


def test_exceptions_are_logged_without_their_messages(written: io.StringIO) -> None:
    log = logging.getLogger("sqlalchemy.pool")
    try:
        try:
            int(SECRET)
        except ValueError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError:
        log.exception("It failed")
    [line] = lines(written)
    assert (line["event"], line["error"]) == ("It failed", "RuntimeError")
    assert "caused by ValueError" in line["exception"]
    assert SECRET not in written.getvalue().replace("int(SECRET)", "")


def test_what_ends_a_thread_is_a_line_and_so_is_a_warning(written: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("something is old", stacklevel=1)
    ended, warned = lines(written)
    assert (ended["event"], ended["error"]) == ("A thread ended with an error.", "ValueError")
    assert "something is old" in warned["event"]
    assert SECRET not in written.getvalue()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Authorization: Bearer SIMABCDEFGHJKLMN:{SECRET}", ""),
        (f"key SIMABCDEFGHJKLMN:{SECRET} was given", "key SIMABCDEFGHJKLMN:"),
        (f"GET https://b.oss.example/a.jpg?Expires=1&Signature={SECRET}&x=y", "https://b.oss.example/a.jpg?"),
        (f"cannot reach postgresql://shop:{SECRET}@db/shop", "@db/shop"),
        (f"{{'access_key_secret': '{SECRET}', 'region': 'cn-hangzhou'}}", "cn-hangzhou"),
        (f"security_token={SECRET}; path=/", "; path=/"),
        (f"bad form {SECRET.encode()!r}", "bad form "),
        (f"data {'QUJD' * 40}{SECRET}", "data "),
    ],
    ids=["header", "key", "signed-link", "password", "dictionary", "token", "bytes", "base64"],
)
def test_secrets_go_and_the_rest_stays(text: str, left: str) -> None:
    assert SECRET not in clean(text)
    assert GONE in clean(text)
    assert left in clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "Task 7 waits. Storage is away: b'x' – try again.",
        "An index is behind.",
        "/api/v1/instances/{name}/search",
        "0" * 64,
    ],
    ids=["sentence", "short", "route", "digest"],
)
def test_what_is_no_secret_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_no_line_is_endless_and_its_end_is_kept(written: io.StringIO) -> None:
    logging.getLogger("similis").info("%s the end", "word " * MOST)
    assert lines(written)[0]["event"].endswith("the end")
    assert len(lines(written)[0]["event"]) == MOST + 1


@pytest.mark.parametrize("word", ["x!", "secret", "http://", "://a", "b'"])
def test_a_long_word_takes_no_long_time(word: str) -> None:
    start = time.perf_counter()
    clean(word * 12_000)
    clean((word * MOST)[: 2 * MOST])
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "told " * MOST + "secret = " + "!z" * MOST,
        "told " * MOST + "secret = " + "!z" * (MOST // 2 - 2),
        "secret=" + "!z" * MOST + " told" * MOST,
        "told " * MOST + repr(b"!z\x00 " * MOST),
        "told " * MOST + "!z\0!z" + " !z" * MOST,
    ],
    ids=["longer-than-the-end", "cut-from-its-name", "at-the-beginning", "bytes", "no-text"],
)
def test_no_secret_is_cut_in_two(text: str) -> None:
    assert "told" in clean(text)
    assert GONE in clean(text)
    assert "z" not in clean(text)


def test_fields_that_sound_secret_have_no_value(written: io.StringIO) -> None:
    logging.getLogger("similis").info("told", extra={"access_token": SECRET, "picture": SECRET.encode(), "n": 3})
    [line] = lines(written)
    assert (line["access_token"], line["n"]) == (GONE, 3)
    assert SECRET not in written.getvalue()


def test_a_library_that_tells_of_a_picture_is_not_believed(written: io.StringIO) -> None:
    canary = draw("leaked", "JPEG", seed=3)
    for told in (
        repr(canary.data),
        base64.b64encode(canary.data).decode(),
        canary.data.hex(),
        canary.data.decode("latin-1"),
    ):
        logging.getLogger("leaky").warning("A form could not be read: %s", told)
    assert len(lines(written)) == 4
    assert all("A form could not be read" in line["event"] for line in lines(written))
    assert Hunter([canary]).search("log", written.getvalue().encode()) == []


@pytest.mark.usefixtures("restored")
def test_people_at_a_terminal_read_sentences_and_hear_of_trouble_only() -> None:
    terminal = Terminal()
    set_up_logs(Settings(), terminal)
    logging.getLogger("similis").info("quiet")
    logging.getLogger("similis").warning("loud")
    assert "quiet" not in terminal.getvalue()
    assert "loud" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


@pytest.mark.usefixtures("restored")
def test_elsewhere_programs_read_json_and_libraries_only_warn() -> None:
    stream = io.StringIO()
    set_up_logs(Settings(), stream)
    logging.getLogger("similis").info("told")
    logging.getLogger("httpx").info("GET https://pictures.example/a.jpg")
    assert [line["event"] for line in lines(stream)] == ["told"]


def test_nothing_that_a_caller_sent_is_logged(written: io.StringIO, api: httpx.Client, client: Client) -> None:
    """Adds, searches and all kinds of failures, with texts that can be told again."""
    marks = {name: f"canary{name}{SECRET}" for name in ("content", "product", "name", "instance", "path", "filter")}
    form = {"product_id": marks["product"], "pic_name": marks["name"], "custom_content": marks["content"]}
    adding, searching = "/api/v1/instances/shop/pictures", "/api/v1/instances/shop/search"
    canary = draw("sent", "JPEG", seed=4)
    assert api.post(adding, data=form, files={"file": canary.data}).status_code == 201
    assert api.post(searching, data={"filter": marks["filter"]}, files={"file": canary.data}).status_code == 400
    assert api.post(adding, data=form, files={"file": canary.data[:500]}).status_code == 400
    assert api.post(adding, content=canary.data, headers={"content-type": "multipart/form-data"}).status_code == 400
    assert api.get(f"/api/v1/instances/{marks['instance']}%2F").status_code == 404
    assert api.get(f"/{marks['path']}?token={SECRET}").status_code == 404
    stranger = client(Role.READER, "things")
    stranger.headers["authorization"] += SECRET
    assert stranger.get("/api/v1/instances/shop").status_code == 401
    wire = {"Action": "AddImage", "Version": "2020-12-14", "ProductId": marks["product"], "AccessKeyId": SECRET}
    assert client(None).post("/", data=wire, files={"PicContent": canary.data}).status_code >= 400
    text = written.getvalue()
    secrets = [api.headers["authorization"].partition(":")[2], SECRET, *marks.values()]
    assert len(requests(written, 10)) == 10
    assert not [secret for secret in secrets if secret in text]
    assert Hunter([canary]).search("log", text.encode()) == []
