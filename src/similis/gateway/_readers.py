"""Which instances whoever reads the figures may know of."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from similis.domain import Role
from similis.gateway._metrics import nobody
from similis.service import App

_SCHEME = "bearer"


def shown_to(request: Request) -> Callable[[str], bool]:
    """Tell whether the reader may know of an instance: of all where the settings say so, else as its key reaches.

    Raises:
        NotAuthenticated: it shows a key that is none.
    """
    service: App = request.app.state.service
    if service.settings.metrics_instances:
        return bool
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != _SCHEME:
        return nobody
    identity, _, rest = credentials.strip().partition(":")
    secret, _, token = rest.partition(":")
    key = service.access.authenticate(identity, secret, token)
    return lambda instance: bool(instance) and key.allows(Role.READER, instance)
