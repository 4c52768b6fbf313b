"""All routes of the native REST interface."""

from fastapi import APIRouter

from similis.gateway.rest import (
    _audit,
    _connections,
    _customers,
    _instances,
    _keys,
    _pictures,
    _quality,
    _search,
    _transfers,
)
from similis.gateway.rest._answers import ErrorAnswer

# Every module's router has its whole prefix, so that its routes know their full path, which the metrics show.
# Routes are looked through one after the other, so what is called most comes first.
router = APIRouter(responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}})
for _routes in (_search, _pictures, _instances, _quality, _connections, _transfers, _keys, _customers, _audit):
    router.include_router(_routes.router)
