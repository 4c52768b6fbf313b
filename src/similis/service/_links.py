"""Signed links to the files of tasks: whoever has one needs no access key, for two hours."""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from similis.domain import PermissionDenied
from similis.privacy import Keyring

LIFETIME = timedelta(hours=2)
_MOMENT = re.compile(r"[0-9]{1,12}", re.ASCII)


class Links:
    """Signs and checks links; all gateways that share a key directory take each other's."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def sign(self, task_id: int, purpose: str, now: datetime) -> str:
        """The query of a link to one file of a task, named by its purpose."""
        expires = str(int((now + LIFETIME).timestamp()))
        return urlencode({"expires": expires, "signature": self._signature(task_id, purpose, expires)})

    def check(self, task_id: int, purpose: str, expires: str, signature: str, now: datetime) -> None:
        """Check what came back in a query.

        Raises:
            PermissionDenied: it was not signed here, is for something else, or its time is over.
        """
        expected = self._signature(task_id, purpose, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()) or not _MOMENT.fullmatch(expires):
            raise PermissionDenied("The link's signature is wrong.", "Use the link as it was given.")
        if now >= datetime.fromtimestamp(int(expires), UTC):
            hours = LIFETIME // timedelta(hours=1)
            raise PermissionDenied(
                f"The link was valid for {hours} hours.", "Ask for the task again: it has a new one."
            )

    def _signature(self, task_id: int, purpose: str, expires: str) -> str:
        return self._keyring.sign(f"{task_id}\n{purpose}\n{expires}", "link")
