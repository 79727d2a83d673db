"""What is passed to C: by our binding, and by the one that a version of neonize brings itself.

The wheel has no C header. Its `_binder.py` is the next best: neonize's own client calls through it.
A signature is a text such as `(text, pointer(address, size)) -> text`, equal where the memory is.
"""

import ast
import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from waypost.engine.hosts.whatsmeow.library import Library

_KINDS: Final = {
    "c_char_p": "text",
    "c_void_p": "address",
    "c_ulong": "size",
    "c_ulonglong": "size",
    "c_size_t": "size",
    "None": "nothing",
}


def ours() -> dict[str, str]:
    """The signatures of the functions that our binding names."""
    with patch.object(ctypes, "CDLL", _Recorder):
        recorder: Any = Library(Path("recorded"))._lib
    return {name: _signature(told.argtypes, told.restype) for name, told in recorder.told.items()}


def declared(binder: str) -> dict[str, str]:
    """The signatures that the source of a `_binder.py` declares."""
    assigned = {
        ast.unparse(target): node.value
        for node in ast.walk(ast.parse(binder))
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    classes = {node.name: node for node in ast.walk(ast.parse(binder)) if isinstance(node, ast.ClassDef)}
    found = {}
    for target, value in assigned.items():
        name = target.removeprefix("gocode.").removesuffix(".argtypes")
        if target == f"gocode.{name}.argtypes" and isinstance(value, ast.List):
            result = assigned.get(f"gocode.{name}.restype")
            given = [_written(one, assigned, classes) for one in value.elts]
            found[name] = _told(given, "int" if result is None else _written(result, assigned, classes))
    return found


class _Function:
    def __init__(self) -> None:
        self.argtypes: list[Any] = []
        self.restype: Any = ctypes.c_int

    def __call__(self) -> bytes:
        return b""


class _Recorder:
    """Stands in for a loaded library and keeps what is declared of its functions."""

    def __init__(self, _path: str) -> None:
        self.told: dict[str, _Function] = {}

    def __getattr__(self, name: str) -> _Function:
        return self.told.setdefault(name, _Function())


def _told(given: list[str], result: str) -> str:
    return f"({', '.join(given)}) -> {result}"


def _kind(name: str) -> str:
    return _KINDS.get(name, name.removeprefix("c_"))


def _signature(given: list[Any], result: Any) -> str:
    return _told([_held(one) for one in given], _held(result))


def _held(type: Any) -> str:
    """A ctypes type as a word."""
    if type is None:
        return "nothing"
    if hasattr(type, "_fields_"):
        return ", ".join(_held(field[1]) for field in type._fields_)
    if hasattr(type, "contents"):
        return f"pointer({_held(type._type_)})"
    if hasattr(type, "_argtypes_"):
        return f"function{_signature(type._argtypes_, type._restype_)}"
    return _kind(type.__name__)


def _written(value: ast.expr, assigned: Mapping[str, ast.expr], classes: Mapping[str, ast.ClassDef]) -> str:
    """The same for a type as it is written in a program."""
    text = ast.unparse(value)
    if text in assigned and not text.startswith("ctypes."):
        return _written(assigned[text], assigned, classes)
    if text in classes:
        fields = (one for one in classes[text].body if isinstance(one, ast.Assign))
        listed = next(field.value for field in fields if ast.unparse(field.targets[0]) == "_fields_")
        assert isinstance(listed, ast.List)
        pairs = [pair for pair in listed.elts if isinstance(pair, ast.Tuple)]
        return ", ".join(_written(pair.elts[1], assigned, classes) for pair in pairs)
    if isinstance(value, ast.Call):
        inner = [_written(one, assigned, classes) for one in value.args]
        if text.startswith("ctypes.CFUNCTYPE"):
            return f"function{_told(inner[1:], inner[0])}"
        return f"pointer({', '.join(inner)})"
    return _kind(text.removeprefix("ctypes."))
