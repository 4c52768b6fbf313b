"""The page of the REST interface, from its OpenAPI description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from tools.reference._markdown import described, kind, table, written
from tools.reference._words import WORDS

from similis.gateway import rest

_HEAD = """# REST interface

This page is made from the code by `make reference`. [Using Similis](../usage.md#rest) has examples; a running service
describes itself at `/docs`, and for machines at `/openapi.json`.

Every call needs `Authorization: Bearer ID:SECRET`, or `ID:SECRET:TOKEN` of a temporary key. Errors are
[ErrorAnswer](#erroranswer) with one of the [codes](errors.md). Beside these calls there are `/healthz` (the process
is alive), `/readyz` (it can take pictures) and [`/metrics`](metrics.md), which need no key."""


def schema() -> dict[str, Any]:
    """The OpenAPI description of all calls under `/api/v1`."""
    api = FastAPI(title="Similis", version="1")
    api.include_router(rest.router)
    return api.openapi()


def page() -> str:
    """The whole page."""
    description = schema()
    lines = [_HEAD]
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            lines += _operation(f"{method.upper()} {path}", operation)
    lines += ["", "## Answers"]
    for name, model in sorted(description["components"]["schemas"].items()):
        lines += ["", f"### {name}", "", described(name, model.get("description")), *_model(name, model)]
    return written(lines)


def _operation(call: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from ("", f"## {call}", "", described(call, operation.get("description")))
    parameters = [_parameter(call, each) for each in operation.get("parameters", ())]
    yield from table(("parameter", "in", "what", "", ""), parameters)
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from ("", f"Body: `{media_type}`", *_fields(call, content["schema"]))
    yield f"\nAnswer: {', '.join(_answers(operation))}."


def _parameter(call: str, each: Mapping[str, Any]) -> tuple[str, ...]:
    name = each["name"]
    return f"`{name}`", each["in"], kind(each["schema"]), _need(each["required"]), _meaning(call, name, each)


def _answers(operation: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            form = answer.get("content", {}).get("application/json", {}).get("schema")
            yield f"{status} {kind(form) if form else answer['description']}".strip()


def _model(name: str, model: Mapping[str, Any]) -> list[str]:
    return ["", f"One of {kind(model)}."] if "enum" in model else _fields(name, model)


def _fields(where: str, model: Mapping[str, Any]) -> list[str]:
    required = model.get("required", ())
    rows = (
        (f"`{name}`", kind(field), _need(name in required), _meaning(where, name, field))
        for name, field in model.get("properties", {}).items()
    )
    return table(("field", "what", "", ""), rows)


def _need(required: bool) -> str:
    return "" if required else "optional"


def _meaning(where: str, name: str, field: Mapping[str, Any]) -> str:
    """What the field says of itself, else what the word means everywhere."""
    own = field.get("description") or field.get("schema", {}).get("description")
    return described(f"{name} of {where}", own or WORDS.get(name))
