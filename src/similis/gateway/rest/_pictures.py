"""Routes of pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from similis.domain import JsonObject, OnDuplicate, as_json
from similis.gateway.rest._answers import AddedAnswer, DeletedAnswer, PictureAnswer
from similis.gateway.rest._caller import Audited, Reader, Service, Writer
from similis.gateway.rest._forms import ChangesForm, DeletionQuery, KeyQuery, PictureForm
from similis.gateway.rest._input import Json, Multipart, body_schema

router = APIRouter(prefix="/api/v1/instances/{name}/pictures", tags=["pictures"])


@router.post(
    "",
    status_code=201,
    response_model=AddedAnswer,
    responses={200: {"model": AddedAnswer, "description": "A picture of the same key was replaced"}},
    openapi_extra=body_schema("multipart/form-data", PictureForm),
)
def add_picture(
    name: str,
    caller: Writer,
    service: Service,
    form: Annotated[PictureForm, Depends(Multipart(PictureForm))],
    response: Response,
) -> JsonObject:
    """Add a picture: its features are kept, the picture itself is forgotten. Role: writer."""
    with service.access.adding_picture(caller):
        added = service.pictures.add(
            name,
            form.file,
            form.key(),
            category=form.category(),
            crop=form.crop,
            region=form.domain_region(),
            custom_content=form.custom_content,
            attributes=form.attributes(),
            on_duplicate=OnDuplicate(form.on_duplicate),
        )
    response.status_code = 200 if added.replaced else 201
    return as_json(added)


@router.get("", response_model=PictureAnswer)
def show_picture(
    name: str, _caller: Reader, service: Service, audited: Audited, query: Annotated[KeyQuery, Query()]
) -> JsonObject:
    """What is kept of a picture, beside its features. Role: reader."""
    audited.picture(query.product_id, query.pic_name)
    return as_json(service.pictures.get(name, query.key()))


@router.patch("", response_model=PictureAnswer, openapi_extra=body_schema("application/json", ChangesForm))
def update_picture(
    name: str,
    _caller: Writer,
    service: Service,
    audited: Audited,
    query: Annotated[KeyQuery, Query()],
    form: Annotated[ChangesForm, Depends(Json(ChangesForm))],
) -> JsonObject:
    """Change attributes; null clears one, an absent one stays. Role: writer."""
    audited.picture(query.product_id, query.pic_name)
    return as_json(service.pictures.update(name, query.key(), form.changes()))


@router.delete("", response_model=DeletedAnswer)
def delete_pictures(
    name: str, _caller: Writer, service: Service, audited: Audited, query: Annotated[DeletionQuery, Query()]
) -> JsonObject:
    """Delete a picture, all of a product, or all that match a filter; what is not there is no error. Role: writer."""
    audited.picture(query.product_id, query.pic_name)
    condition = query.condition()
    if condition is not None:
        deleted = service.pictures.delete_matching(name, condition)
    else:
        deleted = service.pictures.delete(name, query.product_id or "", query.pic_name)
    audited.count = len(deleted)
    return {"deleted": [as_json(key) for key in deleted]}
