"""Types of the operations as source text, and the classes that they need."""

import textwrap
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import FieldInfo, fields


class Shapes:
    """Collects the structs that types mention, in an order in which each follows what it needs."""

    def __init__(self) -> None:
        self.found: dict[str, type[msgspec.Struct]] = {}

    def text(self, kind: Any) -> str:
        """`kind` as source text."""
        origin = get_origin(kind)
        if origin is Annotated:
            return self.text(get_args(kind)[0])
        if origin is Literal:
            return f"Literal[{', '.join(repr(one) for one in get_args(kind))}]"
        if origin in (Union, types.UnionType):
            return " | ".join(dict.fromkeys(self.text(one) for one in get_args(kind)))
        if origin in (list, tuple, dict, Mapping):
            return self._generic(origin, get_args(kind))
        if kind is type(None):
            return "None"
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self._struct(kind)
        if kind in (Any, object, msgspec.Raw):
            return "Any"
        if kind is UnsetType:
            return "UnsetType"
        if getattr(kind, "__supertype__", None) is not None:
            return self.text(kind.__supertype__)
        assert isinstance(kind, type), kind
        return "str" if issubclass(kind, str) else kind.__name__

    def source(self, kind: type[msgspec.Struct]) -> str:
        """The class of a struct."""
        hints = get_type_hints(kind, include_extras=True)
        head = f"class {kind.__name__}(msgspec.Struct, frozen=True, kw_only=True):"
        lines = [
            f"    {field.name}: {self.text(hints[field.name])}{self._default(field)}"
            for field in fields(kind)
        ]
        return "\n".join([head, f'    """{_doc(kind)}"""', "", *lines])

    def _generic(self, origin: Any, inner: tuple[Any, ...]) -> str:
        name = {Mapping: "dict", tuple: "tuple"}.get(origin, origin.__name__)
        shown = ["..." if one is Ellipsis else self.text(one) for one in inner]
        return f"{name}[{', '.join(shown)}]"

    def _struct(self, kind: type[msgspec.Struct]) -> str:
        name = kind.__name__
        if name not in self.found:
            for hint in get_type_hints(kind, include_extras=True).values():
                self.text(hint)
            self.found[name] = kind
        assert self.found[name] is kind, f"two classes are called {name}: {kind.__module__}"
        return name

    def _default(self, field: FieldInfo) -> str:
        if field.encode_name != field.name:
            assert field.required, field.name
            return f' = msgspec.field(name="{field.encode_name}")'
        if field.required:
            return ""
        if field.default is UNSET:
            return " = UNSET"
        if field.default is not msgspec.NODEFAULT:
            return f" = {field.default!r}"
        made = field.default_factory()
        assert made in ([], {}, ()), (field.name, made)
        return f" = {made!r}"


def description(kind: Any) -> str:
    """What a field is for, as its type says."""
    if get_origin(kind) is Annotated:
        inner, *metas = get_args(kind)
        found = [one.description for one in metas if isinstance(one, Meta) and one.description]
        return found[-1] if found else description(inner)
    found = [description(one) for one in get_args(kind) if get_origin(kind) in (Union, types.UnionType)]
    return next((one for one in found if one), "")


def wrapped(text: str, first: str, further: str) -> str:
    """A text in lines that are not too long."""
    return textwrap.fill(text, 100, initial_indent=first, subsequent_indent=further)


def _doc(kind: type[msgspec.Struct]) -> str:
    return wrapped(" ".join((kind.__doc__ or kind.__name__).split()), "", "    ")
