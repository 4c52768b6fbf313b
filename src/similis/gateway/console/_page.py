"""The console's page at `/`, and below `/console/` the files it is made of; nothing comes from another host."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

from similis.domain import AccessDenied
from similis.gateway._security import content_policy
from similis.gateway._session import session_of
from similis.gateway.console._picture_origins import picture_origins
from similis.gateway.rest._caller import Service
from similis.service import App, Session

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}
_INDEX = "index.html"
_TOLD = 'name="picture-origins" content="{}"'  # scripts cannot read the policy of their page
# Only what was there when the process began is served: no path of a request ever reaches the file system.
_FILES = {path.relative_to(_FOLDER).as_posix(): path for path in sorted(_FOLDER.rglob("*")) if path.suffix in _TYPES}
router = APIRouter(include_in_schema=False)


@router.get("/")
def page(request: Request, service: Service) -> Response:
    """The page itself, which may show pictures from where the shop has them."""
    origins = picture_origins(service, _session(request, service))
    text = _FILES[_INDEX].read_text("utf-8").replace(_TOLD.format(""), _TOLD.format(" ".join(origins)))
    return Response(text, media_type=_TYPES[".html"], headers={"content-security-policy": content_policy(origins)})


@router.get("/console/{path:path}")
def file(path: str, request: Request) -> Response:
    """A file of it, which a browser keeps and asks for again each time, so that an upgrade is seen at once."""
    if path not in _FILES or path == _INDEX:
        raise HTTPException(404)
    content = _FILES[path].read_bytes()
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"cache-control": "no-cache", "etag": tag, "vary": "accept-encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers = _packed(content), {**headers, "content-encoding": "gzip"}
    return Response(content, media_type=_TYPES[_FILES[path].suffix], headers=headers)


@cache
def _packed(content: bytes) -> bytes:
    """A file as it goes over the network; there is no secret in it that its length could tell."""
    return gzip.compress(content)


def _session(request: Request, service: App) -> Session | None:
    """Who is signed in, if anybody: the page is for strangers, too."""
    try:
        return session_of(request, service)
    except AccessDenied:
        return None
