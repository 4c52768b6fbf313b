"""The page at `/docs`: the OpenAPI description made readable, in plain HTML, with nothing from another host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Similis REST API</title><link rel="icon" href="/console/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/console/styles/base.css">
<link rel="stylesheet" href="/console/styles/docs.css"><main class="docs">"""
_EXAMPLE = """<pre>
curl -H "Authorization: Bearer $KEY" -F file=@shoe.jpg -F product_id=shoe-7 -F pic_name=front.jpg \\
     http://127.0.0.1:8000/api/v1/instances/shop/pictures
curl -H "Authorization: Bearer $KEY" -F file=@query.jpg -F num=5 -F 'filter=int_attr&gt;=2' \\
     http://127.0.0.1:8000/api/v1/instances/shop/search
</pre>"""


def docs_page(schema: Mapping[str, Any]) -> str:
    """Write the page for an OpenAPI description."""
    info = schema["info"]
    parts = [_HEAD, f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>", _paragraph(info["description"])]
    parts.append('<p>For machines: <a href="/openapi.json">/openapi.json</a>. <a href="/">Console</a>.</p>')
    parts.append(_EXAMPLE)
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts.extend(_operation(method.upper(), path, operation))
    parts.append("<h2>Answers</h2>")
    for name, model in sorted(schema["components"]["schemas"].items()):
        description = _paragraph(model.get("description", ""))
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3>{description}')
        parts.append(_fields(model))
    return "\n".join([*parts, "</main></html>"])


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<section><h2><code>{method} {escape(path)}</code></h2>{_paragraph(operation['description'])}"
    if parameters := operation.get("parameters"):
        yield _table((each["name"], each["schema"], each["required"]) for each in parameters)
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: <code>{escape(media_type)}</code></p>{_fields(content['schema'])}"
    answers = (f"{status} {_link(answer)}" for status, answer in sorted(operation["responses"].items()))
    yield f"<p>Answers: {', '.join(answers)}</p></section>"


def _link(answer: Mapping[str, Any]) -> str:
    content = answer.get("content", {}).get("application/json", {})
    return _type(content["schema"]) if "schema" in content else escape(answer["description"])


def _fields(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    return _table((name, each, name in required) for name, each in schema.get("properties", {}).items())


def _table(rows: Iterator[tuple[str, Mapping[str, Any], bool]]) -> str:
    cells = (
        f"<tr><td><code>{escape(name)}</code><td>{_type(schema)}<td>{'' if required else 'optional'}"
        f"<td>{escape(schema.get('description', ''))}"
        for name, schema, required in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _type(schema: Mapping[str, Any]) -> str:
    """The type of a field, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return escape(" | ".join(str(each) for each in schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return escape(schema.get("format") or schema.get("type", "any"))


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"
