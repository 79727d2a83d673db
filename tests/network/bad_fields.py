"""Bad values for the fields of an operation, made from its type: what is wrong with each, and the value."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta
from msgspec.structs import FieldInfo, fields

from waypost.operations.kind import AnyWrite
from waypost.testing.gateway_stage import CONTACT

GROUP = "120363025246125486@g.us"
SERIALIZED = f"true_{CONTACT}@c.us_3EB0C767D26A8A9B"
# What a field takes where its type alone does not say so.
SAMPLES: dict[str, Any] = {
    "chatId": CONTACT,
    "messageId": SERIALIZED,
    "reply_to": SERIALIZED,
    "url": "http://x.test/a",
    "preview_url": "http://x.test/a",
    "text": "See http://x.test/a",
    "file": "UklGRg==",
    "contacts": [{"fullName": "Ada", "phoneNumber": f"+{CONTACT}"}],
    "poll": {"name": "When?", "options": ["now", "later"]},
}
# Operations that want one of several optional fields.
ONE_OF: dict[str, dict[str, Any]] = {"group-settings": {"announce": True}}
# Text fields with a syntax of their own.
ADDRESSES = {"chatId", "messageId", "reply_to", "url"}
LONG = 5_000


def sound(write: AnyWrite) -> dict[str, Any]:
    """A body that has every required field."""
    body = {
        field.name: SAMPLES.get(field.name, _sample(hint))
        for field, hint in typed_fields(write.fields)
        if field.required
    }
    if write.file is not None:
        body[write.file.url] = SAMPLES["url"]
    if write.tag == "Groups" and "chatId" in body:
        body["chatId"] = GROUP
    return body | ONE_OF.get(write.name, {})


def typed_fields(kind: type[msgspec.Struct]) -> list[tuple[FieldInfo, Any]]:
    """Fields with their types, annotations included."""
    hints = get_type_hints(kind, include_extras=True)
    return [(field, hints[field.name]) for field in fields(kind)]


def bad_bodies(write: AnyWrite) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(field, what is wrong with it, the body); each body is wrong at that field alone."""
    good = sound(write)
    for field, hint in typed_fields(write.fields):
        name = field.name
        if field.required:
            yield name, "missing", {key: value for key, value in good.items() if key != name}
            yield name, "null", good | {name: None}
            if name not in write.blank:
                yield name, "empty", good | {name: ""}
        if write.fields_in == "body":
            for value in _of_another_type(hint):
                yield name, f"of another type ({type(value).__name__})", good | {name: value}
        for about, value in _out_of_bounds(hint):
            yield name, about, good | {name: value}
        if name in ADDRESSES:
            yield name, "no address", good | {name: "nobody at all"}
            yield name, "too long", good | {name: "1" * LONG}


def _plain(hint: Any) -> tuple[Any, list[Meta]]:
    """The type that matters of an optional one, and what is said of it."""
    if get_origin(hint) is Annotated:
        inner, *metas = get_args(hint)
        found, more = _plain(inner)
        return found, [one for one in metas if isinstance(one, Meta)] + more
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [one for one in get_args(hint) if one is not type(None)]
        return _plain(kinds[0]) if len(kinds) == 1 else (Any, [])
    return hint, []


def _sample(hint: Any) -> Any:
    kind, metas = _plain(hint)
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) in (list, tuple):
        least = max([meta.min_length or 1 for meta in metas], default=1)
        return [_sample(get_args(kind)[0])] * least
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return {field.name: _sample(hint) for field, hint in typed_fields(kind) if field.required}
    return {str: "x", int: 1, float: 1.0, bool: True}.get(kind)


def _of_another_type(hint: Any) -> list[Any]:
    kind, _ = _plain(hint)
    if kind is Any:
        return []
    if kind is str or get_origin(kind) is Literal:
        return [{"a": 1}, ["a"]]
    if kind in (int, float, bool):
        return ["x", {"a": 1}, []]
    return ["x", 7, True]


def _out_of_bounds(hint: Any) -> Iterator[tuple[str, Any]]:
    kind, metas = _plain(hint)
    for meta in metas:
        if meta.max_length is not None:
            longer = meta.max_length + 1
            yield "too long", "x" * longer if kind is str else [_sample(get_args(kind)[0])] * longer
        if meta.ge is not None:
            yield "too small", meta.ge - 1
        if meta.le is not None:
            yield "too large", meta.le + 1
