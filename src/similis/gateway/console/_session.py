"""Sign in, who is signed in, sign out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from similis.domain import AccessKey, AuditAction, JsonObject, NotAuthenticated
from similis.gateway._session import SECURE_COOKIE, check_own_page, cookie_of, session_of
from similis.gateway.console._picture_origins import picture_origins
from similis.gateway.console._throttle import SignInThrottle
from similis.gateway.rest._caller import Audited, Service, quotas_of
from similis.gateway.rest._forms import JsonForm
from similis.gateway.rest._input import Json
from similis.service import App, Session

AUDIT_ACTIONS: Mapping[str, AuditAction] = {"sign_in": AuditAction.SESSION_START}
"""By the name of the route's function; a sign-out says for itself whether there was a session to end."""

_HINT = "Enter it as ID:SECRET, a temporary one as ID:SECRET:TOKEN."
_MOST = 2_048  # characters, for tokens of temporary keys are long
router = APIRouter(prefix="/console/session", include_in_schema=False)


class SignInForm(JsonForm):
    """An access key, as `ID:SECRET`; a temporary one as `ID:SECRET:TOKEN`."""

    key: Annotated[str, Field(max_length=_MOST)]


@router.post("")
def sign_in(
    request: Request,
    response: Response,
    service: Service,
    audited: Audited,
    form: Annotated[SignInForm, Depends(Json(SignInForm))],
) -> JsonObject:
    """Start a session of an access key."""
    check_own_page(request)
    key = _proven(request, service, form.key.strip())
    audited.actor = key.id
    quotas_of(request).charge_key(key)
    service.audit.check(AuditAction.SESSION_START)
    session, token = service.sessions.start(key, datetime.now(UTC))
    _set_cookie(request, response, token, session)
    return _told(service, session)


@router.get("")
def show_session(request: Request, response: Response, service: Service) -> JsonObject:
    """Who is signed in. That nobody is, is no error: it is what a first visit finds.

    Free of the key's quota, as nothing is looked at but the key: else a small quota would keep the page from opening.
    """
    try:
        session = session_of(request, service)
    except NotAuthenticated:
        _clear_cookie(request, response)
        session = None
    if session is None:
        return {"signed_in": False}
    return _told(service, session)


@router.delete("", status_code=204)
def sign_out(request: Request, response: Response, service: Service, audited: Audited) -> None:
    """End the session, of which a copy of the cookie is no use any more.

    That is free of the key's quota: each sign-in was counted, and who wants to leave must not be held.
    """
    audited.action = AuditAction.SESSION_END  # also where it is refused
    try:
        session = session_of(request, service)
    except NotAuthenticated:
        session = None
    if session is None:
        audited.action = None
    else:
        service.sessions.end(session, datetime.now(UTC))
    _clear_cookie(request, response)


def _proven(request: Request, service: App, text: str) -> AccessKey:
    throttle: SignInThrottle = request.app.state.sign_in_throttle
    address = request.client.host if request.client else ""
    identity, _, rest = text.partition(":")
    secret, _, token = rest.partition(":")
    throttle.check(address, identity)
    try:
        return service.access.authenticate(identity, secret, token)
    except NotAuthenticated as error:
        throttle.failed(address, identity)
        raise NotAuthenticated(error.message, _HINT) from None


def _told(service: App, session: Session) -> JsonObject:
    return {
        "signed_in": True,
        "key_id": session.key.id,
        "role": str(session.key.role),
        "instances": list(session.key.instances),
        "csrf": session.csrf,
        "expires_at": session.expires_at.isoformat(),
        "picture_origins": picture_origins(service, session),
    }


def _set_cookie(request: Request, response: Response, token: str, session: Session) -> None:
    name, left = cookie_of(request), session.expires_at - datetime.now(UTC)
    secure = name == SECURE_COOKIE
    response.set_cookie(name, token, int(left.total_seconds()), httponly=True, samesite="strict", secure=secure)


def _clear_cookie(request: Request, response: Response) -> None:
    name = cookie_of(request)
    response.delete_cookie(name, httponly=True, samesite="strict", secure=name == SECURE_COOKIE)
