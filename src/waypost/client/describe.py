"""What a call is, before anybody makes it: the generated `calls` make these of their arguments."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote

import msgspec

R = TypeVar("R")

Source = str | Path | bytes
WHATSAPP: Final = "/api/whatsapp/v2"


class Write(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A call that is queued. `result` is the type of its `response_body`; `file` the name of the field that
    `source` is for, `url` of the one when it is an address."""

    method: str
    path: str
    result: type[R]
    fields: Mapping[str, Any]
    in_query: bool = False
    root: str = WHATSAPP
    source: Source | None = None
    file: str = "file"
    url: str = "url"


class Read(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A call that is answered at once with a `result`."""

    method: str
    path: str
    result: type[R]
    fields: Mapping[str, Any] = {}
    in_query: bool = False
    root: str = WHATSAPP

    @property
    def repeatable(self) -> bool:
        """Whether making it twice is like making it once."""
        return self.method == "GET"


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A call as HTTP: where to, and what with. `file` is a name and the bytes of a multipart part."""

    method: str
    path: str
    query: Mapping[str, str] = {}
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    file: tuple[str, str, bytes] | None = None


def outgoing(call: Write[Any] | Read[Any], instance: str) -> Outgoing:
    """The call of an instance, or of the gateway where that is empty; what is None is left out. Reads the
    file that it names: OSError where there is none."""
    fields = {name: msgspec.to_builtins(value) for name, value in call.fields.items() if value is not None}
    path = call.root + (f"/{part(instance)}" if instance else "") + call.path
    if call.in_query:
        return Outgoing(method=call.method, path=path, query={k: _text(v) for k, v in fields.items()})
    if isinstance(call, Read) or call.source is None:
        return Outgoing(method=call.method, path=path, json=fields or None)
    source = call.source
    if isinstance(source, str) and source.lower().startswith(("http://", "https://")):
        return Outgoing(method=call.method, path=path, json={**fields, call.url: source})
    name, data = ("file", source) if isinstance(source, bytes) else _read(Path(source))
    form = {name: _text(value) for name, value in fields.items()}
    return Outgoing(method=call.method, path=path, form=form, file=(call.file, name, data))


def part(value: str) -> str:
    """A value as a part of a path."""
    return quote(value, safe="")


def _read(path: Path) -> tuple[str, bytes]:
    return path.name, path.read_bytes()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
