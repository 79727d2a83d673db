"""NUL characters: no message has one, PostgreSQL stores none, and C libraries end a text there."""

from collections.abc import Iterable, Mapping
from typing import Any

from waypost.errors import NOT_FOUND, ApiError, InvalidRequest

_NUL = "\0"


def refuse_in_fields(fields: Mapping[str, Any]) -> None:
    """Raises InvalidRequest at each field that has a NUL in it, however deep."""
    wrong = [name for name, value in fields.items() if _has_nul(name, value)]
    if wrong:
        raise InvalidRequest({_shown(name): [_sentence(name)] for name in wrong})


def refuse_in_address(path: Iterable[object], query: Iterable[tuple[str, Any]]) -> None:
    """Refuse a NUL in the parameters of a path, which names nothing then (ApiError), or of a query
    (InvalidRequest)."""
    if any(_NUL in str(value) for value in path):
        raise ApiError(NOT_FOUND)
    refuse_in_fields({name: value for name, value in query if _has_nul(name, value)})


def _has_nul(*values: Any) -> bool:
    # Not by recursion: a caller chooses how deep.
    left = list(values)
    while left:
        value = left.pop()
        if isinstance(value, str):
            if _NUL in value:
                return True
        elif isinstance(value, dict):
            left += value.keys()
            left += value.values()
        elif isinstance(value, list):
            left += value
    return False


def _shown(name: str) -> str:
    return name.replace(_NUL, "")


def _sentence(name: str) -> str:
    return f"The {_shown(name)} field must not contain a NUL character."
