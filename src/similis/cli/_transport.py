"""HTTP under `RemoteApp`: one call, its answer read, its error turned back into ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from similis.domain import InvalidInput, ServiceUnreachable, SimilisError, error_from_json

T = TypeVar("T")
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_PATIENT = httpx.Timeout(3600.0, connect=5.0)


class Transport:
    """Calls the REST interface of one service with one access key.

    Raises:
        InvalidInput: the endpoint is no http or https address.
    """

    def __init__(self, endpoint: str, key: str) -> None:
        self._endpoint = endpoint
        self._client = httpx.Client(
            base_url=f"{_checked(endpoint)}/api/v1/", headers={"authorization": f"Bearer {key}"}, timeout=_TIMEOUT
        )

    def call(
        self,
        method: str,
        path: tuple[str, ...],
        read: Callable[[Any], T],
        *,
        query: Mapping[str, object] | None = None,
        json: Mapping[str, object] | None = None,
        fields: Mapping[str, object] | None = None,
        files: Mapping[str, bytes] | None = None,
        patient: bool = False,
    ) -> T:
        """Make one call and read its answer; None among query and fields means absent; `patient` waits for an hour.

        Raises:
            SimilisError: the service's own error, in its own class.
            ServiceUnreachable: nothing answers, or something else than Similis.
        """
        request = self._client.build_request(
            method,
            _joined(path),
            params=_given(query or {}),
            json=json,
            files=_multipart(fields or {}, files or {}) or None,
            timeout=_PATIENT if patient else _TIMEOUT,
        )
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            raise self._unreachable(str(error) or type(error).__name__) from None
        if response.is_error:
            raise self._error(response)
        return self._read(response, read)

    def stream(self, path: tuple[str, ...]) -> Iterator[bytes]:
        """Download a file and yield it piece by piece.

        Raises:
            SimilisError: the service's own error, in its own class.
            ServiceUnreachable: nothing answers, something else than Similis, or it broke off.
        """
        try:
            with self._client.stream("GET", _joined(path), timeout=_PATIENT) as response:
                if response.is_error:
                    response.read()
                    raise self._error(response)
                yield from response.iter_bytes()
        except httpx.HTTPError as error:
            raise self._unreachable(str(error) or type(error).__name__) from None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _read(self, response: httpx.Response, read: Callable[[Any], T]) -> T:
        try:
            return read(response.json() if response.content else None)
        except (KeyError, TypeError, ValueError, SimilisError):
            raise self._unreachable("its answer is not one of Similis") from None

    def _error(self, response: httpx.Response) -> SimilisError:
        try:
            return error_from_json(response.json())
        except (KeyError, TypeError, ValueError):
            return self._unreachable(f"it answers with status {response.status_code}")

    def _unreachable(self, reason: str) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"{self._endpoint} does not answer as Similis: {reason}.",
            "Check the address, and that `similis serve` is running there.",
        )


def _joined(path: tuple[str, ...]) -> str:
    return "/".join(quote(part, safe="") for part in path)


def _checked(endpoint: str) -> str:
    try:
        address = httpx.URL(endpoint)
        usable = address.scheme in {"http", "https"} and bool(address.host)
    except httpx.InvalidURL:
        usable = False
    if not usable:
        raise InvalidInput(f"The endpoint {endpoint!r} is no address.", "Give it as http://127.0.0.1:8000.")
    return endpoint.rstrip("/")


def _given(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items() if value is not None}


def _multipart(fields: Mapping[str, object], files: Mapping[str, bytes]) -> list[tuple[str, Any]]:
    """Parts as httpx takes them: a text is a file without a name, so that even a form without files is multipart."""
    texts = [(name, (None, text)) for name, text in _given(fields).items()]
    return [*texts, *((name, ("picture", data)) for name, data in files.items())]
