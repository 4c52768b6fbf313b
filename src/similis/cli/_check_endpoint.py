"""Whether a running service can be used by its address: through whatever proxy is before it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from similis.audit import sign_call
from similis.service import Finding

_PATIENCE = 10.0
_SKEW = 60.0
_AGENT = "similis-doctor (through the proxy)"
_UNSIGNED = frozenset(
    {"SignatureDoesNotMatch", "IncompleteSignature", "MissingSignature", "InvalidTimeStamp.Expired"}
)
_PROXY = "See docs/nginx.md: a proxy has to pass Host and User-Agent, path and query as they came."


def check_endpoint(endpoint: str, key: str | None) -> list[Finding]:
    """Call a service as its clients do; with an access key, also with signed calls as SDKs make them."""
    with httpx.Client(base_url=endpoint, timeout=_PATIENCE, headers={"user-agent": _AGENT}) as client:
        try:
            return _called(client, endpoint, key)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            found = f"{endpoint} does not answer: {type(error).__name__}"
            return [Finding("Service", False, found, "See whether it runs, and whether its address is right.")]


def _called(client: httpx.Client, endpoint: str, key: str | None) -> list[Finding]:
    health = client.get("/healthz")
    if health.text != "ok\n":
        found = f"Something else than Similis answers at {endpoint} ({health.status_code})"
        return [Finding("Service", False, found, _PROXY)]
    findings = [Finding("Service", True, f"{endpoint} answers"), _ready(client), *_clock(health)]
    if key is not None:
        identity, _, secret = key.partition(":")
        findings += [_key(client, key), _signed(client, endpoint, identity, secret)]
    return findings


def _ready(client: httpx.Client) -> Finding:
    answer = client.get("/readyz")
    found = "ready" if answer.is_success else _told(answer, "message")
    return Finding("Readiness", answer.is_success, found, _told(answer, "hint") or "Look into the service's log.")


def _clock(answer: httpx.Response) -> list[Finding]:
    if "date" not in answer.headers:
        return []
    apart = abs(parsedate_to_datetime(answer.headers["date"]).timestamp() - time.time())
    to_do = "Set both clocks right: calls whose time is off by 15 minutes are refused."
    return [Finding("Clocks", apart < _SKEW, f"its clock and this one are {apart:.0f} s apart", to_do)]


def _key(client: httpx.Client, key: str) -> Finding:
    answer = client.get("/api/v1/instances", headers={"authorization": f"Bearer {key}"})
    found = "it is taken" if answer.is_success else _told(answer, "message")
    to_do = _told(answer, "hint") or "See whether the proxy passes the header Authorization on."
    return Finding("Access key", answer.is_success, found, to_do)


def _signed(client: httpx.Client, endpoint: str, identity: str, secret: str) -> Finding:
    """Make a call that is signed with Host and User-Agent, names no instance, and so changes nothing."""
    headers = sign_call(
        identity,
        secret,
        urlsplit(endpoint).netloc,
        "SearchImageByName",
        "2020-12-14",
        b"",
        {},
        {"user-agent": _AGENT},
    )
    code = _told(client.post("/", headers=headers), "Code")
    good = bool(code) and code not in _UNSIGNED
    found = "the signature arrives whole" if good else f"the signature is refused ({code or 'no answer of Similis'})"
    return Finding("Signed calls", good, found, _PROXY)


def _told(answer: httpx.Response, name: str) -> str:
    """A field of an answer; empty where it has none."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    return str(body.get(name, "")) if isinstance(body, Mapping) else ""
