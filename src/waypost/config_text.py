"""The texts of variables and flags as values, and why one is none."""

import ipaddress
import math
import re
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec


def converted(hint: Any, text: str) -> Any:
    """The value that `text` says, of the type `hint`. Raises msgspec.ValidationError, RuntimeError for a home
    folder that nobody has.
    """
    if getattr(hint, "__origin__", None) is list or "list[" in str(hint):
        return [entry.strip() for entry in text.split(",") if entry.strip()]
    if "pathlib" in str(hint):
        return Path(text).expanduser()
    value = msgspec.convert(text, hint, strict=False)
    if isinstance(value, float) and not math.isfinite(value):
        raise msgspec.ValidationError("Expected `float`")
    return value


_KINDS: Final = {"int": "a whole number", "float": "a number"}


def sentence(hint: Any, wrong: msgspec.ValidationError) -> str:
    """What a text must be to become a value of the type `hint`, in words that follow the setting's name."""
    if choices := _choices(hint):
        return f"choose one of {', '.join(choices)}"
    found = re.match(r"Expected `(int|float)`?(?: (>=|>|<=) (-?[\d.]+))?", str(wrong))
    if found is None:
        return str(wrong).split(" - at `")[0].rstrip(".").replace("`", "")
    bound = {">": "above ", ">=": "not below ", "<=": "not above ", None: ""}[found[2]]
    return f"it must be {_KINDS[found[1]]} {bound}{found[3] or ''}".rstrip()


def _choices(hint: Any) -> tuple[str, ...]:
    kinds = [hint, *getattr(hint, "__args__", ())]
    return next((get_args(kind) for kind in kinds if get_origin(kind) is Literal), ())


def is_http(url: str) -> bool:
    """Whether a text is an address of the web."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def is_network(entry: str) -> bool:
    """Whether a text is an IP address or a network of some."""
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
