"""Routes of tuning and duplicates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from similis.domain import JsonObject, as_json
from similis.gateway.rest._answers import DuplicatesAnswer, InstanceAnswer, TuningAnswer
from similis.gateway.rest._caller import Admin, Reader, Service, Writer
from similis.gateway.rest._forms import DuplicatesQuery, TuningForm
from similis.gateway.rest._input import Json, body_schema

router = APIRouter(prefix="/api/v1/instances/{name}", tags=["quality"])


@router.post(
    "/tuning",
    response_model=TuningAnswer,
    openapi_extra=body_schema("application/json", TuningForm, required=False),
)
def tune_instance(
    name: str, _caller: Admin, service: Service, form: Annotated[TuningForm, Depends(Json(TuningForm, optional=True))]
) -> JsonObject:
    """Learn from the instance's own products, and search by that if it surely helps; takes minutes. Role: admin."""
    return as_json(service.tuning.tune(name, dry_run=form.dry_run))


@router.get("/tuning", response_model=TuningAnswer | None)
def show_tuning(name: str, _caller: Reader, service: Service) -> JsonObject | None:
    """The tuning in use, else the last one that was not adopted, else null. Role: reader."""
    tuning = service.instances.get(name).tuning
    return None if tuning is None else as_json(tuning)


@router.delete("/tuning", response_model=InstanceAnswer)
def undo_tuning(name: str, _caller: Admin, service: Service) -> JsonObject:
    """Search by the features as they are again. Role: admin."""
    return as_json(service.tuning.undo(name))


@router.get("/duplicates", response_model=DuplicatesAnswer)
def list_duplicates(
    name: str, _caller: Writer, service: Service, query: Annotated[DuplicatesQuery, Query()]
) -> JsonObject:
    """Groups of near-identical pictures, across products; compares all pictures, one list at a time. Role: writer."""
    return as_json(service.duplicates.groups(name, query.min_similarity))
