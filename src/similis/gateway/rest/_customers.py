"""Routes of customers, for admins whose key is not limited to some instances."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from similis.domain import JsonObject, as_json
from similis.gateway._archive import ZIP, zipped
from similis.gateway._download import download
from similis.gateway.rest._answers import Answer
from similis.gateway.rest._caller import Admin, Service

router = APIRouter(prefix="/api/v1/customers", tags=["customers"])
_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "A ZIP archive", "content": {ZIP: {}}}}


class ErasureAnswer(Answer):
    """What was, or would be, erased of a customer."""

    key_id: str
    instances: list[str]
    connections: list[str]
    keys: Annotated[list[str], Field(description="Access keys, by their ids.")]
    shared_connections: Annotated[list[str], Field(description="They stay, for they are for other instances, too.")]
    shared_keys: Annotated[list[str], Field(description="They stay, for they reach other instances, too.")]


@router.get("/{identity}/export", response_class=Response, responses=_FILE)
def export_customer(identity: str, _caller: Admin, service: Service) -> Response:
    """Everything that the owner of an access key owns, but features and secrets, as a ZIP archive. Role: admin."""
    files = service.customers.export(identity)
    return download(zipped(files), f"customer-{identity}.zip", ZIP)


@router.get("/{identity}", response_model=ErasureAnswer)
def plan_erasure(identity: str, _caller: Admin, service: Service) -> JsonObject:
    """What would be erased of the owner of an access key limited to instances. Role: admin."""
    return as_json(service.customers.plan(identity))


@router.delete("/{identity}", response_model=ErasureAnswer)
def erase_customer(identity: str, _caller: Admin, service: Service) -> JsonObject:
    """Delete for good what the owner of an access key limited to instances owns, the key included. Role: admin."""
    return as_json(service.customers.erase(identity))
