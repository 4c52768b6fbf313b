"""Reads request bodies into typed forms, in memory only and after the caller was authenticated.

FastAPI's own body parameters are not used: they read the body before anything else, and let multipart parts above
1 MB spill to temporary files, which must never happen to a picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any, Generic, TypeAlias, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from similis.domain import InvalidInput
from similis.gateway._body import MAX_BODY
from similis.gateway._validation import explain

F = TypeVar("F", bound=BaseModel)
Part: TypeAlias = tuple[str, str | bytes]
_FILE_TYPES = (bytes, bytes | None)
_MAX_FILES = 2
_MAX_FIELDS = 32
_MAX_FIELD_BYTES = 64 * 1024


class _InMemoryParser(MultiPartParser):
    spool_max_size = MAX_BODY  # no body is longer, so that no part ever rolls over to the disk


class Json(Generic[F]):
    """Dependency that reads a JSON body as the model `F`."""

    def __init__(self, model: type[F]) -> None:
        self._model = model

    async def __call__(self, request: Request) -> F:
        """Read the body.

        Raises:
            InvalidInput: it is no JSON object of this form.
        """
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise InvalidInput("The body is not declared as JSON.", "Send content-type: application/json.")
        try:
            return self._model.model_validate_json(await request.body())
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
        return validated(self._model, await read_parts(request))


async def read_parts(request: Request) -> list[Part]:
    """Read a multipart body into names and values, files as bytes, without touching the disk.

    Raises:
        InvalidInput: it is no multipart form, or has too many or too long fields.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InvalidInput("The body is not a form.", "Send content-type: multipart/form-data.")
    try:
        async with aclosing(request.stream()) as stream:
            form = await _InMemoryParser(
                request.headers, stream, max_files=_MAX_FILES, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES
            ).parse()
    except MultiPartException as error:
        raise InvalidInput(
            f"The form cannot be read: {error.message}", "Send multipart/form-data with at most two files."
        ) from None
    return [(name, await _content(value)) for name, value in form.multi_items()]


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


def body_schema(media_type: str, model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body, for a route's `openapi_extra`."""
    schema = model.model_json_schema()
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


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


async def _content(value: str | UploadFile) -> str | bytes:
    if isinstance(value, str):
        return value
    data = await value.read()
    await value.close()
    return data
