"""The console, served at `/`, and its sessions; nothing on it comes from another host."""

from fastapi import APIRouter

from similis.gateway.console import _page, _session
from similis.gateway.console._session import AUDIT_ACTIONS
from similis.gateway.console._throttle import SignInThrottle

__all__ = ["AUDIT_ACTIONS", "SignInThrottle", "router"]

router = APIRouter()
router.include_router(_session.router)  # before the page's files, among whose paths its own would be
router.include_router(_page.router)
