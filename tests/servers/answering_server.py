"""A server that answers everything alike, as storage does on a bad day, or something else that is no storage."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

HOST = "127.0.0.1"


def s3_error(code: str, more: str = "") -> bytes:
    """The body of an error of S3."""
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>Refused.</Message>{more}</Error>'.encode()


@dataclass
class AnsweringServer:
    """One answer for all.

    Attributes:
        status: of the answers.
        body: of the answers to all but HEAD.
        headers: of the answers.
        asked: how many requests there were.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def __post_init__(self) -> None:
        self._http = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"answers": self}))
        self._http.daemon_threads = True

    @property
    def endpoint(self) -> str:
        """URL of the server."""
        return f"http://{HOST}:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: AnsweringServer

    def do_GET(self) -> None:
        self.answers.asked += 1
        self.send_response_only(self.answers.status)
        for name, value in self.answers.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.answers.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.answers.body)

    do_HEAD = do_GET  # noqa: N815 - the name it must have

    def log_message(self, *_: object) -> None:
        """Nothing."""
