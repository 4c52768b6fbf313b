"""What a signed request claims about its caller, and the errors of reading it; shared by the signature schemes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from similis.gateway.alibaba._errors import WireError

ISO_TIME = "%Y-%m-%dT%H:%M:%SZ"
HTTP_TIME = "%a, %d %b %Y %H:%M:%S GMT"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Scheme(StrEnum):
    """How a request is authenticated."""

    ACS3 = "ACS3-HMAC-SHA256"
    RPC = "RPC HMAC-SHA1"
    ROA = "ROA HMAC-SHA1"
    BEARER = "BEARERTOKEN"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a request says that it comes from, and the proof it gives; nothing of it is verified yet.

    Attributes:
        scheme: decides what the signature covers.
        key_id: id of the access key.
        signature: hexadecimal (ACS3), Base64 (RPC, ROA), or the secret itself (bearer).
        moment: when it was signed; None for bearer tokens.
        nonce: differs in every request of a key; None where the scheme has none.
        security_token: of a temporary key.
        signed_headers: lower-case names in the order given; ACS3 only.
    """

    scheme: Scheme
    key_id: str
    signature: str
    moment: datetime | None = None
    nonce: str | None = None
    security_token: str | None = None
    signed_headers: tuple[str, ...] = ()


def read_moment(text: str, form: str) -> datetime:
    """Read a time in UTC.

    Raises:
        WireError: 400 InvalidTimeStamp.Format.
    """
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        message = "Specified time stamp or date value is not well formatted."
        example = datetime(2026, 11, 23, 20, 57, 11, tzinfo=UTC).strftime(form)
        raise WireError(400, "InvalidTimeStamp.Format", f"{message} It must look like {example}.") from None


def escaped(text: str) -> str:
    """Percent-encode a text as RFC 3986 has it, all but the unreserved characters."""
    data = text.encode()
    # One pass for each character that occurs, the sign of escapes first: on a picture in Base64 that is several times
    # as quick as urllib's way, character by character.
    for code in sorted({*data} - _UNRESERVED, key=lambda code: code != ord("%")):
        data = data.replace(bytes([code]), b"%%%02X" % code)
    return data.decode()


def missing(name: str) -> WireError:
    """The error for a parameter or header that has to be there."""
    # `x-acs-signature-nonce` and `SignatureNonce` both become MissingSignatureNonce.
    plain = "".join(part[:1].upper() + part[1:] for part in name.removeprefix("x-acs-").split("-"))
    return WireError(400, f"Missing{plain}", f"{plain} is mandatory for this action.")


def malformed(detail: str) -> WireError:
    """The error for a signature that is not of the protocol's form."""
    return WireError(400, "IncompleteSignature", f"The request signature does not conform to the standard. {detail}")
