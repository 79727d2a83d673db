"""The shapes of the stanzas between engines and the sandbox: what each is, without ids, people and content.

A client's `<iq xmlns="encrypt" type="get"><count/></iq>` has the shape `in iq get encrypt /count`. Those that
are known lie in `wire.json`; another means that an engine changed what it says, or the sandbox its answers.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from waypost.sandbox.views import LogLine

KNOWN = Path(__file__).with_name("wire.json")
Shapes = dict[str, list[str]]
"""Engine to the sorted shapes of its stanzas."""

Parsed = tuple[int, str, dict[str, str]]
"""Depth, tag and attributes of a node."""

_TAG = re.compile(r"<(/?)([\w:.-]+)((?: [\w:.-]+=(?:'[^']*'|\"[^\"]*\"))*)(/?)>")
_ATTRIBUTE = re.compile(r" ([\w:.-]+)=(?:'([^']*)'|\"([^\"]*)\")")
_TOLD = {
    "iq": ("type", "xmlns"),
    "message": ("type", "category", "edit"),
    "receipt": ("type",),
    "ack": ("class", "type", "error"),
    "stream:error": ("code",),
    "failure": ("reason",),
    "presence": ("type",),
    "notification": ("type",),
    "enc": ("type", "mediatype"),
    "query": ("query_id",),
    "error": ("code",),
}
"""The attributes that say what a stanza is; those of other people and moments are left out."""


def shape(line: LogLine) -> list[str]:
    """The shapes in one line of the sandbox's log; none in a remark.

    A request is one with what it asks for. All else is a shape by itself, because some come and go: each node
    inside, by its path, and each attribute, by its name.
    """
    if line.way not in ("in", "out"):
        return []
    (_, tag, attributes), *inner = _nodes(line.what)
    stanza = " ".join(filter(None, (line.way, _named(tag, attributes), _family(tag, attributes))))
    begins = f"{line.way} {tag}"
    if tag == "iq":
        children = sorted({_named(child, told) for depth, child, told in inner if depth == 1})
        begins = stanza = " ".join((stanza, *(f"/{child}" for child in children)))
    found = {stanza, *(f"{begins} @{name}" for name in attributes)}
    path: list[str] = []
    for depth, child, told in inner:
        path[depth - 1 :] = [_named(child, told)]
        node = f"{begins} /{'/'.join(path)}"
        named = tag == "iq" and depth == 1
        found |= {*([] if named else [node]), *(f"{node} @{name}" for name in told)}
    return sorted(found)


def shapes(lines: Iterable[LogLine], engines: dict[str, str]) -> Shapes:
    """All shapes of each engine; `engines` maps the number of a phone (digits) to the engine that plays it.

    Stanzas of a connection that is not logged in yet belong to nobody and are counted as `pairing`.
    """
    found: dict[str, set[str]] = {}
    for line in lines:
        number = line.device.split(":")[0].removeprefix("+")
        if number == "-" or number in engines:
            found.setdefault(engines.get(number, "pairing"), set()).update(shape(line))
    return {engine: sorted(told) for engine, told in sorted(found.items())}


def known() -> Shapes:
    """The shapes that were recorded."""
    recorded: Shapes = json.loads(KNOWN.read_text())
    return recorded


def record(found: Shapes, complete: bool = True) -> list[str]:
    """Write down what was found; says what is new and what is gone, `+ engine: shape` and `- engine: shape`.

    After a run that was not `complete`, what it did not show is still known and not gone.
    """
    before = known() if KNOWN.exists() else {}
    kept = {name: [one for one in shapes if not complete or _timed(one)] for name, shapes in before.items()}
    both = {name: sorted({*found.get(name, []), *kept.get(name, [])}) for name in sorted({**before, **found})}
    KNOWN.write_text(json.dumps(both, indent=1, ensure_ascii=False) + "\n")
    return [f"+ {one}" for one in added(both, before)] + [f"- {one}" for one in added(before, both)]


def added(found: Shapes, before: Shapes) -> list[str]:
    """What is in `found` and not in `before`."""
    return [
        f"{engine}: {told}"
        for engine, shapes in found.items()
        for told in shapes
        if told not in before.get(engine, [])
    ]


def _timed(shape: str) -> bool:
    """Whether it comes with time and not with what is done.

    A run may be too short for a keep-alive, and settings are asked for once more only when word of a change
    comes after the first answer.
    """
    return shape.startswith(("in iq get w:p", "in iq set w:sync:app:state /sync"))


def _named(tag: str, attributes: dict[str, str]) -> str:
    return " ".join((tag, *(attributes[name] for name in _TOLD.get(tag, ()) if name in attributes)))


def _family(tag: str, attributes: dict[str, str]) -> str:
    """Whether a message or a receipt is addressed by LID or by number."""
    if tag not in ("message", "receipt"):
        return ""
    address = attributes.get("to") or attributes.get("from") or ""
    return "by LID" if address.endswith("@lid") else "by number"


def _nodes(text: str) -> Iterator[Parsed]:
    depth = 0
    for closing, tag, attributes, empty in _TAG.findall(text):
        if closing:
            depth -= 1
            continue
        yield depth, tag, {name: one or other for name, one, other in _ATTRIBUTE.findall(attributes)}
        depth += not empty
