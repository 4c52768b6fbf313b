"""What the ways of pictures into the service have at hand: its address, keys, canaries, and somewhere for answers."""

from __future__ import annotations

import base64
import hashlib
import itertools
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from similis.audit import _signing
from similis.audit._canaries import FORMS, Canary, draw
from similis.audit._places import Place, files, open_files
from similis.audit._serving import Runner
from similis.audit._store import Store

SHOP = "canaries"
"""The instance that most ways use."""

_AGENT = "similis-audit Python/3"  # SDKs of Python may upload without TLS
_SECONDS = 120.0
_PIECE = 32 * 1024
_TASK_SECONDS, _TASK_PAUSE = 300.0, 0.2


@dataclass(frozen=True, slots=True)
class Way:
    """One way of pictures in.

    Attributes:
        name: what is done.
        statuses: those that show that it was done, or refused where that is due; 0 where no answer is waited for.
        run: does it; gives the statuses of its answers.
    """

    name: str
    statuses: range
    run: Callable[[Site], Sequence[int]]


TAKEN, REFUSED, BROKEN = range(200, 300), range(400, 500), range(1)
SUCCEEDED, FAILED = range(1), range(1, 4)  # of commands


def _client() -> httpx.Client:
    return httpx.Client(timeout=_SECONDS, trust_env=False, headers={"user-agent": _AGENT})


@dataclass
class Site:
    """A running service, as the ways see it.

    Attributes:
        runner: starts commands in the same scratch directory.
        index: the kind of index that instances get.
        store: where the service fetches pictures from.
        address: of the service.
        key: an admin key, `ID:SECRET`.
        canaries: all that were drawn so far.
        answers: everything that came back, by the way's name.
        way: the name of the way under way.
        glimpses: what lay about or was open while something ran, by its digest.
        begun: when the audit began, seconds since 1970.
        looked_into: files that are shared mappings, whose content no trace shows, but a look did.
    """

    runner: Runner
    index: str
    store: Store
    address: str = ""
    key: str = ""
    canaries: list[Canary] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    way: str = ""
    glimpses: dict[bytes, Place] = field(default_factory=dict)
    begun: float = field(default_factory=time.time)
    looked_into: set[str] = field(default_factory=set)
    _client: httpx.Client = field(default_factory=_client)

    def canary(self, form: str = "JPEG", cell: int = 30) -> Canary:
        """A new canary."""
        drawn = draw(f"{len(self.canaries):03} {self.way}", form, cell)
        self.canaries.append(drawn)
        return drawn

    def each_form(self) -> list[Canary]:
        """One canary of each form."""
        return [self.canary(form) for form in FORMS]

    def look(self, processes: Iterable[int]) -> None:
        """Keep what processes have open and what lies about, to be searched when all canaries are known."""
        fleeting = files([self.runner.scratch.service / "tmp", Path("/dev/shm")], since=self.begun)  # noqa: S108 - looked into
        for name, data in itertools.chain(open_files(processes), fleeting):
            self.glimpses.setdefault(hashlib.sha256(data).digest(), (name, bytes(data)))

    @property
    def identity(self) -> tuple[str, str]:
        """Id and secret of the key."""
        identity, _, secret = self.key.partition(":")
        return identity, secret

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.address).netloc

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - as httpx takes it
        """One call of REST with the admin key; other headers replace it. The answer is kept to be searched."""
        headers = {"authorization": f"Bearer {self.key}", **request.pop("headers", {})}
        return self.plain(method, path, headers=headers, **request)

    def plain(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - as above
        """The same without a key."""
        answer = self._client.request(method, self.address + path, **request)
        self._client.cookies.clear()  # a session is of the calls that name it
        head = "\r\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        self.answers.append((f"answer to {self.way}", head.encode() + b"\r\n\r\n" + answer.content))
        return answer

    def add(self, canary: Canary, instance: str = SHOP, **fields: str) -> int:
        """Add by REST, as multipart; gives the status."""
        return self.add_bytes(canary, canary.data, instance, **fields)

    def add_bytes(self, canary: Canary, data: bytes, instance: str = SHOP, /, **fields: str) -> int:
        """The same with bytes made of the canary's."""
        texts = {"product_id": canary.name[:3], "pic_name": canary.form, **fields}
        files = {"file": ("picture", data)}
        return self.call("POST", f"/api/v1/instances/{instance}/pictures", data=texts, files=files).status_code

    def search(self, data: bytes, instance: str = SHOP, **fields: str) -> int:
        """Search by REST; gives the status."""
        return self.call(
            "POST", f"/api/v1/instances/{instance}/search", data=fields, files={"file": ("picture", data)}
        ).status_code

    def wire(self, action: str, form: Mapping[str, str], version: str = "2020-12-14") -> httpx.Response:
        """Call the cloud protocol, signed by ACS3."""
        body = urlencode(form).encode()
        headers = _signing.acs3(*self.identity, self.host, action, version, body, {})
        return self.plain("POST", "/", content=body, headers=headers)

    def rpc(
        self, action: str, form: Mapping[str, str], version: str = "2020-12-14", secret: str | None = None
    ) -> httpx.Response:
        """Call the cloud protocol, signed in its parameters; with another secret the signature is wrong."""
        query = {"Action": action, "Version": version}
        signed = _signing.rpc(self.identity[0], secret or self.identity[1], "POST", query, form)
        return self.plain("POST", "/", params=signed, data=dict(form))

    def roa(self, path: str, body: bytes, kind: str = _signing.FORM, **query: str) -> httpx.Response:
        """Call the older generations, signed in headers."""
        headers = _signing.roa(*self.identity, path, body, kind, query)
        return self.plain("POST", path, content=body, params=query or None, headers=headers)

    def cut_off(self, path: str, headers: Mapping[str, str], body: bytes, share: float) -> None:
        """Send part of a body and go away."""
        lines = {"host": self.host, "content-length": str(len(body)), **headers}
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {text}\r\n" for name, text in lines.items()) + "\r\n"
        host, _, port = self.host.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), _SECONDS) as connection:
            connection.sendall(head.encode() + body[: int(share * len(body))])
            time.sleep(0.05)

    def import_pictures(self, instance: str, connection: str, path: str, *, rebuild: bool) -> int:
        """Import, and read what failed; gives the status of the request, 500 where no picture came in by it."""
        asked = {"connection": connection, "path": path, "rebuild": rebuild}
        begun = self.call("POST", f"/api/v1/instances/{instance}/imports", json=asked)
        task = self._ended(begun.json()["id"]) if begun.is_success else {}
        if task.get("failures_url"):
            self.call("GET", f"/api/v1/tasks/{task['id']}/failures")
        return begun.status_code if task.get("added") else 500

    def _ended(self, number: object) -> dict[str, Any]:
        """A task when it has ended; nothing where it does not, or is none."""
        until = time.monotonic() + _TASK_SECONDS
        while time.monotonic() < until:
            answer = self.call("GET", f"/api/v1/tasks/{number}")
            task: dict[str, Any] = answer.json()
            if task.get("status") != "processing":
                return task
            time.sleep(_TASK_PAUSE)
        return {}


