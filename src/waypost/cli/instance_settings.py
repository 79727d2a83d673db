"""What `waypost instance set` makes of its options: the settings that the API takes, whole."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from waypost.cli.exits import USAGE, fail
from waypost.client.shapes import CallChoice, InstanceView, PacingOverrides

_OFF: Final = "default"
PACING_NAMES: Final = PacingOverrides.__struct_fields__


def pacing_of(one: InstanceView, changes: Sequence[str]) -> PacingOverrides | None:
    """The pacing that an instance has of its own after `changes`: NAME=VALUE, NAME= for the gateway's, or
    `default` for all as the gateway has it. None where nothing changes.
    """
    if not changes:
        return None
    found: dict[str, Any] = msgspec.to_builtins(one.pacing)
    for change in changes:
        if change == _OFF:
            found = {}
            continue
        name, equals, value = change.partition("=")
        if not equals or name not in PACING_NAMES:
            fail(f"{change} is no rule of pacing; it takes NAME=VALUE of {', '.join(PACING_NAMES)}.", USAGE)
        if value:
            found[name] = value
        else:
            found.pop(name, None)
    try:
        return msgspec.convert(found, PacingOverrides, strict=False)
    except msgspec.ValidationError as wrong:
        fail(f"The pacing can't be read: {wrong}.", USAGE)


def calls_of(one: InstanceView, reject: bool | None, text: str | None) -> CallChoice | None:
    """What becomes of calls after a change; an empty `text` is none. None where nothing changes."""
    if reject is None and text is None:
        return None
    chosen = one.calls if reject is None else msgspec.structs.replace(one.calls, reject=reject)
    return chosen if text is None else msgspec.structs.replace(chosen, text=text or None)


def facts(one: InstanceView) -> dict[str, object]:
    """The settings of an instance by name, for people."""
    pacing = msgspec.to_builtins(one.pacing)
    calls = "declined" if one.calls.reject else "ring"
    return {
        "captions": "follow their note as a text" if one.caption_as_text else "are not sent",
        "when unknown": one.when_unknown or "as the gateway has it",
        "calls": f'{calls}, answered with "{one.calls.text}"' if one.calls.text else calls,
        "pacing": ", ".join(f"{name}={value}" for name, value in pacing.items()) or "as the gateway has it",
    }
