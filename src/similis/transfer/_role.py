"""Access keys for Alibaba Cloud: given, of the environment, or of a role that is assumed, by its own library."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.provider import (
    DefaultCredentialsProvider,
    RamRoleArnCredentialsProvider,
    StaticAKCredentialsProvider,
    StaticSTSCredentialsProvider,
)
from Tea.exceptions import RetryError, TeaException

from similis.domain import (
    ClockSkewed,
    Connection,
    Credentials,
    CredentialsRefused,
    InvalidArn,
    RoleNotFound,
    RoleNotTrusted,
    SimilisError,
    SourceUnreachable,
)
from similis.transfer._refusals import reason

# They would write what the token service answers to the standard error of whoever uses them.
for _chatty in ("credentials", "alibabacloud-tea"):
    logging.getLogger(_chatty).disabled = True

_SESSION = "similis"
_TRUST = (
    "Let the role's trust policy name the RAM user of the key, or its account, as a principal, and attach the policy "
    "AliyunSTSAssumeRoleAccess to that user. A key of the account itself, not of a user, may assume no role."
)
_ROLE_ERRORS: dict[str, tuple[type[SimilisError], str, str]] = {
    "EntityNotExist.Role": (
        RoleNotFound,
        "There is no role {role}.",
        "Copy the ARN from the role's page in the RAM console; the number is that of the account it belongs to.",
    ),
    "InvalidParameter.RoleArn": (
        InvalidArn,
        "Alibaba Cloud does not take {role} for the ARN of a role.",
        "Give it as acs:ram::<account number>:role/<name>.",
    ),
    "NoPermission": (RoleNotTrusted, "The access key may not assume the role {role}.", _TRUST),
}
_TIME_ERRORS = ("IllegalTimestamp", "InvalidTimeStamp")
_KEY_ERRORS = (
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidSecurityToken",
    "MissingSecurityToken",
    "Signature",
)


def credentials_of(connection: Connection, credentials: Credentials | None) -> Callable[[], Credentials]:
    """What gives the keys to use now; those of a role are renewed before they expire.

    What it returns raises:
        CredentialsRefused: there are none, or the token service refuses them.
        RoleNotFound: there is no such role.
        RoleNotTrusted: it may not be assumed.
        InvalidArn: the token service does not take it for one.
        ClockSkewed: the token service refuses the time of this machine.
        SourceUnreachable: the token service does not answer.
    """
    provider = _given(credentials) if credentials else DefaultCredentialsProvider()
    if connection.role_arn:
        provider = RamRoleArnCredentialsProvider(
            credentials_provider=provider,
            role_arn=connection.role_arn,
            role_session_name=_SESSION,
            sts_region_id=connection.region,
        )

    def now() -> Credentials:
        try:
            found = provider.get_credentials()
        except CredentialException as error:
            raise _refused(connection, error.message) from None
        except (RetryError, TeaException, OSError) as error:
            raise SourceUnreachable(
                f"Alibaba Cloud's token service cannot be reached: {reason(str(error))}.",
                "See that this machine may reach it; it is asked because the connection assumes a role.",
            ) from None
        return Credentials(found.get_access_key_id(), found.get_access_key_secret(), found.get_security_token())

    return now


def _given(credentials: Credentials) -> Any:  # noqa: ANN401 - the library has no types
    key, secret = credentials.access_key_id, credentials.access_key_secret
    if credentials.security_token is None:
        return StaticAKCredentialsProvider(access_key_id=key, access_key_secret=secret)
    return StaticSTSCredentialsProvider(
        access_key_id=key, access_key_secret=secret, security_token=credentials.security_token
    )


def _refused(connection: Connection, message: str) -> SimilisError:
    code = _code(message)
    if code in _ROLE_ERRORS:
        kind, said, hint = _ROLE_ERRORS[code]
        return kind(said.format(role=connection.role_arn), hint)
    if code.startswith(_TIME_ERRORS):
        return ClockSkewed(
            "Alibaba Cloud's token service refuses the time of this machine.",
            "Compare `date -u` with a clock that is right and keep the machine's by NTP.",
        )
    if code.startswith(_KEY_ERRORS):
        return CredentialsRefused(
            f"Alibaba Cloud's token service refuses the access key ({code}).",
            "Give the id and secret of a key of a RAM user that exists and is enabled.",
        )
    if code:
        return SourceUnreachable(f"Alibaba Cloud's token service answers {code}.", "Try again later.")
    return CredentialsRefused(
        "There is no access key in the environment.",
        "Give the connection one, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET.",
    )


def _code(message: str) -> str:
    """The code in what the library says, which ends with the JSON that the token service answered."""
    try:
        return str(json.loads(message[message.index("{") :])["Code"])
    except (ValueError, KeyError, TypeError):
        return ""
