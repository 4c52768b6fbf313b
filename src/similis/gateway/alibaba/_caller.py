"""Who calls on the wire, and what they may do there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from similis.domain import AccessKey, KeyNotFound, Role
from similis.gateway.alibaba._claim import Claim, Scheme, missing
from similis.gateway.alibaba._errors import WireError
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._signatures import claim, verify
from similis.service import App

WINDOW = timedelta(minutes=15)
"""How far the caller's clock may be from ours, either way."""

_READING = (
    *("SearchImageByPic", "SearchImageByName", "SearchImageByText", "SearchImageByFilter", "CheckImageExists"),
    *("CompareSimilarByImage", "Detail", "IncreaseList", "AuthorizeFileUpload"),
    *("SearchImage", "SearchItem"),
)
# DumpMetaList leads to all that is known of pictures, as DumpMeta does.
_WRITING = (
    *("AddImage", "UpdateImage", "DeleteImage", "IncreaseInstance", "DumpMeta", "DumpMetaList"),
    *("AddItem", "DeleteItem"),
)
_NEEDS: Mapping[str, Role] = {
    **dict.fromkeys(_READING, Role.READER),
    **dict.fromkeys(_WRITING, Role.WRITER),
}


def authenticate(
    app: App, request: WireRequest, now: datetime | None = None, admit: Callable[[AccessKey], None] = lambda _: None
) -> AccessKey:
    """Return the caller's key once proof, clock and nonce were found right; reads and writes the catalogue.

    Args:
        app: the service whose keys count.
        request: the whole request, its body included.
        now: the present moment, unless it is another.
        admit: called with a key that was proven, before the nonce is noted, which costs a write to disk; raises
            where the caller may not do this, or has used up its quota.

    Raises:
        WireError: 400, or 404 for an unknown access key.
        Exception: what `admit` raises.
    """
    moment = now or datetime.now(UTC)
    claimed = claim(request)
    _check_clock(claimed, moment)
    key = _proven(app, claimed, request)
    _check_usable(app, key, claimed, moment)
    admit(key)
    _check_nonce(app, key, claimed, moment)
    return key


def authorise(key: AccessKey, action: str, instance: str) -> None:
    """Check that a key may do an action, on one instance or, with "", on none in particular.

    Args:
        key: of the caller.
        action: a known one of any generation of the protocol.
        instance: name of the instance, which need not exist.

    Raises:
        WireError: 403 NoPermission, with AccessDeniedDetail.
    """
    needed = _NEEDS[action]
    if not key.allows(needed):
        raise _denied(key, action, f"The access key has the role {key.role}; this needs {needed}.")
    if not key.allows(needed, instance or None):
        raise _denied(key, action, "The access key does not reach this instance.")


def _check_clock(claimed: Claim, now: datetime) -> None:
    if claimed.moment is not None and abs(now - claimed.moment) > WINDOW:
        message = "Specified time stamp or date value is expired."
        detail = f"It is {now:%Y-%m-%dT%H:%M:%SZ} here; 15 minutes either way are accepted."
        raise WireError(400, "InvalidTimeStamp.Expired", f"{message} {detail}")


def _proven(app: App, claimed: Claim, request: WireRequest) -> AccessKey:
    """The key of a claim once the claim is proven; a signature is computed for a key that does not exist, too."""
    try:
        key, secret = app.access.reveal(claimed.key_id)
    except KeyNotFound:
        key, secret = None, secrets.token_urlsafe(30)
    try:
        verify(claimed, request, secret)
    except WireError:
        if key is not None or claimed.scheme is Scheme.BEARER:
            raise
    if key is None:
        raise WireError(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    return key


def _check_usable(app: App, key: AccessKey, claimed: Claim, now: datetime) -> None:
    if key.disabled:
        raise WireError(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
    if claimed.security_token is None:
        if key.temporary:
            raise missing("SecurityToken")
    elif not app.access.holds_token(key.id, claimed.security_token):
        raise WireError(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
    if key.expired(now):
        raise WireError(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")


def _check_nonce(app: App, key: AccessKey, claimed: Claim, now: datetime) -> None:
    # Last of all, so that only the holder of a key can use up its nonces.
    if claimed.nonce is None or claimed.moment is None:
        return
    if not app.access.remember_nonce(key.id, claimed.nonce, claimed.moment + WINDOW, now):
        raise WireError(400, "SignatureNonceUsed", "Specified signature nonce was used already.")


def _denied(key: AccessKey, action: str, reason: str) -> WireError:
    detail = {
        "AuthAction": f"imagesearch:{action}",
        "AuthPrincipalDisplayName": key.id,
        "AuthPrincipalType": "AssumedRoleUser" if key.temporary else "SubUser",
        "NoPermissionType": "ImplicitDeny",
        "PolicyType": "AccountLevelIdentityBasedPolicy",
    }
    message = f"You are not authorized to perform this operation. {reason}"
    return WireError(403, "NoPermission", message, {"AccessDeniedDetail": detail})
