"""The documentation at /docs: one page of plain HTML, made from the OpenAPI document; it loads nothing from
anywhere.
"""

import json
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1.5rem; }
body { color: #1c2430; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: #f3f5f8; padding: .8rem; overflow-x: auto; }
h2 { border-bottom: 2px solid #d8dee8; margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; }
td, th { border-top: 1px solid #e4e8ef; }
details { border: 1px solid #d8dee8; border-radius: 6px; padding: .5rem .8rem; margin: .6rem 0; }
summary { cursor: pointer; } .GET { color: #0b6bcb; } .POST { color: #117a37; } .DELETE { color: #b3261e; }
.method { font-weight: 700; display: inline-block; min-width: 4.5rem; }
@media (prefers-color-scheme: dark) {
  body { background: #10151c; color: #dde4ee; } pre { background: #1a212b; }
  details, h2, td, th { border-color: #2c3644; }
}
"""


def page(document: Mapping[str, Any], base: str) -> bytes:
    """The page for a gateway at `base` (scheme://host)."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            entry = _entry(method.upper(), path, operation, document["components"]["schemas"], base)
            by_tag.setdefault(operation["tags"][0], []).append(entry)
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in by_tag.items())
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} API</h1><p>{escape(info['description'])}</p>"
        f"<p>Version {escape(info['version'])}. "
        "Machines read <a href='/docs/openapi.json'>/docs/openapi.json</a>.</p>"
        f"{sections}</body></html>"
    ).encode()


def _entry(
    method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any], base: str
) -> str:
    parts = [f"<p>{escape(operation['summary'])}.</p>", _parameters(operation)]
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        parts.append(f"<h4>Body</h4><p>{escape(', '.join(content))}</p>")
        parts.append(_fields(_resolved(content["application/json"]["schema"], schemas)))
    parts.append(f"<h4>Try it</h4><pre>{escape(_curl(method, path, operation, base))}</pre>")
    answer = operation["responses"]["200"]
    ((kind, content),) = answer["content"].items()
    if kind == "application/json":
        parts.append(f"<h4>Answer</h4><pre>{escape(_sample(content['schema'], schemas))}</pre>")
    else:
        parts.append(f"<h4>Answer</h4><p>{escape(answer['description'])}</p>")
        parts.append(f"<pre>{escape(content['example'])}</pre>")
    if "x-response-body" in operation:
        sample = _sample(operation["x-response-body"], schemas)
        parts.append(f"<h4>response_body of the queued request</h4><pre>{escape(sample)}</pre>")
    return (
        f"<details><summary><span class='method {method}'>{method}</span> <code>{escape(path)}</code> "
        f"{escape(operation['summary'])}</summary>{''.join(parts)}</details>"
    )


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(one['name'])}</code></td>"
        f"<td>{one['in']}{', required' if one['required'] else ''}</td>"
        f"<td>{escape(one['description'])}</td></tr>"
        for one in operation["parameters"]
    )
    return f"<table>{rows}</table>"


def _fields(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{'required' if name in required else ''}</td>"
        f"<td>{escape(_about(field))}</td></tr>"
        for name, field in schema.get("properties", {}).items()
    )
    return f"<table>{rows}</table>"


def _about(field: Mapping[str, Any]) -> str:
    return str(
        field.get("description")
        or next((one["description"] for one in field.get("anyOf", []) if "description" in one), "")
    )


def _curl(method: str, path: str, operation: Mapping[str, Any], base: str) -> str:
    address = base + path.replace("{instance}", "$INSTANCE").replace("{uuid}", "$UUID").replace(
        "{number}", "$NUMBER"
    )
    lines = [f'curl -X {method} "{address}"', '  -H "Authorization: Bearer $TOKEN"']
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        lines += ['  -F "chatId=12132132131@c.us"', '  -F "file=@voice.mp3"']
    elif content:
        lines += ['  -H "Content-Type: application/json"', "  -d '{…}'"]
    return " \\\n".join(lines)


def _sample(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    return json.dumps(_example(schema, schemas), indent=2)


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    schema = _resolved(schema, schemas)
    if "anyOf" in schema:
        return _example(next(one for one in schema["anyOf"] if one.get("type") != "null"), schemas)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: _example(field, schemas) for name, field in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema.get("items", {}), schemas)]
    return {"integer": 0, "number": 0.0, "boolean": True, "string": "<string>"}.get(str(kind))


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    return schemas[reference.rsplit("/", 1)[1]] if reference else schema