def text_of(canary: Canary) -> str:
    """A canary's file in Base64."""
    return base64.b64encode(canary.data).decode("ascii")


def pieces(data: bytes) -> Iterator[bytes]:
    """Data bit by bit, for chunked transfer."""
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


def multipart(canary: Canary, data: bytes = b"", *, named: bool = True) -> tuple[dict[str, str], bytes]:
    """A multipart body by hand, of the canary or of bytes made of it, with its key or without; and its header."""
    texts = {"product_id": canary.name[:3], "pic_name": canary.form} if named else {}
    disposition = "--edge\r\nContent-Disposition: form-data; name="
    parts = [f'{disposition}"{name}"\r\n\r\n{text}\r\n' for name, text in texts.items()]
    head = "".join([*parts, f'{disposition}"file"; filename="picture"\r\n\r\n']).encode()
    body = head + (data or canary.data) + b"\r\n--edge--\r\n"
    return {"content-type": "multipart/form-data; boundary=edge"}, body


def caret_body(texts: Mapping[str, str], pictures: Sequence[str]) -> bytes:
    """The body of a call of 2018-01-20; pictures in Base64, or their URLs."""
    names = [base64.b64encode(str(number).encode()).decode() for number in range(len(pictures))]
    entries = {**texts, "pic_list": ",".join(names), **dict(zip(names, pictures, strict=True))}
    spans, content = [], ""
    for name, value in entries.items():
        spans.append(f"{name},{len(content)},{len(content) + len(value)}")
        content += value
    return f"{'#'.join(spans)}^{content}".encode()
