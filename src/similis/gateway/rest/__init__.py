"""The native REST interface under /api/v1 and the page that describes it."""

from similis.gateway.rest._audit_actions import AUDIT_ACTIONS
from similis.gateway.rest._docs import docs_page
from similis.gateway.rest._router import router

__all__ = ["AUDIT_ACTIONS", "docs_page", "router"]
