"""One line of the log for each answered request."""

from __future__ import annotations

import logging
from http import HTTPStatus

from similis.domain import ACTOR_UNKNOWN
from similis.gateway._watch import Watch

log = logging.getLogger("similis.requests")

_QUIET = ("/healthz", "/readyz", "/metrics", "/console")
"""Asked for again and again by machines and pages, which would bury all else."""


def log_request(watch: Watch) -> None:
    """Tell who asked for what and what became of it, with the route's template in place of its path."""
    level = _level(watch)
    if not log.isEnabledFor(level):
        return
    entry = watch.entry
    told = {
        "request_id": watch.request_id,
        "method": watch.method,
        "route": watch.route,
        "status": watch.status,
        "ms": round(1000 * watch.seconds, 1),
        "bytes_in": watch.received,
        "operation": entry.action and str(entry.action),
        "outcome": entry.outcome if entry.action else None,
        "key": None if entry.actor == ACTOR_UNKNOWN else entry.actor,
        "instance": entry.instance_name,
    }
    log.log(level, "request", extra={name: value for name, value in told.items() if value is not None})


def _level(watch: Watch) -> int:
    if watch.route.startswith(_QUIET):
        return logging.DEBUG
    return logging.WARNING if watch.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
