"""Reads request bodies into typed forms, in memory only and after the caller was authenticated.

FastAPI's own body parameters are not used: they read the body before anything else, and let multipart parts above
1 MB spill to temporary files, which must never happen to a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from similis.domain import InvalidInput
from similis.gateway._audit import audit_entry
from similis.gateway._multipart import Part, read_parts
from similis.gateway._urlencoded import read_fields
from similis.gateway._validation import explain

F = TypeVar("F", bound=BaseModel)
_FILE_TYPES = (bytes, bytes | None)


class Json(Generic[F]):
    """Dependency that reads a JSON body as the model `F`; where it is `optional`, no body means all defaults."""

    def __init__(self, model: type[F], *, optional: bool = False) -> None:
        self._model = model
        self._optional = optional

    async def __call__(self, request: Request) -> F:
        """Read the body.

        Raises:
            InvalidInput: it is no JSON object of this form.
        """
        content = await request.body()
        if self._optional and not content:
            return self._model()
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise InvalidInput("The body is not declared as JSON.", "Send content-type: application/json.")
        try:
            return self._model.model_validate_json(content)
        except ValidationError as error:
            raise explain(error.errors(include_input=False), self._model.model_fields) from None


class Multipart(Generic[F]):
    """Dependency that reads a multipart body as the model `F`; its `bytes` fields are file parts."""

    def __init__(self, model: type[F]) -> None:
        self._model = model

    async def __call__(self, request: Request) -> F:
        """Read the body.

        Raises:
            InvalidInput: it is no multipart form, or has unknown, missing, repeated or unreadable fields.
        """
        return _noted(request, validated(self._model, await read_parts(request)))


class UrlEncoded(Generic[F]):
    """Dependency that reads a url-encoded body, as HTML forms without files send it, as the model `F`."""

    def __init__(self, model: type[F]) -> None:
        self._model = model

    async def __call__(self, request: Request) -> F:
        """Read the body.

        Raises:
            InvalidInput: it is no such form, or has unknown, missing, repeated or unreadable fields.
        """
        return _noted(request, validated(self._model, await read_fields(request)))


def validated(model: type[F], parts: Sequence[Part]) -> F:
    """Read parts as a model.

    Raises:
        InvalidInput: fields are unknown, missing, repeated, of the wrong kind or unreadable.
    """
    _check_unique(parts)
    for name, value in parts:
        _check_kind(model, name, value)
    try:
        return model.model_validate(dict(parts))
    except ValidationError as error:
        raise explain(error.errors(include_input=False), model.model_fields) from None


def body_schema(media_type: str, model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The OpenAPI description of a body, for a route's `openapi_extra`."""
    return bodies_schema({media_type: model}, required=required)


def bodies_schema(models: Mapping[str, type[BaseModel]], *, required: bool = True) -> dict[str, Any]:
    """The same where a body may be of several media types."""
    content = {media_type: {"schema": model.model_json_schema()} for media_type, model in models.items()}
    return {"requestBody": {"required": required, "content": content}}


def _noted(request: Request, form: F) -> F:
    """The form; what picture it names goes into the audit log."""
    audit_entry(request.scope).picture(getattr(form, "product_id", None), getattr(form, "pic_name", None))
    return form


def _check_unique(parts: Sequence[Part]) -> None:
    names = [name for name, _ in parts]
    if twice := sorted({name[:80] for name in names if names.count(name) > 1}):
        raise InvalidInput(f"{', '.join(twice)} is given more than once.", "Give every field once.")


def _check_kind(model: type[BaseModel], name: str, value: str | bytes) -> None:
    field = model.model_fields.get(name)
    if field is None:
        return
    is_file = field.annotation in _FILE_TYPES
    if is_file != isinstance(value, bytes):
        wanted = "a file part (with a file name)" if is_file else "text (without a file name)"
        raise InvalidInput(f"The field {name} is not {wanted}.", f"Send {name} as {wanted}.")
