"""Who calls: the access key of a request, and the dependencies that a route states its needs with."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from similis.domain import AccessKey, NotAuthenticated, PermissionDenied, Role
from similis.gateway._audit import AuditEntry, audit_entry
from similis.gateway._body import narrow_body
from similis.gateway._origin import origin_of
from similis.gateway._quotas import Quotas
from similis.gateway._session import session_of
from similis.gateway.rest._audit_actions import AUDIT_ACTIONS
from similis.service import App

_BEARER = HTTPBearer(
    auto_error=False, description="An access key, as `ID:SECRET`; a temporary one as `ID:SECRET:TOKEN`."
)
_HINT = "Send Authorization: Bearer ID:SECRET with an access key of this service."


async def _service(request: Request) -> App:
    app: App = request.app.state.service
    return app


async def _origin(request: Request) -> str:
    return origin_of(request.scope, request.headers)


async def _audited(request: Request) -> AuditEntry:
    return audit_entry(request.scope)


Audited = Annotated[AuditEntry, Depends(_audited)]
Service = Annotated[App, Depends(_service)]
Origin = Annotated[str, Depends(_origin)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


class Needs:
    """Dependency that authenticates the caller and checks its role, on the instance in the path where there is one.

    Routes state it before their body, so that nothing is read from a stranger.
    """

    def __init__(self, role: Role) -> None:
        self._role = role

    async def __call__(self, request: Request, service: Service, credentials: Bearer) -> AccessKey:
        """Return the caller's key, found in a thread where that may take a while.

        What only reads is asked for by the hundred a second, and mostly all is in memory: a thread would take longer.

        Raises:
            NotAuthenticated: no key, an unknown one, or a wrong secret.
            PermissionDenied: role or instances of the key do not cover the request.
            TooManyRequests: a quota is used up.
        """
        if self._role is not Role.READER:
            return await run_in_threadpool(self._admitted, request, service, credentials)
        key = service.access.from_memory(lambda: authenticated(request, service, credentials))
        if key is None:
            return await run_in_threadpool(self._admitted, request, service, credentials)
        if service.access.from_memory(lambda: self._let_in(request, key)) is None:
            await run_in_threadpool(self._let_in, request, key)
        return key

    def _admitted(
        self, request: Request, service: App, credentials: HTTPAuthorizationCredentials | None
    ) -> AccessKey:
        return self._let_in(request, authenticated(request, service, credentials))

    def _let_in(self, request: Request, key: AccessKey) -> AccessKey:
        instance = request.path_params.get("name")
        require(key, self._role, instance)
        size = quotas_of(request).charge_instance(key, instance, administering=self._role is Role.ADMIN)
        narrow_body(request.scope, size)
        return key


def quotas_of(request: Request) -> Quotas:
    """The quotas of this process."""
    quotas: Quotas = request.app.state.quotas
    return quotas


Admin = Annotated[AccessKey, Depends(Needs(Role.ADMIN))]
Writer = Annotated[AccessKey, Depends(Needs(Role.WRITER))]
Reader = Annotated[AccessKey, Depends(Needs(Role.READER))]


def authenticated(request: Request, service: App, credentials: HTTPAuthorizationCredentials | None) -> AccessKey:
    """Return the key that a request brings, once the request is counted on it and it is noted whose it is.

    Raises:
        NotAuthenticated: no key, an unknown one, a wrong secret, or a session that is over.
        CsrfFailed: it comes by a session, but not from the console's page.
        KeyThrottled: the key's quota is used up.
        StorageFailed: the request changes something, and nobody could be told afterwards.
    """
    key = _key(request, service, credentials)
    quotas_of(request).charge_key(key)
    service.audit.check(AUDIT_ACTIONS[request.scope["route"].name])
    return key


def _key(request: Request, service: App, credentials: HTTPAuthorizationCredentials | None) -> AccessKey:
    """The key of the header, or else that of the console's session: never of both."""
    if credentials is not None:
        identity, _, rest = credentials.credentials.partition(":")
        secret, _, token = rest.partition(":")
        key = service.access.authenticate(identity, secret, token)
        audit_entry(request.scope).actor = key.id
        return key
    session = None if "authorization" in request.headers else session_of(request, service)
    if session is None:
        raise NotAuthenticated("The request has no access key.", _HINT)
    return session.key


def require(key: AccessKey, role: Role, instance: str | None = None) -> None:
    """Check that a key covers a role on an instance or, with None, on what belongs to no single instance.

    Raises:
        PermissionDenied: it does not.
    """
    if not key.role.covers(role):
        raise PermissionDenied(f"The access key has the role {key.role}.", f"This needs the role {role}.")
    if not key.allows(role, instance):
        where = "beyond its instances" if instance is None else f"instance {instance!r}"
        raise PermissionDenied(f"The access key does not reach {where}.", f"It reaches {', '.join(key.instances)}.")
