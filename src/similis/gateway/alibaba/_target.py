"""Absolute-form request targets, which clients send when they take this service for a proxy."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class OriginForm:
    """Middleware that makes `http://host/path` the path `/path`, whichever HTTP parser left it whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with the target in origin form."""
        if scope["type"] == "http" and scope["path"].startswith(("http://", "https://")):
            raw = scope.get("raw_path") or scope["path"].encode()
            scope = {
                **scope,
                "path": _path(scope["path"]),
                "raw_path": _path(raw.decode("latin-1")).encode("latin-1"),
            }
        await self._app(scope, receive, send)


def _path(target: str) -> str:
    _, _, after_scheme = target.partition("://")
    _, slash, path = after_scheme.partition("/")
    return slash + path or "/"
