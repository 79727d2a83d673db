"""The generated modules of `waypost.client`."""

import ast
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_type_hints

from msgspec.structs import fields
from scripts.api.python_types import Shapes, description, wrapped

from waypost.api.endpoint import BASE, Endpoint

MADE = "# Made by `python -m scripts.api` from the operations.\n"
_PARAMETER = re.compile(r"\{(\w+)\}")
_VERBS = {"POST": "create", "PUT": "set", "PATCH": "change", "DELETE": "delete"}
# Where the path says less than the word that everybody uses.
_NAMES = {
    f"delete {BASE}/{{instance}}/queued-requests/{{uuid}}": "cancel",
    f"post {BASE}/{{instance}}/queued-requests/{{uuid}}/retry": "retry",
}


@dataclass(frozen=True)
class Method:
    """An endpoint as a method of the client."""

    name: str
    endpoint: Endpoint

    @property
    def of_instance(self) -> bool:
        """Whether it is a call of one instance."""
        return "{instance}" in self.endpoint.path

    @property
    def is_write(self) -> bool:
        """Whether it is queued."""
        return self.endpoint.body_result is not None


def methods(endpoints: Sequence[Endpoint]) -> list[Method]:
    """A method for each endpoint, each with a name of its own."""
    plain = [_plain(endpoint) for endpoint in endpoints]
    found = []
    for endpoint, name in zip(endpoints, plain, strict=True):
        if not name or plain.count(name) > 1:
            name = _with_verb(endpoint, name)
        found.append(Method(_NAMES.get(endpoint.name, name), endpoint))
    names = [one.name for one in found]
    assert len(set(names)) == len(names), sorted(one for one in names if names.count(one) > 1)
    return found


