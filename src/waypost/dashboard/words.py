"""Codes and numbers in plain words."""

from typing import Final

from waypost.errors import TABLE
from waypost.instances.state import InstanceState

STATES: Final[dict[InstanceState, str]] = {
    InstanceState.PENDING: "Not connected yet",
    InstanceState.STOPPED: "Logged out",
    InstanceState.STARTING: "Connecting",
    InstanceState.SCAN_QR_CODE: "Waits for a phone",
    InstanceState.WORKING: "Connected",
    InstanceState.FAILED: "Needs you",
}
# How a state looks: good, busy (it changes by itself), bad (somebody has to do something), idle.
LOOKS: Final[dict[str, str]] = {
    "PENDING": "idle",
    "STOPPED": "idle",
    "STARTING": "busy",
    "SCAN_QR_CODE": "busy",
    "WORKING": "good",
    "FAILED": "bad",
    "queued": "busy",
    "preparing": "busy",
    "sending": "busy",
    "sent": "good",
    "failed": "bad",
    "cancelled": "idle",
    "pending": "busy",
    "delivered": "good",
    "dead": "bad",
}

# Why a request waits: the codes of `waiting_for`. What is not here is a code of the table of errors.
_WAITING: Final[dict[str, str]] = {
    "connection": "The instance is not connected just now.",
    "pairing": "No phone is linked to the instance yet.",
    "restriction": "WhatsApp lets this account open no new chats for a while.",
    "pacing": "Messages to new chats keep a distance from each other.",
    "minute_cap": "The limit of messages per minute is reached.",
    "daily_cap": "The limit of messages per day is reached.",
    "first_contact": "The limit of new chats per day is reached.",
    "warm_up": "The account is young: it may open more chats tomorrow.",
    "breaker": "WhatsApp refused several messages in a row; sending pauses for a while.",
    "older_request": "An older request to the same chat goes first.",
    "retry": "It is tried again.",
    "receipt": "A receipt will tell whether it was sent.",
    "recording": "The recipient sees “recording…”.",
    "typing": "The recipient sees “typing…”.",
}
_TICKS: Final[dict[str | None, tuple[str, str]]] = {
    "PENDING": ("◷", "not sent yet"),
    "SENT": ("✓", "sent"),
    "DELIVERED": ("✓✓", "delivered"),
    "READ": ("✓✓", "read"),
    "PLAYED": ("▶✓", "played"),
    "ERROR": ("!", "could not be read by the recipient"),
}
_UNITS: Final = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"))


def waiting(code: str | None) -> str:
    """Why a request waits, as a sentence; empty where it does not."""
    if not code:
        return ""
    known = _WAITING.get(code)
    if known is not None:
        return known
    return TABLE[code].sentence if code in TABLE else f"It waits: {code}."


def ticks(status: str | None) -> tuple[str, str]:
    """A message's receipts as a sign, and as words for who does not see it."""
    return _TICKS.get(status, ("", ""))


def ago(seconds: float) -> str:
    """How far a moment is from now: negative is past."""
    distance = abs(seconds)
    if distance < 10:
        return "now"
    words = f"{distance:.0f} seconds"
    for length, name in _UNITS:
        if distance >= length:
            count = int(distance // length)
            words = f"{count} {name}{'' if count == 1 else 's'}"
            break
    return f"in {words}" if seconds > 0 else f"{words} ago"


def bytes_of(count: float) -> str:
    """A size as people read it."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
