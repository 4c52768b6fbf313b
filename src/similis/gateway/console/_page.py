"""The console: one page at `/`, with its style and script beside this module; nothing comes from another host."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

_FOLDER = Path(__file__).parent
router = APIRouter(include_in_schema=False)


@router.get("/")
async def page() -> FileResponse:
    """The page itself."""
    return FileResponse(_FOLDER / "console.html", media_type="text/html")


@router.get("/console/console.css")
async def style() -> FileResponse:
    """Its style, which the API page shares."""
    return FileResponse(_FOLDER / "console.css", media_type="text/css")


@router.get("/console/console.js")
async def script() -> FileResponse:
    """Its script."""
    return FileResponse(_FOLDER / "console.js", media_type="text/javascript")


@router.get("/console/icon.svg")
async def icon() -> FileResponse:
    """Its icon."""
    return FileResponse(_FOLDER / "icon.svg", media_type="image/svg+xml")
