"""One event as a line of the audit log, and back: subjects sealed, each line signed together with the one before."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from similis.catalogue import Catalogue
from similis.domain import AuditAction, AuditEvent, InstanceNotFound, KeyringFailed, SimilisError
from similis.privacy import Keyring

_SUBJECT = "audit-subject"
_CHAIN = "audit"
_SIGNED = re.compile(r'(\{.*), "chain": "([0-9a-f]{64})"\}\n', re.ASCII)
_PLAIN = ("actor", "instance", "outcome", "request_id", "origin", "count")
_SIGNER_LENGTH = 8


class SignedLine(NamedTuple):
    """A line taken apart.

    Attributes:
        body: what is signed.
        values: what it says.
        chain: its signature, which covers that of the line before.
    """

    body: str
    values: dict[str, Any]
    chain: str

    @classmethod
    def parse(cls, line: bytes) -> SignedLine | None:
        """Take a line apart; None when it is none of ours."""
        try:
            found = _SIGNED.fullmatch(line.decode("ascii"))
            values = None if found is None else json.loads(found[1] + "}")
        except ValueError:
            return None
        return None if found is None or not isinstance(values, dict) else cls(found[1], values, found[2])


class AuditLines:
    """Writes events as lines and reads them.

    Args:
        catalogue: knows the instances' keys by their names.
        keyring: has these keys and signs.
    """

    def __init__(self, catalogue: Catalogue, keyring: Keyring) -> None:
        self._catalogue = catalogue
        self._keyring = keyring

    @property
    def signer(self) -> str:
        """Names the master key that signs now."""
        return self._keyring.id[:_SIGNER_LENGTH]

    def sealed(self, event: AuditEvent, uids: dict[str, str | None]) -> dict[str, object]:
        """What a line says of an event. A picture's name can only be read with the key of its instance.

        Args:
            event: to tell of.
            uids: of instances that were looked up for events before, by their names; filled in.

        Raises:
            StorageFailed: the catalogue cannot be read.
        """
        values: dict[str, object] = {"at": event.at.isoformat(), "action": str(event.action)}
        values |= {name: value for name in _PLAIN if (value := getattr(event, name)) is not None}
        if event.subject is None:
            return values
        if not event.action.about_pictures:
            return {**values, "subject": event.subject}
        return {**values, **self._seal(event.instance or "", event.subject, uids)}

    def signed(self, values: dict[str, object], before: str, *, first: bool) -> tuple[bytes, str]:
        """The line of these values, and its signature.

        Args:
            values: as `sealed` gives them.
            before: signature of the line before.
            first: whether it is the first of its file, and so has to tell `before` itself.
        """
        after = {"after": before} if first else {}
        # Only ASCII, and control characters escaped: no text can end a line or look like another field.
        body = json.dumps({**values, **after, "signer": self.signer})[:-1]
        chain = self.signature(body, before)
        return f'{body}, "chain": "{chain}"}}\n'.encode("ascii"), chain

    def signature(self, body: str, before: str) -> str:
        """What a line is signed with."""
        return self._keyring.sign(f"{before}\n{body}", _CHAIN)

    def event(self, line: bytes, wants: Callable[[AuditEvent], bool]) -> AuditEvent | None:
        """Read a line; None when it is damaged, or the event, whose subject is not read yet, is not wanted."""
        parsed = SignedLine.parse(line)
        try:
            event = None if parsed is None else _event(parsed.values)
        except (KeyError, TypeError, ValueError):
            return None
        if parsed is None or event is None or not wants(event):
            return None
        return self._unsealed(event, parsed.values)

    def _seal(self, name: str, subject: str, uids: dict[str, str | None]) -> dict[str, object]:
        if name not in uids:
            uids[name] = self._uid(name)
        if (uid := uids[name]) is None:
            return {}
        try:
            sealed = self._keyring.instance(uid).seal(subject, _SUBJECT)
        except KeyringFailed:  # it is being deleted: then nobody shall read it either
            return {}
        return {"key": uid, "sealed": base64.b64encode(sealed).decode()}

    def _uid(self, name: str) -> str | None:
        try:
            return self._catalogue.instance(name).uid
        except InstanceNotFound:
            return None

    def _unsealed(self, event: AuditEvent, values: dict[str, Any]) -> AuditEvent:
        if "sealed" not in values:
            return event
        try:
            sealed = base64.b64decode(values["sealed"], validate=True)
            subject = self._keyring.instance(values["key"]).unseal(sealed, _SUBJECT)
        except (SimilisError, KeyError, TypeError, binascii.Error):  # the instance was deleted, and its key with it
            return replace(event, erased=True)
        return replace(event, subject=subject)


def _event(values: dict[str, Any]) -> AuditEvent:
    plain = {name: values[name] for name in (*_PLAIN, "subject") if name in values}
    return AuditEvent(datetime.fromisoformat(values["at"]), action=AuditAction(values["action"]), **plain)
