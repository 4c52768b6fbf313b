"""The console's session of a request: its cookie, and the proof that the console's own page sent it."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

from fastapi import Request

from similis.domain import CsrfFailed
from similis.gateway._audit import audit_entry
from similis.gateway._origin import is_secure
from similis.service import App, Session

COOKIE, SECURE_COOKIE = "similis_session", "__Host-similis_session"
CSRF_HEADER = "x-similis-csrf"
_READING = frozenset({"GET", "HEAD"})
_OWN_PAGE = frozenset({"same-origin", "none"})  # none: the user's own doing, such as a bookmark
_HINT = "Load the console's page again; programs send Authorization: Bearer ID:SECRET."


def cookie_of(request: Request) -> str:
    """The name of the cookie: by TLS one that only this very host can set, and no plain page can replace."""
    # Who lies about TLS reaches nobody's cookie but its own.
    return SECURE_COOKIE if is_secure(request.scope, request.headers) else COOKIE


def session_of(request: Request, service: App) -> Session | None:
    """Return the session of a request's cookie, None where it has no cookie.

    Raises:
        NotAuthenticated: the session is over.
        CsrfFailed: another page may have sent the request.
    """
    token = request.cookies.get(cookie_of(request))
    if token is None:
        return None
    session = service.sessions.find(token, datetime.now(UTC))
    audit_entry(request.scope).actor = session.key.id
    check_own_page(request)
    if request.method not in _READING:
        _check_csrf(request, session)
    return session


def check_own_page(request: Request) -> None:
    """Check what the browser tells of where a request comes from, if it tells.

    Raises:
        CsrfFailed: it comes from another page.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in _OWN_PAGE:
        raise CsrfFailed("The request was made by another page than the console's.", _HINT)


def _check_csrf(request: Request, session: Session) -> None:
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        raise CsrfFailed(f"The session's cookie came without the header {CSRF_HEADER}.", _HINT)
    if not hmac.compare_digest(given.encode(), session.csrf.encode()):
        raise CsrfFailed(f"The header {CSRF_HEADER} is not that of the session.", _HINT)
