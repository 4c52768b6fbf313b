"""A small client that signs its calls by ACS3 itself, as the official SDKs do."""

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from similis.domain import NewAccessKey


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


class Acs3(httpx.Auth):
    """Signs a request with an access key."""

    requires_request_body = True

    def __init__(self, key: NewAccessKey) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override] # sends nothing back
        request.headers["x-acs-date"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        request.headers["x-acs-signature-nonce"] = uuid.uuid4().hex
        request.headers["x-acs-content-sha256"] = hashlib.sha256(request.content).hexdigest()
        signed = sorted(name for name in request.headers if name in {"host", "content-type"} or name[:6] == "x-acs-")
        pairs = parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)
        query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(pairs))
        headers = "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed)
        path, names = request.url.raw_path.split(b"?")[0].decode(), ";".join(signed)
        lines = request.method, path, query, headers, names, request.headers["x-acs-content-sha256"]
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        text = f"ACS3-HMAC-SHA256\n{digest}"
        signature = hmac.new(self._key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        request.headers["authorization"] = (
            f"ACS3-HMAC-SHA256 Credential={self._key.key.id},SignedHeaders={names},Signature={signature}"
        )
        yield request


class Wire:
    """Calls actions of a served Similis with one access key."""

    def __init__(self, address: str, key: NewAccessKey) -> None:
        self.http = httpx.Client(base_url=address, auth=Acs3(key), timeout=30)

    def __call__(self, action: str, **parameters: str | int) -> dict[str, Any]:
        """The answer of a call of 2020-12-14 that succeeds, all parameters in the form."""
        answer = self.call(action, {name: str(value) for name, value in parameters.items()})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json;charset=utf-8"
        body: dict[str, Any] = answer.json()
        assert body["RequestId"] == answer.headers["x-acs-request-id"]
        return body

    def call(
        self,
        action: str,
        form: dict[str, str] | None = None,
        *,
        version: str = "2020-12-14",
        method: str = "POST",
        path: str = "/",
        content: bytes | None = None,
        query: dict[str, str] | None = None,
    ) -> httpx.Response:
        headers = {"x-acs-action": action, "x-acs-version": version}
        return self.http.request(method, path, data=form, content=content, headers=headers, params=query)

    def refusal(self, action: str, **parameters: str | int) -> tuple[int, str, str]:
        """Status, code and message of a call of 2020-12-14 that fails."""
        return refusal_of(self.call(action, {name: str(value) for name, value in parameters.items()}))


def refusal_of(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of an error, whose envelope is checked."""
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    body = answer.json()
    assert answer.status_code >= 400
    assert body["RequestId"] == answer.headers["x-acs-request-id"]
    assert body["HostId"] == answer.request.headers["host"]
    return answer.status_code, body["Code"], body["Message"]
