"""Loads one version of neonize the way our engine does, in a process of its own, and tells what it found.

`python -m scripts.upgrade.probe FOLDER MODULE…`: FOLDER is the package, the modules are the
protobufs that the engine imports. Prints JSON: the library's own version, the
numbers of the events that our engine subscribes to, `number type` of each field.
"""

import importlib
import itertools
import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from waypost.engine.hosts.whatsmeow.library import Library, allow_protobufs, library_name

_HOST: Final = "waypost.engine.hosts.whatsmeow"


def main(folder: Path, modules: list[str]) -> None:
    """Print what was found; any error ends the process."""
    allow_protobufs(folder)
    fields: dict[str, str] = {}
    for module in modules:
        for message in importlib.import_module(module).DESCRIPTOR.message_types_by_name.values():
            fields.update(_fields(message))
    importlib.import_module(f"{_HOST}.program")
    incoming = importlib.import_module(f"{_HOST}.incoming")
    events = set(itertools.chain(incoming.SESSION_EVENTS, incoming.PAIRING_EVENTS))
    library = Library(folder / library_name(platform.system(), platform.machine()))
    told = {"version": library.version, "subscribed": sorted(map(str, events)), "fields": fields}
    print(json.dumps(told))


def _fields(message: Any) -> Iterator[tuple[str, str]]:
    for field in message.fields:
        held = field.message_type or field.enum_type
        many = " repeated" if field.is_repeated else ""
        yield field.full_name, f"{field.number} {held.full_name if held else field.type}{many}"
    for inner in message.nested_types:
        yield from _fields(inner)
    for enum in message.enum_types:
        yield from ((f"{enum.full_name}.{value.name}", f"{value.number}") for value in enum.values)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
