"""A picture host and object storage of the audit's own, from which the service fetches."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import unquote, urlsplit

_HOST = "127.0.0.1"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_POLL_SECONDS = 0.02
_OK, _PART, _NO_SUCH_PART = 200, 206, 416


@dataclass(frozen=True, slots=True)
class Page:
    """What lies at a path, and how it is sent.

    Attributes:
        content: the body.
        status: of the answer.
        location: where a redirect leads.
        share: of the body that arrives before the connection ends.
        pause: seconds in the middle of it.
    """

    content: bytes
    status: int = 200
    location: str = ""
    share: float = 1.0
    pause: float = 0.0


def missing(told: str = "") -> Page:
    """What lies where nothing lies: an error as storage has it, with a message."""
    error = f'<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>{told}</Message></Error>'
    return Page(error.encode(), status=404)


class Store(ThreadingHTTPServer):
    """Serves pages from memory to whoever asks, in threads of this process; so nothing of it is in any file.

    It knows as much of S3 and OSS as reading takes: objects by their path, parts of them, and their versions.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__((_HOST, 0), _Answer)
        self.pages: dict[str, Page] = {}

    @property
    def place(self) -> str:
        """Host and port."""
        return f"{_HOST}:{self.server_port}"

    @property
    def address(self) -> str:
        """URL of the storage."""
        return f"http://{self.place}"

    def put(self, path: str, page: Page) -> str:
        """Let a page lie at a path; gives its URL."""
        self.pages[path] = page
        return self.address + path

    def __enter__(self) -> Self:
        """Start to serve."""
        threading.Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Store

    def do_GET(self) -> None:
        page = self.server.pages.get(unquote(urlsplit(self.path).path), missing())
        span = _RANGE.fullmatch(self.headers.get("range", "")) if page.status == _OK else None
        start = int(span[1]) if span else None
        content = page.content[start : int(span[2] or len(page.content)) + 1] if span else page.content
        self.send_response(page.status if start is None else _PART if content else _NO_SUCH_PART)
        for name, text in self._headers(page, content, start):
            self.send_header(name, text)
        self.end_headers()
        if self.command == "GET":
            with suppress(OSError):  # who has read enough goes away
                self._send(page, content)

    do_HEAD = do_GET  # noqa: N815 - the name it must have

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _headers(self, page: Page, content: bytes, start: int | None) -> list[tuple[str, str]]:
        told = [
            ("content-length", str(len(content))),
            ("last-modified", formatdate(0, usegmt=True)),
            ("etag", f'"{hashlib.sha256(page.content).hexdigest()[:32]}"'),
        ]
        if page.location:
            told.append(("location", page.location))
        if start is not None and content:
            told.append(("content-range", f"bytes {start}-{start + len(content) - 1}/{len(page.content)}"))
        return told

    def _send(self, page: Page, content: bytes) -> None:
        half, end = len(content) // 2, int(len(content) * page.share)
        self.wfile.write(content[: min(half, end)])
        time.sleep(page.pause)
        self.wfile.write(content[half:end])
