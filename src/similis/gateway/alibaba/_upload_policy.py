"""Permissions to upload one picture: issued to a holder of an access key, checked when the picture comes.

They are those of OSS PostObject: a policy in Base64, signed with HMAC-SHA1, good for one object key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from similis.domain import MAX_PICTURE_BYTES

LIFETIME = timedelta(minutes=5)
ACCESS_KEY_ID = "similis-upload"
_KEY_PREFIX = "similis-upload-"
_WRONG_SIGNATURE = "The request signature we calculated does not match the signature you provided."
KEY_PATTERN = _KEY_PREFIX + "[0-9a-f]{32}"


class UploadRefused(Exception):
    """An upload is not taken; `status`, `code` and `message` are those of OSS."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Permission:
    """What AuthorizeFileUpload hands out."""

    key: str
    policy: str
    signature: str


class UploadPolicies:
    """Issues and checks permissions; they end with the process, as the uploads do."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._secret = secrets.token_bytes(32)
        self._clock = clock

    def issue(self, owner: str = "") -> Permission:
        """A permission for one object whose key nobody can guess, which is its owner's to use."""
        key = _KEY_PREFIX + secrets.token_hex(16)
        expiration = (self._clock() + LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ")
        conditions = [["content-length-range", 1, MAX_PICTURE_BYTES], ["eq", "$key", key]]
        stated = {"expiration": expiration, "conditions": conditions, "owner": owner}
        policy = base64.b64encode(json.dumps(stated).encode()).decode()
        return Permission(key, policy, self._sign(policy))

    def check(self, fields: Mapping[str, str]) -> str:
        """Check the fields of a form, by name in lower case, and return its object key.

        Raises:
            UploadRefused: not what was permitted.
        """
        missing = [name for name in ("OSSAccessKeyId", "policy", "Signature", "key") if not fields.get(name.lower())]
        if missing:
            raise UploadRefused(403, "AccessDenied", f"The form has no {' and no '.join(missing)}.")
        if not hmac.compare_digest(fields["ossaccesskeyid"].encode(), ACCESS_KEY_ID.encode()):
            raise UploadRefused(403, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist.")
        if not hmac.compare_digest(self._sign(fields["policy"]).encode(), fields["signature"].encode()):
            raise UploadRefused(403, "SignatureDoesNotMatch", _WRONG_SIGNATURE)
        self._check_policy(json.loads(base64.b64decode(fields["policy"])), fields["key"])
        return fields["key"]

    @staticmethod
    def owner_of(fields: Mapping[str, str]) -> str:
        """Whose object it is, by the fields of a form that were found right."""
        return str(json.loads(base64.b64decode(fields["policy"]))["owner"])

    def _check_policy(self, policy: Mapping[str, Any], key: str) -> None:
        """Only for policies that carry our signature, which therefore have the form that `issue` gave them."""
        if self._clock() >= datetime.fromisoformat(policy["expiration"]):
            raise UploadRefused(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        if ["eq", "$key", key] not in policy["conditions"]:
            raise UploadRefused(403, "AccessDenied", "Invalid according to Policy: Policy Condition failed: $key.")

    def _sign(self, policy: str) -> str:
        return base64.b64encode(hmac.digest(self._secret, policy.encode(), hashlib.sha1)).decode()


def check_size(size: int) -> None:
    """Check the bytes of a file, whatever the policy: it is always the one that `issue` writes.

    Raises:
        UploadRefused: there are none or too many.
    """
    if size > MAX_PICTURE_BYTES:
        raise too_large()
    if size < 1:
        raise UploadRefused(
            400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed object size."
        )


def too_large() -> UploadRefused:
    """The refusal of too many bytes."""
    return UploadRefused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
