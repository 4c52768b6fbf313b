"""Routes of connections, for admins whose key is not limited to some instances."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from similis.domain import JsonObject, as_json
from similis.gateway.rest._caller import Admin, Audited, Service
from similis.gateway.rest._input import Json, body_schema
from similis.gateway.rest._transfer_answers import ChecksAnswer, ConnectionAnswer, ConnectionsAnswer
from similis.gateway.rest._transfer_forms import CheckForm, ConnectionForm

router = APIRouter(prefix="/api/v1/connections", tags=["connections"])


@router.post(
    "",
    status_code=201,
    response_model=ConnectionAnswer,
    openapi_extra=body_schema("application/json", ConnectionForm),
)
def create_connection(
    _caller: Admin,
    service: Service,
    audited: Audited,
    form: Annotated[ConnectionForm, Depends(Json(ConnectionForm))],
) -> JsonObject:
    """Keep a way to storage that pictures are imported from. Role: admin."""
    audited.subject = form.connection().name
    return as_json(service.connections.create(form.connection(), form.credentials()))


@router.get("", response_model=ConnectionsAnswer)
def list_connections(_caller: Admin, service: Service) -> JsonObject:
    """All connections, without their secrets. Role: admin."""
    return {"connections": [as_json(connection) for connection in service.connections.list()]}


@router.get("/{connection}", response_model=ConnectionAnswer)
def show_connection(connection: str, _caller: Admin, service: Service) -> JsonObject:
    """One connection, without its secrets. Role: admin."""
    return as_json(service.connections.get(connection))


@router.delete("/{connection}", status_code=204)
def delete_connection(connection: str, _caller: Admin, service: Service) -> None:
    """Delete a connection with its credentials. Role: admin."""
    service.connections.delete(connection)


@router.post(
    "/{connection}/check",
    response_model=ChecksAnswer,
    openapi_extra=body_schema("application/json", CheckForm, required=False),
)
def check_connection(
    connection: str,
    _caller: Admin,
    service: Service,
    form: Annotated[CheckForm, Depends(Json(CheckForm, optional=True))],
) -> JsonObject:
    """Go through all that an import needs, up to the first step that is not good. Role: admin."""
    checks = service.connections.check(connection, bucket=form.bucket, path=form.path, instance=form.instance)
    return {"good": all(check.good for check in checks), "checks": [as_json(check) for check in checks]}
