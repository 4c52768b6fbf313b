"""Routes of search and comparison."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from similis.domain import InstanceType, InvalidInput, JsonObject, as_json, filter_fields, parse_filter
from similis.gateway._multipart import read_parts
from similis.gateway._urlencoded import MEDIA_TYPE, is_urlencoded
from similis.gateway.rest._answers import ComparisonAnswer, FilterAnswer, SearchAnswer
from similis.gateway.rest._caller import Reader, Service
from similis.gateway.rest._forms import ComparisonForm, FilterForm, SearchForm, StoredSearchForm
from similis.gateway.rest._input import Json, Multipart, UrlEncoded, bodies_schema, body_schema, validated

router = APIRouter(prefix="/api/v1", tags=["search"])


async def _query(request: Request) -> SearchForm:
    """What a search asks for: in multipart, or url-encoded where there is no file."""
    if not is_urlencoded(request):
        return await Multipart(SearchForm)(request)
    stored = await UrlEncoded(StoredSearchForm)(request)
    return SearchForm(**stored.model_dump(exclude_unset=True))


@router.post(
    "/instances/{name}/search",
    response_model=SearchAnswer,
    openapi_extra=bodies_schema({"multipart/form-data": SearchForm, MEDIA_TYPE: StoredSearchForm}),
)
def search(name: str, _caller: Reader, service: Service, form: Annotated[SearchForm, Depends(_query)]) -> Response:
    """Find the most similar pictures, by a picture or by a stored one. Role: reader."""
    key, options = form.stored_key(), form.options()
    if key is not None:
        found = service.search.by_name(name, key, options)
    else:
        found = service.search.by_picture(
            name,
            form.file or b"",
            options,
            crop=form.crop,
            region=form.domain_region(),
            subject=form.subject,
        )
    # As a response, it is not read as a model once more, which takes a tenth of a search by name.
    return JSONResponse(as_json(found))


@router.post(
    "/filters/check",
    response_model=FilterAnswer,
    openapi_extra=body_schema("application/json", FilterForm),
)
def check_filter(_caller: Reader, form: Annotated[FilterForm, Depends(Json(FilterForm))]) -> JsonObject:
    """Whether a filter can be used; if not, the error says where it goes wrong and what is expected. Role: reader."""
    return {"valid": True, "fields": sorted(filter_fields(parse_filter(form.expression)))}


async def _comparison(request: Request) -> ComparisonForm:
    parts = await read_parts(request)
    files = [value for _, value in parts if isinstance(value, bytes)]
    texts = [(name, value) for name, value in parts if isinstance(value, str)]
    if len(files) != len(ComparisonForm.files()):
        raise InvalidInput(f"The form has {len(files)} files.", "Send two pictures, as first and second.")
    return validated(ComparisonForm, [*zip(ComparisonForm.files(), files, strict=True), *texts])


@router.post(
    "/compare",
    response_model=ComparisonAnswer,
    openapi_extra=body_schema("multipart/form-data", ComparisonForm),
)
def compare(_caller: Reader, service: Service, form: Annotated[ComparisonForm, Depends(_comparison)]) -> JsonObject:
    """The score of two pictures; neither is kept. Role: reader."""
    return {"score": service.search.compare(form.first, form.second, InstanceType(form.type))}
