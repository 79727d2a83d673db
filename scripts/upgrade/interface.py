"""What one version of neonize offers our engine, and what a change of it means."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.upgrade.signatures import declared
from scripts.upgrade.wheels import ROOT, UpgradeRefused

from waypost.engine.hosts.whatsmeow.redirect import WHATSAPP_ROOT

HOST: Final = ROOT / "src/waypost/engine/hosts/whatsmeow"
# cgo's name for a function that C may call, on every system.
_EXPORTED: Final = re.compile(rb"_cgoexp_[0-9a-f]+_(\w+)\0")
_SHOWN: Final = 20


@dataclass(frozen=True)
class Offer:
    """One version: its library's own `version`; by library file, the functions that it exports and how often
    the Noise root key is in it; signatures by function, events by number and which of them our engine
    subscribes to, `number type` by protobuf field.
    """

    version: str
    exported: Mapping[str, frozenset[str]]
    roots: Mapping[str, int]
    signatures: Mapping[str, str]
    events: Mapping[str, str]
    subscribed: frozenset[str]
    fields: Mapping[str, str]


def offer(here: Path, packages: Mapping[str, Path]) -> Offer:
    """Look at a version: `here` is this system's package, `packages` those of all. Raises UpgradeRefused."""
    libraries = {name: (folder / name).read_bytes() for name, folder in packages.items()}
    command: list[str | Path] = [sys.executable, "-m", "scripts.upgrade.probe", here, *_imported()]
    probe = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if probe.returncode != 0:
        raise UpgradeRefused(f"our engine can't load it: {_last_line(probe.stderr)}")
    told = json.loads(probe.stdout.splitlines()[-1])
    return Offer(
        version=told["version"],
        exported={
            name: frozenset(found.decode() for found in _EXPORTED.findall(data))
            for name, data in libraries.items()
        },
        roots={name: data.count(WHATSAPP_ROOT) for name, data in libraries.items()},
        signatures=declared((here / "_binder.py").read_text()),
        events=_events((here / "events.py").read_text()),
        subscribed=frozenset(told["subscribed"]),
        fields=told["fields"],
    )


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "it ended without a word")


def broken(ours: Mapping[str, str], old: Offer, new: Offer) -> list[str]:
    """What our engine relies on and the new version has no more, a sentence each.

    Where our binding deviates from neonize's own in the old version already, it knows better.
    """
    lines = [
        f"{library} does not export {name}"
        for library, exported in new.exported.items()
        for name in sorted(set(ours) - exported)
    ]
    for name, signature in ours.items():
        now, then = new.signatures.get(name), old.signatures.get(name)
        if now not in (then, signature):
            lines.append(f"{name} is called as {signature}; now it is {now or 'not declared'}")
    lines += [
        f"{library} has the Noise root key {count} times, not once: the sandbox can't be trusted with it"
        for library, count in new.roots.items()
        if count != 1
    ]
    lines += [
        f"event {number} was {old.events.get(number)}; now it is {new.events.get(number, 'none')}"
        for number in sorted(new.subscribed)
        if new.events.get(number) != old.events.get(number)
    ]
    return lines


def changed(ours: Mapping[str, str], old: Offer, new: Offer) -> list[str]:
    """What else is different: `+` new, `-` gone, `~` another, 20 of a kind."""
    names = set().union(*old.exported.values()), set().union(*new.exported.values())
    signatures = _differences(old.signatures, new.signatures)
    used = _words()
    fields = _differences(old.fields, new.fields)
    near = [text for text in fields if text[0] != "+" and text.split()[1].rpartition(".")[2] in used]
    kinds = {
        "function": _differences(dict.fromkeys(names[0], ""), dict.fromkeys(names[1], "")),
        "signature": [text for text in signatures if text[0] == "~" and text.split()[1] not in ours],
        "event": _differences(old.events, new.events),
        "protobuf field of a name that our engine mentions": near,
        "protobuf field": [text for text in fields if text not in near],
    }
    lines = []
    for kind, texts in kinds.items():
        lines += [f"{kind} {text}".rstrip() for text in texts[:_SHOWN]]
        if len(texts) > _SHOWN:
            lines.append(f"{kind} … {len(texts) - _SHOWN} more")
    return lines


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    both = sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
    return [
        *(f"- {name} {old[name]}" for name in sorted(old.keys() - new.keys())),
        *(f"~ {name} {old[name]} → {new[name]}" for name in both),
        *(f"+ {name} {new[name]}" for name in sorted(new.keys() - old.keys())),
    ]


def _events(source: str) -> dict[str, str]:
    """The table of event numbers in neonize's `events.py`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Dict):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if ast.unparse(target) == "EVENT_TO_INT":
                pairs = zip(node.value.keys, node.value.values, strict=True)
                return {ast.unparse(number): ast.unparse(name) for name, number in pairs if name is not None}
    raise UpgradeRefused("its events.py has no table of events")


def _trees() -> Iterator[ast.AST]:
    for path in sorted(HOST.glob("*.py")):
        yield from ast.walk(ast.parse(path.read_text()))


def _imported() -> list[str]:
    """The protobuf modules that our engine imports."""
    found: set[str] = set()
    for node in _trees():
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("neonize.proto"):
            inside = node.module != "neonize.proto"
            names = [f"{node.module}.{name.name}" for name in node.names]
            found |= {node.module or ""} if inside else set(names)
    return sorted(found)


def _words() -> set[str]:
    """Every name that our engine's host mentions: it uses no other protobuf fields."""
    found: set[str] = set()
    for node in _trees():
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found
