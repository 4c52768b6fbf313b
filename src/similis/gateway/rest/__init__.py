"""The native REST interface under /api/v1 and the page that describes it."""

from fastapi import APIRouter

from similis.gateway.rest import _instances, _keys, _pictures, _search
from similis.gateway.rest._answers import ErrorAnswer
from similis.gateway.rest._docs import docs_page

__all__ = ["docs_page", "router"]

# Every module's router has its whole prefix, so that its routes know their full path, which the metrics show.
router = APIRouter(responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}})
for _routes in (_instances, _pictures, _search, _keys):
    router.include_router(_routes.router)
