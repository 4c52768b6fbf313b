"""What is noted of one request while it is worked on, for metrics, traces and the log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from starlette.types import Scope

from similis.gateway._audit import AuditEntry, audit_entry

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Lap:
    """A stage of the work on a request: when it ended, in nanoseconds since 1970, and the seconds that it took."""

    stage: str
    ended: int
    seconds: float


@dataclass(slots=True)
class Watch:
    """One request, from its head to the end of its answer.

    Attributes:
        scope: of the request.
        laps: the stages, in the order in which they ended.
        status: of the answer; 0 until its head has gone out.
        received: bytes of the body that have come.
        seconds: how long all of it took, once it has ended.
    """

    scope: Scope
    laps: list[Lap] = field(default_factory=list)
    status: int = 0
    received: int = 0
    seconds: float = 0.0
    _begun: float = field(default_factory=time.perf_counter)

    def stage(self, name: str, seconds: float) -> None:
        """Note a stage that ended right now; threads may do so at once."""
        self.laps.append(Lap(name, time.time_ns(), seconds))

    def end(self) -> None:
        """Note that the answer is complete, or will never be."""
        self.seconds = time.perf_counter() - self._begun

    @property
    def method(self) -> str:
        """One of the usual methods, or `other`: strangers must not make up figures."""
        return self.scope["method"] if self.scope["method"] in _METHODS else "other"

    @property
    def route(self) -> str:
        """The template of the path, such as `/api/v1/instances/{name}`."""
        return getattr(self.scope.get("route"), "path", "unmatched")

    @property
    def entry(self) -> AuditEntry:
        """What the call is about, who makes it, and what became of it."""
        return audit_entry(self.scope)

    @property
    def request_id(self) -> str:
        """The one of the answer."""
        return self.entry.request_id or self.scope["state"]["request_id"]

    def stage_seconds(self) -> dict[str, float]:
        """The time that each stage took in all."""
        spent: dict[str, float] = {}
        for lap in self.laps:
            spent[lap.stage] = spent.get(lap.stage, 0.0) + lap.seconds
        return spent
