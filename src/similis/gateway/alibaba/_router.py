"""Routes of the wire protocol, and the way of one request from its bytes to its answer."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope
from structlog.contextvars import bound_contextvars

from similis.domain import AccessKey, JsonObject, SimilisError, Unavailable
from similis.gateway._audit import audit_entry
from similis.gateway._body import check_size
from similis.gateway._errors import log_unexpected
from similis.gateway._quotas import check_import
from similis.gateway.alibaba._audit_actions import AUDIT_ACTIONS, name_call, name_picture
from similis.gateway.alibaba._call import Call
from similis.gateway.alibaba._caller import authenticate, authorise
from similis.gateway.alibaba._dispatch import UPLOAD_ACTION, Target, find
from similis.gateway.alibaba._errors import Refused, WireError, wire_error
from similis.gateway.alibaba._pic_content import released
from similis.gateway.alibaba._reading import head_of, with_parameters
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._upload_routes import is_post_object, post_object

log = logging.getLogger(__name__)

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_MEDIA_TYPE = "application/json;charset=utf-8"
_RECOMMEND = "docs/compatibility.md"


async def answer(request: Request) -> Response:
    """Answer a call of any generation, or an upload that came to `/`."""
    if request.url.path == "/" and is_post_object(request):
        return await post_object(request)
    wire = head_of(request)
    try:
        body = await request.body()
    except SimilisError as error:
        return _failure(request, wire, _api(wire), error)
    return await run_in_threadpool(_answer, request, wire, body)


class _WireRoute(Route):
    """A route that the metrics know by its path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return match, {**child, "route": self}


class _RpcRoute(_WireRoute):
    """`/`, unless a browser asks for the console there: a call names its action or is a POST."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or not _is_call(Request(scope)):
            return Match.NONE, {}
        return super().matches(scope)


def _is_call(request: Request) -> bool:
    return request.method == "POST" or "x-acs-action" in request.headers or "Action" in request.query_params


routes = [
    _RpcRoute("/", answer, methods=_METHODS, include_in_schema=False),
    _WireRoute("/v2/image/{operation:path}", answer, methods=_METHODS, include_in_schema=False),
    _WireRoute("/item/{operation:path}", answer, methods=_METHODS, include_in_schema=False),
]


def _answer(request: Request, head: WireRequest, body: bytes) -> Response:
    """Carry out a call; blocks. What it uploaded is forgotten whatever becomes of it."""
    with bound_contextvars(request_id=head.request_id):  # in the log, for it is what the answer tells
        return _carried_out(request, head, body)


def _carried_out(request: Request, head: WireRequest, body: bytes) -> Response:
    state, wire, api = request.app.state, head, ""
    try:
        wire = with_parameters(head, request.scope["query_string"], body)
        with released(wire.parameters, state.uploads):
            target = find(wire)
            api = target.api
            name_call(audit_entry(request.scope), target.name, wire)
            sources = state.uploads, state.fetcher, state.upload_flow
            call = Call(state.service, wire, request.scope, *sources, state.quotas)
            return _response(wire, 200, _authorised(target, call))
    except Exception as error:  # SDKs can read nothing but the envelope
        return _failure(request, wire, api, error)


def _authorised(target: Target, call: Call) -> JsonObject:
    """Carry out a call once its caller and its instance are known, in this order; parameters come after."""
    key = authenticate(call.app, call.request, admit=partial(_admit, target, call))
    return target.run(replace(call, key=key))


def _admit(target: Target, call: Call, key: AccessKey) -> None:
    """Let a caller go on who may do this, on an instance that is there, within its quotas."""
    audit_entry(call.scope).actor = key.id
    call.quotas.charge_key(key)
    call.app.audit.check(AUDIT_ACTIONS[target.name])
    instance = None if target.name == UPLOAD_ACTION else call.parameters.instance_name()
    authorise(key, target.name, instance or "")
    if instance is not None:
        call.app.instances.get(instance)
        name_picture(audit_entry(call.scope), call.request)
    check_size(len(call.request.body), call.quotas.charge_instance(key, instance))
    if target.name == "IncreaseInstance":
        check_import(key)


def _api(wire: WireRequest) -> str:
    """The action as the error table lists it; "" when it is none."""
    try:
        return find(wire).api
    except Refused:
        return ""


def _failure(request: Request, wire: WireRequest, api: str, error: Exception) -> Response:
    if not isinstance(error, (Refused, SimilisError, WireError)):
        log_unexpected(wire.request_id, error)
    if isinstance(error, Unavailable):
        log.error("Request %s: %s", wire.request_id, error.message)
    refusal = wire_error(api, error)
    audit_entry(request.scope).outcome = refusal.code
    envelope = {
        "HostId": wire.headers.get("host", ""),
        "Code": refusal.code,
        "Message": refusal.message,
        "Recommend": _RECOMMEND,
        **refusal.details,
    }
    return _response(wire, refusal.status, envelope, _wait(refusal))


def _wait(refusal: WireError) -> dict[str, str]:
    """What tells SDKs how many milliseconds to wait."""
    return {} if refusal.retry_after is None else {"x-acs-retry-after": str(math.ceil(1000 * refusal.retry_after))}


def _response(wire: WireRequest, status: int, body: JsonObject, headers: Mapping[str, str] | None = None) -> Response:
    identified = {"RequestId": wire.request_id, **body}
    return JSONResponse(identified, status, {"x-acs-request-id": wire.request_id, **(headers or {})}, _MEDIA_TYPE)
