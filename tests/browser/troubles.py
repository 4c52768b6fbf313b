"""What goes wrong while a page is used: no test may leave any of it unexplained."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

# The browser tells of each refused call by itself; `responses` says more about it.
_ECHO = "Failed to load resource"


@dataclass
class Troubles:
    """Errors in the browser's console, refused calls and requests to other hosts, gathered over a test's pages."""

    host: str
    found: list[str] = field(default_factory=list)
    _refusals: set[int] = field(default_factory=set)
    _hosts: set[str] = field(default_factory=set)
    _console: list[str] = field(default_factory=list)

    def expect_refusal(self, *statuses: int) -> None:
        """The test provokes answers of these statuses."""
        self._refusals.update(statuses)

    def expect_host(self, host: str) -> None:
        """The test leads to another host (`name` or `name:port`), and answers for it by `page.route`."""
        self._hosts.add(host)

    def expect_console(self, part: str) -> None:
        """The test provokes a console error that has this text in it."""
        self._console.append(part)

    def watch(self, context: BrowserContext) -> None:
        """Gather what happens on all pages of a context."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.found.append(f"error in the page: {error.error}"))
        context.on("request", self._on_request)
        context.on("response", self._on_response)
        context.on("page", self._on_page)

    def _on_page(self, page: Page) -> None:
        page.on("crash", lambda _: self.found.append("the page crashed"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"} or message.text.startswith(_ECHO):
            return
        if not any(part in message.text for part in self._console):
            self.found.append(f"console {message.type}: {message.text} ({message.location})")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc not in {self.host, *self._hosts}:
            self.found.append(f"request to another host: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._refusals:
            self.found.append(f"{response.status} from {response.request.method} {response.url}")
