"""Routes of instances."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from similis.domain import JsonObject, Role, as_json
from similis.gateway.rest._answers import InstanceAnswer, InstancesAnswer
from similis.gateway.rest._caller import Admin, Audited, Reader, Service, require
from similis.gateway.rest._forms import InstanceForm, MoveForm, SettingsForm
from similis.gateway.rest._input import Json, body_schema

router = APIRouter(prefix="/api/v1/instances", tags=["instances"])


@router.post(
    "",
    status_code=201,
    response_model=InstanceAnswer,
    openapi_extra=body_schema("application/json", InstanceForm),
)
def create_instance(
    _caller: Admin, service: Service, audited: Audited, form: Annotated[InstanceForm, Depends(Json(InstanceForm))]
) -> JsonObject:
    """Make an empty instance. Role: admin."""
    audited.instance = form.name
    return as_json(service.instances.create(form.spec(), form.index, form.model))


@router.get("", response_model=InstancesAnswer)
def list_instances(caller: Reader, service: Service) -> JsonObject:
    """The instances that the key reaches, by name. Role: reader."""
    reached = [each for each in service.instances.list() if caller.allows(Role.READER, each.name)]
    return {"instances": [as_json(instance) for instance in reached]}


@router.get("/{name}", response_model=InstanceAnswer)
def show_instance(name: str, _caller: Reader, service: Service) -> JsonObject:
    """One instance with its figures. Role: reader."""
    return as_json(service.instances.get(name))


@router.patch(
    "/{name}",
    response_model=InstanceAnswer,
    openapi_extra=body_schema("application/json", SettingsForm),
)
def set_instance(
    name: str, caller: Admin, service: Service, form: Annotated[SettingsForm, Depends(Json(SettingsForm))]
) -> JsonObject:
    """Change what is kept and which calls are allowed. Role: admin; of all for `capacity`, `qps`, `max_body`."""
    changes = form.changes()
    if {"capacity", "qps", "max_body"} & changes.keys():
        require(caller, Role.ADMIN)  # a quota protects others: whom it holds back must not lift it
    return as_json(service.instances.set(name, **changes))


@router.delete("/{name}", status_code=204)
def delete_instance(name: str, _caller: Admin, service: Service) -> None:
    """Delete an instance with all it holds. Role: admin."""
    service.instances.delete(name)


@router.post("/{name}/rebuild", response_model=InstanceAnswer)
def rebuild_instance(name: str, _caller: Admin, service: Service) -> JsonObject:
    """Build the vector index anew from the stored features. Role: admin."""
    return as_json(service.instances.rebuild(name))


@router.post(
    "/{name}/move",
    response_model=InstanceAnswer,
    openapi_extra=body_schema("application/json", MoveForm),
)
def move_instance(
    name: str, _caller: Admin, service: Service, form: Annotated[MoveForm, Depends(Json(MoveForm))]
) -> JsonObject:
    """Have an instance searched by another vector index; searches and changes go on meanwhile. Role: admin."""
    return as_json(service.instances.move(name, form.index))
