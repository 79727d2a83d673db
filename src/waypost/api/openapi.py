"""The OpenAPI document, made from the same table of endpoints as the routes."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from waypost.api.endpoint import Endpoint
from waypost.operations.kind import FilePolicy

_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
_PARAMETERS = {
    "instance": "Id of the instance.",
    "uuid": "Id of the queued request.",
    "number": "Number of the token.",
    "webhook": "Id of the webhook.",
    "delivery": "Id of the delivery.",
}
_HEADERS = (
    ("Authorization", "Bearer <token>", True),
    ("Accept", "application/json; the answer is JSON whatever is asked for.", False),
)
# What any call may be answered, what one that changes something may be, and what one with a body may be.
_ERRORS = (401, 403, 404, 422, 429, 500, 501, 503)
_ERRORS_OF_CHANGES = (409, 410, 423)
_ERRORS_OF_BODIES = (400, 408, 413, 415)

Json = dict[str, Any]


def document(endpoints: Sequence[Endpoint], version: str) -> Json:
    """The whole document, as JSON values."""
    types = [
        kind
        for one in endpoints
        for kind in (one.fields if one.fields_in == "body" else None, one.result, one.body_result)
        if kind is not None
    ]
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    # Types may be listed twice, and lists can't be keys: look schemas up by position.
    by_type = list(zip(types, schemas, strict=True))
    components["Error"] = _error_schema()
    _declare_results(components, [_schema(by_type, one.body_result) for one in endpoints if one.body_result])
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waypost",
            "version": version,
            "description": "A self-hosted WhatsApp messaging gateway. Calls that send are answered at once"
            " with the uuid of a queued request, where the result appears.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _declare_results(components: Json, results: Sequence[Json]) -> None:
    """Say what `response_body` of a queued request holds: the result of an operation, or an error."""
    if "QueuedRequest" in components:
        error = {"$ref": "#/components/schemas/Error"}
        components["QueuedRequest"]["properties"]["response_body"] = {
            "anyOf": [*results, error, {"type": "null"}]
        }


def _operation(endpoint: Endpoint, by_type: Sequence[tuple[Any, Json]]) -> Json:
    operation: Json = {
        "operationId": re.sub(r"\W+", "-", endpoint.name).strip("-"),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint),
        "responses": {
            "200": _STREAM if endpoint.streams else _answer("The answer.", _schema(by_type, endpoint.result))
        },
    }
    for status in _errors(endpoint):
        operation["responses"][str(status)] = _answer("An error.", {"$ref": "#/components/schemas/Error"})
    if endpoint.fields is not None and endpoint.fields_in == "body":
        operation["requestBody"] = _request_body(
            endpoint.fields, endpoint.file, _schema(by_type, endpoint.fields)
        )
    if endpoint.body_result is not None:
        # The result is no answer of this call: it appears in `response_body` of the queued request.
        operation["x-response-body"] = _schema(by_type, endpoint.body_result)
        operation["responses"]["200"]["links"] = {
            "queued_request": {
                "operationId": "get-api-whatsapp-v2-instance-queued-requests-uuid",
                "parameters": {"uuid": "$response.body#/queued_request_uuid"},
            }
        }
    return operation


def _errors(endpoint: Endpoint) -> list[int]:
    changes = _ERRORS_OF_CHANGES if endpoint.method != "GET" else ()
    bodies = _ERRORS_OF_BODIES if endpoint.fields is not None and endpoint.fields_in == "body" else ()
    return sorted({*_ERRORS, *changes, *bodies, *endpoint.errors})


def _parameters(endpoint: Endpoint) -> list[Json]:
    text = {"type": "string"}
    found = [
        {"name": name, "in": "path", "required": True, "description": _PARAMETERS[name], "schema": text}
        for name in _PATH_PARAMETER.findall(endpoint.path)
    ]
    headers = [*_HEADERS[:1], *([] if endpoint.streams else _HEADERS[1:])]
    headers += [(name, about, False) for name, about in endpoint.headers]
    if endpoint.fields is not None and endpoint.fields_in == "query":
        found += _query(_flat(endpoint.fields))
    elif endpoint.fields is not None:
        flat = _flat(endpoint.fields)
        some = {name: flat["properties"][name] for name in endpoint.also_in_query}
        found += _query({"properties": some})
        kinds = "application/json, application/x-www-form-urlencoded or multipart/form-data."
        headers.append(("Content-Type", kinds, True))
    found += [
        {"name": name, "in": "header", "required": required, "description": about, "schema": text}
        for name, about, required in headers
    ]
    if endpoint.body_result is not None:
        found += [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": _IDEMPOTENCY,
                "schema": text,
            },
            {"name": "Prefer", "in": "header", "required": False, "description": _PREFER, "schema": text},
        ]
    found += [
        {"name": name, "in": "query", "required": False, "description": about, "schema": text}
        for name, about in endpoint.query
    ]
    return found


def _query(flat: Json) -> list[Json]:
    """Fields as parameters of the query."""
    return [
        {
            "name": name,
            "in": "query",
            "required": name in flat.get("required", ()),
            "description": schema.get("description", ""),
            "schema": schema,
        }
        for name, schema in flat["properties"].items()
    ]


_STREAM: Json = {
    "description": "Server-Sent Events (the HTML standard, 9.2) without an end. Of each, `id` says where to"
    " go on after it, `event` is its name, and `data`, on one line, what a webhook is sent. A comment comes"
    " when there was nothing for 15 seconds.",
    "content": {
        "text/event-stream": {
            "schema": {"type": "string"},
            "example": "retry: 2000\n\nid: 16\n\nid: 17\nevent: message.ack\n"
            'data: {"event":"message.ack","data":{"id":"evt_…","payload":{…}}}\n\n',
        }
    },
}
_IDEMPOTENCY = "The same key with the same content leads to the same queued request."
_PREFER = "wait=N holds the answer up to N seconds (60 at most) until the request is finished."


def _request_body(kind: type[msgspec.Struct], file: FilePolicy | None, schema: Json) -> Json:
    if file is None:
        content = {
            "application/json": {"schema": schema},
            "application/x-www-form-urlencoded": {"schema": schema},
        }
        return {"required": True, "content": content}
    flat = _flat(kind)
    if file.required:
        flat["anyOf"] = [{"required": [file.url]}, {"required": [file.file]}]
    upload = {**flat, "properties": {**flat["properties"], file.file: {"type": "string", "format": "binary"}}}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": flat},
            "multipart/form-data": {
                "schema": upload,
                "encoding": {file.file: {"contentType": file.media_type}},
            },
            "application/x-www-form-urlencoded": {"schema": flat},
        },
    }


def _flat(kind: type[msgspec.Struct]) -> Json:
    """The schema of a body, written out where it is used: two content types show it with different files."""
    schema = msgspec.json.schema(kind)
    flat: Json = schema["$defs"][kind.__name__]
    return flat


def _schema(by_type: Sequence[tuple[Any, Json]], kind: Any) -> Json:
    return next(schema for one, schema in by_type if one is kind)


def _answer(about: str, schema: Json) -> Json:
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _error_schema() -> Json:
    return {
        "type": "object",
        "required": ["message"],
        "properties": {
            "message": {"type": "string"},
            "errors": {"type": "object"},
            "statusCode": {"type": "integer"},
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "retryable": {"type": "boolean"},
                },
            },
        },
    }
