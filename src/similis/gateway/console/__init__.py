"""The console, served at `/`, and its sessions; nothing on it comes from another host."""

from similis.gateway.console._router import router
from similis.gateway.console._session import AUDIT_ACTIONS
from similis.gateway.console._throttle import SignInThrottle

__all__ = ["AUDIT_ACTIONS", "SignInThrottle", "router"]
