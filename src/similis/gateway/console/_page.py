"""The console's page at `/`, and below `/console/` the files it is made of; nothing comes from another host."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

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
# Only what was there when the process began is served: no path of a request ever reaches the file system.
_FILES = {path.relative_to(_FOLDER).as_posix(): path for path in sorted(_FOLDER.rglob("*")) if path.suffix in _TYPES}
router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> Response:
    """The page itself."""
    return Response(_FILES[_INDEX].read_bytes(), media_type=_TYPES[".html"])


@router.get("/console/{path:path}")
def file(path: str, request: Request) -> Response:
    """A file of it, which a browser keeps and asks for again each time, so that an upgrade is seen at once."""
    if path not in _FILES or path == _INDEX:
        raise HTTPException(404)
    content = _FILES[path].read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"cache-control": "no-cache", "etag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_TYPES[_FILES[path].suffix], headers=headers)
