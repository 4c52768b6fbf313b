"""The audit log of a running service."""

from __future__ import annotations

from collections.abc import Iterator

from similis.cli._transport import Transport
from similis.domain import AuditEvent, AuditQuery, audit_event_from_json

_PAGE = 500


class RemoteAudit:
    """What can be asked of the log."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def events(self, query: AuditQuery) -> Iterator[AuditEvent]:
        """Yield the events that are wanted, the newest first; those that happen meanwhile are left out."""
        wanted = _form(query)
        start, more = 0, True
        while more:
            page, more = self._transport.call(
                "GET",
                ("audit",),
                lambda answer: ([audit_event_from_json(form) for form in answer["events"]], bool(answer["more"])),
                query={**wanted, "start": start, "num": _PAGE},
                patient=True,
            )
            start += len(page)
            yield from page


def _form(query: AuditQuery) -> dict[str, object]:
    return {
        "instance": next(iter(query.instances or ()), None),
        "actor": query.actor,
        "action": query.action,
        "since": None if query.since is None else query.since.isoformat(),
        "until": None if query.until is None else query.until.isoformat(),
    }
