"""Routes of access keys, for admins whose key is not limited to some instances."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from similis.domain import JsonObject, as_json
from similis.gateway.rest._answers import KeyAnswer, KeysAnswer, NewKeyAnswer
from similis.gateway.rest._caller import Admin, Audited, Service
from similis.gateway.rest._forms import KeyForm, KeyLimitsForm
from similis.gateway.rest._input import Json, body_schema

router = APIRouter(prefix="/api/v1/keys", tags=["access keys"])


@router.post("", status_code=201, response_model=NewKeyAnswer, openapi_extra=body_schema("application/json", KeyForm))
def create_key(
    _caller: Admin, service: Service, audited: Audited, form: Annotated[KeyForm, Depends(Json(KeyForm))]
) -> JsonObject:
    """Make an access key; its secret is shown this once. Role: admin."""
    new = service.access.create(
        form.domain_role(),
        form.instances,
        form.lifetime(),
        form.qps,
        pictures_per_day=form.pictures_per_day,
        max_body=form.max_body,
    )
    audited.subject = new.key.id
    return as_json(new)


@router.get("", response_model=KeysAnswer)
def list_keys(_caller: Admin, service: Service) -> JsonObject:
    """All access keys, without their secrets. Role: admin."""
    return {"keys": [as_json(key) for key in service.access.list()]}


@router.patch("/{identity}", response_model=KeyAnswer, openapi_extra=body_schema("application/json", KeyLimitsForm))
def set_key(
    identity: str, _caller: Admin, service: Service, form: Annotated[KeyLimitsForm, Depends(Json(KeyLimitsForm))]
) -> JsonObject:
    """Change which calls may be made with an access key. Role: admin."""
    return as_json(service.access.set(identity, **form.changes()))


@router.post("/{identity}/disable", response_model=KeyAnswer)
def disable_key(identity: str, _caller: Admin, service: Service) -> JsonObject:
    """Disable an access key for good. Role: admin."""
    return as_json(service.access.disable(identity))
