"""Every error answer of the gateway: one shape `{code, message, hint, request_id}`, one table of statuses."""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import Scope

from similis.domain import (
    AccessDenied,
    Conflict,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    PictureTooLarge,
    RequestTooLarge,
    RequestTooSlow,
    SimilisError,
    TooManyRequests,
    Unavailable,
    as_json,
)
from similis.gateway._audit import audit_entry
from similis.gateway._validation import explain

log = logging.getLogger(__name__)

_SHOWN = 60  # characters of a path that leads nowhere; there may be anything in it


class RouteNotFound(NotFound):
    """There is nothing at the path that was asked for."""


class MethodNotAllowed(InvalidInput):
    """The path exists, but not for this method."""

    code = "method_not_allowed"


class MalformedRequest(InvalidInput):
    """The bytes are no HTTP request, or one that two readers could take for different ones."""

    code = "malformed_request"


class HeadTooLarge(RequestTooLarge):
    """The head of an HTTP request has too many lines or bytes."""

    code = "head_too_large"


class InternalError(SimilisError):
    """Something failed that nobody foresaw."""

    code = "internal_error"


STATUS: Mapping[type[SimilisError], int] = {
    InvalidInput: 400,
    PictureTooLarge: 413,
    RequestTooLarge: 413,
    HeadTooLarge: 431,
    RequestTooSlow: 408,
    NotFound: 404,
    Conflict: 409,
    AccessDenied: 403,
    NotAuthenticated: 401,
    TooManyRequests: 429,
    Unavailable: 503,
    MethodNotAllowed: 405,
    SimilisError: 500,
}
"""The status of an error is that of its nearest ancestor in this table."""


def status_of(error: SimilisError) -> int:
    """The HTTP status of an error."""
    return next(STATUS[each] for each in type(error).__mro__ if each in STATUS)


def error_response(scope: Scope, error: SimilisError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that failed with `error`."""
    audit_entry(scope).outcome = error.code
    body = {**as_json(error), "request_id": scope["state"]["request_id"]}
    challenge = {"WWW-Authenticate": "Bearer"} if isinstance(error, NotAuthenticated) else {}
    return JSONResponse(body, status_of(error), {**challenge, **_wait(error), **(headers or {})})


def _wait(error: SimilisError) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(error.retry_after))} if isinstance(error, TooManyRequests) else {}


def unexpected_response(scope: Scope, error: Exception) -> JSONResponse:
    """Log an unforeseen error and answer it."""
    request_id = scope["state"]["request_id"]
    log_unexpected(request_id, error)
    return error_response(
        scope, InternalError("Something went wrong inside Similis.", f"Look for {request_id} in the service's log.")
    )


def log_unexpected(request_id: str, error: Exception) -> None:
    """Log place and class of an unforeseen error but not its message, which may quote what the caller sent."""
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("Request %s failed with %s:\n%s", request_id, type(error).__name__, place)


def add_error_handlers(api: FastAPI) -> None:
    """Make `api` answer every foreseen error in the one shape."""
    for kind in (SimilisError, HTTPException, RequestValidationError):
        api.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    ours = _translate(request, error)
    if isinstance(ours, Unavailable):
        log.error("Request %s: %s", request.state.request_id, ours.message)
    return error_response(request.scope, ours, getattr(error, "headers", None))


def _translate(request: Request, error: Exception) -> SimilisError:
    if isinstance(error, SimilisError):
        return error
    if isinstance(error, RequestValidationError):
        return explain(error.errors())
    path, status = request.url.path[:_SHOWN], getattr(error, "status_code", None)
    if status == HTTPStatus.NOT_FOUND:
        return RouteNotFound(f"There is nothing at {path}.", "The interface is described at /docs.")
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(f"{path} does not take {request.method}.", "The interface is described at /docs.")
    raise error
