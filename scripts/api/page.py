"""docs/api.md: every call, from the document that the gateway serves."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.api.client import methods

from waypost.api.endpoint import Endpoint
from waypost.api.openapi import document

_HEAD = """<!-- Made by `python -m scripts.api` from the operations. -->
# The API

Every call needs `Authorization: Bearer <token>` and is answered in JSON. *Scope* says what the token must be
allowed to do: `send`, `read` or `manage` an instance, or `admin`.

A call that is *queued* is answered at once with `queued`, `message`, `queued_request_uuid` and
`queued_request_link`; what became of it appears behind the link, its result as `response_body`. It takes two
headers: `Idempotency-Key` (the same key and content is the same request, so it may be sent again safely) and
`Prefer: wait=N` (hold the answer up to N seconds until it is sent).

A field that is absent, `null` or `""` is the same. Bodies are JSON, `multipart/form-data` or forms. What can
go wrong is in [errors.md](errors.md). The running gateway shows the same at `/docs`, and as OpenAPI at
`/docs/openapi.json`. In Python each call is a method of [the client](client.md).
"""


def page(endpoints: Sequence[Endpoint]) -> str:
    """The whole page."""
    shown = [endpoint for endpoint in endpoints if endpoint.result is not None]
    described = document([endpoint for endpoint in endpoints if endpoint.documented], "")
    names = {one.endpoint.name: one.name for one in methods(shown)}
    by_tag: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        by_tag.setdefault(endpoint.tag, []).append(endpoint)
    parts = [_HEAD, _contents(by_tag)]
    for tag, found in by_tag.items():
        parts.append(f"## {tag}\n")
        parts += [
            _entry(endpoint, described, names[endpoint.name])
            if endpoint.result is not None
            else _stream(endpoint, described)
            for endpoint in found
        ]
    return "\n".join(parts)


def _contents(by_tag: Mapping[str, Sequence[Endpoint]]) -> str:
    rows = [
        f"| {tag} | " + ", ".join(f"[{_short(one)}](#{_anchor(one)})" for one in found) + " |"
        for tag, found in by_tag.items()
    ]
    return "\n".join(["| | calls |", "| --- | --- |", *rows, ""])


def _entry(endpoint: Endpoint, described: Mapping[str, Any], method: str) -> str:
    operation = described["paths"][endpoint.path][endpoint.method.lower()]
    schemas = described["components"]["schemas"]
    queued = "queued, " if endpoint.body_result is not None else ""
    limit = f", {endpoint.limit} a minute" if endpoint.limit else ""
    lines = [
        f"### {_short(endpoint)}",
        "",
        f"`{endpoint.method} {endpoint.path}`: {endpoint.summary}.",
        f"*{queued}scope {endpoint.scope}{limit}; in Python `{method}`.*",
        "",
    ]
    fields = _fields(operation, schemas)
    if fields:
        lines += ["| field | type | |", "| --- | --- | --- |", *fields, ""]
    result = operation.get("x-response-body") or _answer(operation)
    name = "response_body" if "x-response-body" in operation else "Answer"
    lines += [f"{name}: `{_shape(result, schemas)}`", ""]
    return "\n".join(lines)


def _stream(endpoint: Endpoint, described: Mapping[str, Any]) -> str:
    """What is answered by something else than JSON."""
    answer = described["paths"][endpoint.path][endpoint.method.lower()]["responses"]["200"]
    ((kind, content),) = answer["content"].items()
    lines = [
        f"### {_short(endpoint)}",
        "",
        f"`{endpoint.method} {endpoint.path}`: {endpoint.summary}.",
        f"*scope {endpoint.scope}; in Python `events`.*",
        "",
    ]
    text = {"type": "string"}
    rows = [_row(name, text, False, about, {}, "in the query") for name, about in endpoint.query]
    rows += [_row(name, text, False, about, {}, "a header") for name, about in endpoint.headers]
    table = ["| field | type | |", "| --- | --- | --- |", *rows, ""]
    shown = [f"Answer: `{kind}`. {answer['description']}", "", "```", content["example"].strip(), "```", ""]
    return "\n".join([*lines, *table, *shown])


def _short(endpoint: Endpoint) -> str:
    tail = re.sub(r"^/api/\w+/v2", "", endpoint.path).removeprefix("/{instance}").lstrip("/")
    return f"{endpoint.method} {tail or '{instance}'}"


def _anchor(endpoint: Endpoint) -> str:
    """The name that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w\- ]", "", _short(endpoint).lower()).replace(" ", "-")


def _fields(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    rows = [
        _row(one["name"], one["schema"], one["required"], one["description"], schemas, "in the query")
        for one in operation["parameters"]
        if one["in"] == "query"
    ]
    content = operation.get("requestBody", {}).get("content", {})
    if content:
        schema = _resolved(content["application/json"]["schema"], schemas)
        required = schema.get("required", ())
        rows += [
            _row(name, field, name in required, _about(field), schemas)
            for name, field in schema.get("properties", {}).items()
        ]
    return rows


def _row(
    name: str, schema: Any, required: bool, about: str, schemas: Mapping[str, Any], where: str = ""
) -> str:
    said = ", ".join(one for one in ("**required**" if required else "", where) if one)
    text = " ".join(about.split()).replace("|", "\\|").replace("<", "&lt;")
    return f"| `{name}` | {_type(schema, schemas)} | {said}{': ' if said and text else ''}{text} |"


def _type(schema: Any, schemas: Mapping[str, Any]) -> str:
    schema = _resolved(schema, schemas)
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        return " or ".join(dict.fromkeys(_type(one, schemas) for one in options))
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"] if one is not None)
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    if kind == "object" and schema.get("properties"):
        inner = ", ".join(schema["properties"])
        return f"object {{{inner}}}"
    return f"{kind}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    least = schema.get("minimum", schema.get("minLength"))
    most = schema.get("maximum", schema.get("maxLength"))
    if least is None and most is None:
        return ""
    unit = " characters" if "minLength" in schema or "maxLength" in schema else ""
    if least is None:
        return f", at most {most}{unit}"
    return f", at least {least}{unit}" if most is None else f", {least} to {most}{unit}"


def _shape(schema: Any, schemas: Mapping[str, Any], depth: int = 0) -> str:
    schema = _resolved(schema, schemas)
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if options:
        return _shape(options[0], schemas, depth)
    if schema.get("type") == "array":
        return f"[{_shape(schema.get('items', {}), schemas, depth)}]"
    names = schema.get("properties")
    if not names:
        return "{…}" if schema.get("type") == "object" else str(schema.get("type", "…"))
    inner = []
    for name, field in names.items():
        shape = _shape(field, schemas, depth + 1) if depth < 2 else "…"
        inner.append(f"{name}: {shape}" if shape.startswith(("{", "[{")) and shape != "{…}" else name)
    return "{" + ", ".join(inner) + "}"


def _answer(operation: Mapping[str, Any]) -> Any:
    return operation["responses"]["200"]["content"]["application/json"]["schema"]


def _about(field: Mapping[str, Any]) -> str:
    found = field.get("description")
    return str(
        found or next((one["description"] for one in field.get("anyOf", ()) if "description" in one), "")
    )


def _resolved(schema: Any, schemas: Mapping[str, Any]) -> Any:
    reference = schema.get("$ref")
    return schemas[reference.rsplit("/", 1)[1]] if reference else schema
