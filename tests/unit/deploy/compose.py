"""The compose files as Compose reads them: anchors, and variables with their defaults."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[3] / "deploy" / "compose"
FILES = ("one-node.yml", "three-nodes.yml")
# ${NAME:-default}, ${NAME:+instead}, ${NAME:?message}; the second may hold one of its kind.
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-+?])((?:[^{}]|\$\{\w+\})*))?\}")


class Unset(Exception):
    """A variable that has to be given was not."""


def services(name: str, environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The services of a file, with `environ` in place of its variables. Raises Unset."""
    found: dict[str, dict[str, Any]] = _filled(raw(name), environ)
    return found


def raw(name: str) -> dict[str, dict[str, Any]]:
    """The services as they are written."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / name).read_text())["services"]
    return found


def _filled(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(one, environ) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, environ) for one in value]
    return _text(value, environ) if isinstance(value, str) else value


def _text(text: str, environ: Mapping[str, str]) -> str:
    def one(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        given = environ.get(name, "")
        if kind == "?" and not given:
            raise Unset(name)
        if kind == "+":
            return _text(rest, environ) if given else ""
        return given or (rest if kind == "-" else "")

    return _VARIABLE.sub(one, text)