def modules(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """The source of each generated module, by its name."""
    shapes, found = Shapes(), methods([one for one in endpoints if one.result is not None])
    calls = [_call(one, shapes) for one in found]
    of_instance = [one for one in found if one.of_instance]
    of_gateway = [one for one in found if not one.of_instance]
    return {
        "calls": _calls_module(calls, shapes),
        "shapes": _shapes_module(shapes),
        "instance": _bound_module("waiting", "Bound", "Instance", of_instance),
        "async_instance": _bound_module("awaiting", "AsyncBound", "AsyncInstance", of_instance),
        "gateway": _bound_module("waiting", "Bound", "Gateway", of_gateway),
        "async_gateway": _bound_module("awaiting", "AsyncBound", "AsyncGateway", of_gateway),
    }


def _tail(endpoint: Endpoint) -> str:
    root, path = _root(endpoint), endpoint.path
    return path.removeprefix(root).removeprefix("/{instance}")


def _root(endpoint: Endpoint) -> str:
    root = re.match(r"/api/\w+/v2", endpoint.path)
    assert root is not None, endpoint.path
    return root[0]


def _plain(endpoint: Endpoint) -> str:
    parts = [one for one in _tail(endpoint).split("/") if one and not one.startswith("{")]
    return "_".join(parts).replace("-", "_")


def _with_verb(endpoint: Endpoint, name: str) -> str:
    ends_in_one = _tail(endpoint).endswith("}")
    verb = ("get" if ends_in_one else "list") if endpoint.method == "GET" else _VERBS[endpoint.method]
    one = name if verb == "list" else re.sub("ies$", "y", name).removesuffix("s")
    return f"{verb}_{one}".rstrip("_")


@dataclass(frozen=True)
class _Argument:
    name: str
    field: str
    kind: str
    required: bool
    about: str

    @property
    def text(self) -> str:
        return f"{self.name}: {self.kind}" + ("" if self.required else " = None")


def _arguments(endpoint: Endpoint, shapes: Shapes) -> list[_Argument]:
    found = []
    left_out: set[str] = set()
    if endpoint.file is not None:
        left_out = {endpoint.file.file, endpoint.file.url}
    if endpoint.fields is not None:
        hints = get_type_hints(endpoint.fields, include_extras=True)
        for field in fields(endpoint.fields):
            if field.name not in left_out:
                kind = shapes.text(hints[field.name])
                if not field.required and "None" not in kind:
                    kind = f"{kind} | None"
                about = description(hints[field.name])
                found.append(_Argument(_snake(field.name), field.name, kind, field.required, about))
    for name, about in endpoint.query:
        found.append(_Argument(_snake(name), name, "str | None", False, about))
    return found


def _call(method: Method, shapes: Shapes) -> str:
    endpoint = method.endpoint
    path = _PARAMETER.findall(_tail(endpoint))
    arguments = _arguments(endpoint, shapes)
    required = [one.text for one in arguments if one.required]
    optional = [one.text for one in arguments if not one.required]
    if endpoint.file is not None:
        if endpoint.file.required:
            required.append("source: Source")
        else:
            optional.append("source: Source | None = None")
    signature = [f"{name}: str" for name in path] + required + (["*", *optional] if optional else [])
    kind = "Write" if method.is_write else "Read"
    result = shapes.text(endpoint.body_result if method.is_write else endpoint.result)
    given = ", ".join(f'"{one.field}": {one.name}' for one in arguments)
    lines = [
        f"def {method.name}({', '.join(signature)}) -> {kind}[{result}]:",
        f'    """{_sentence(endpoint, arguments)}"""',
        f"    return {kind}(",
        f'        method="{endpoint.method}",',
        f"        path={_path(endpoint)},",
        f"        result={result},",
        f"        fields={{{given}}},",
    ]
    if endpoint.fields_in == "query" or endpoint.query:
        lines.append("        in_query=True,")
    if _root(endpoint) != BASE:
        lines.append(f'        root="{_root(endpoint)}",')
    if endpoint.file is not None:
        lines.append("        source=source,")
        lines += [
            f'        {name}="{value}",'
            for name, value in (("file", endpoint.file.file), ("url", endpoint.file.url))
            if name != value
        ]
    return "\n".join([*lines, "    )"])


def _path(endpoint: Endpoint) -> str:
    tail = _tail(endpoint)
    if not _PARAMETER.search(tail):
        return f'"{tail}"'
    return 'f"' + _PARAMETER.sub(r"{part(\1)}", tail) + '"'


def _sentence(endpoint: Endpoint, arguments: Sequence[_Argument]) -> str:
    about = [f"{one.name}: {one.about}" for one in arguments if one.about]
    if endpoint.file is not None:
        about.append("source: Path of the file, its bytes, or an http(s) address that the gateway fetches.")
    lines = [wrapped(one, "    ", "        ") for one in about]
    return f"{endpoint.summary}." + ("\n\n" + "\n".join(lines) + "\n    " if lines else "")


def _snake(name: str) -> str:
    name = re.sub(r"\W+", "_", name).strip("_")
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return f"{name}_" if keyword.iskeyword(name) else name


def _calls_module(calls: Sequence[str], shapes: Shapes) -> str:
    text = "\n\n\n".join(calls)
    typing = [name for name in ("Any", "Literal") if re.search(rf"\b{name}\b", text)]
    described = [name for name in ("Read", "Source", "Write", "part") if re.search(rf"\b{name}\b", text)]
    # As a name, and not as a word of a sentence.
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    used = [name for name in shapes.found if name in names]
    head = [f'{MADE}"""Every call of the API, described; `Instance` and `Gateway` make them."""', ""]
    if typing:
        head += [f"from typing import {', '.join(typing)}", ""]
    head.append(f"from waypost.client.describe import {', '.join(described)}")
    head.append(f"from waypost.client.shapes import ({', '.join(sorted(used))})")
    return "\n".join(head) + "\n\n\n" + text + "\n"


def _shapes_module(shapes: Shapes) -> str:
    text = "\n\n\n".join(shapes.source(kind) for kind in shapes.found.values())
    typing = [name for name in ("Any", "Literal") if re.search(rf"\b{name}\b", text)]
    head = [f'{MADE}"""What calls take and answer, field by field as the API has it."""', ""]
    if typing:
        head += [f"from typing import {', '.join(typing)}", ""]
    head.append("import msgspec")
    unset = [name for name in ("UNSET", "UnsetType") if re.search(rf"\b{name}\b", text)]
    if unset:
        head.append(f"from msgspec import {', '.join(unset)}")
    return "\n".join(head) + "\n\n\n" + text + "\n"


def _bound_module(side: str, base: str, name: str, found: Sequence[Method]) -> str:
    used = {_maker(one) for one in found}
    about = "The calls of one instance." if "Instance" in name else "The calls of the gateway itself."
    lines = [
        MADE.strip(),
        "from waypost.client import calls",
        f"from waypost.client.{side} import {', '.join([base, *sorted(used)])}",
        "",
        "",
        f"class {name}({base}):",
        f'    """{about}"""',
        "",
    ]
    lines += [f"    {one.name} = {_maker(one)}(calls.{one.name})" for one in found]
    return "\n".join(lines) + "\n"


def _maker(method: Method) -> str:
    return "queued" if method.is_write else "answered"
