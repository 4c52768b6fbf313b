"""All routes of the console."""

from fastapi import APIRouter

from similis.gateway.console import _page, _session

router = APIRouter()
router.include_router(_session.router)  # before the page's files, among whose paths its own would be
router.include_router(_page.router)
