"""One line for each event, for people; `--json` is for programs."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from waypost.cli.screen import shown

Payload = dict[str, Any]
_WIDEST: Final = 120
# What is larger is in milliseconds, or no time at all.
_LATEST_SECONDS: Final = 1e11


def line(name: str, payload: Payload) -> str:
    """The event in one line, without its details."""
    tell = _TELLERS.get(name)
    try:
        said = shown(payload) if tell is None else tell(payload)
    except (KeyError, TypeError, AttributeError):
        said = shown(payload)  # of another release
    if len(said) > _WIDEST:
        said = f"{said[: _WIDEST - 1]}…"
    return f"{name:24}  {said}"


def happened(payload: Payload) -> float | None:
    """When it happened, in seconds since the epoch, where the event tells; it may have come long after."""
    try:
        if finished := payload.get("finished_at"):
            return datetime.fromisoformat(finished).timestamp()
    except (TypeError, ValueError):
        return None
    at = payload.get("timestamp")
    return float(at) if isinstance(at, int | float) and 0 < at < _LATEST_SECONDS else None


def words_of(message: Payload) -> str:
    """What a message says, or what it is where it says nothing."""
    kind, body = shown(message.get("type")), shown(message.get("body"))
    if kind in ("", "text", "chat"):
        return body
    return f"[{kind}] {body}".rstrip()


def _message(payload: Payload) -> str:
    chat = payload["to"] if payload["fromMe"] else payload["from"]
    arrow = "→" if payload["fromMe"] else "←"
    return f"{arrow} {shown(chat)}  {words_of(payload)}"


def _ack(payload: Payload) -> str:
    by = f" by {payload['participant']}" if payload.get("participant") else ""
    return f"{shown(payload['to'])}  {payload['ackName']}{shown(by)}  {payload['id']}"


def _reaction(payload: Payload) -> str:
    reaction = payload["reaction"]
    return f"{shown(payload['from'])}  {shown(reaction['text']) or 'none'} on {shown(reaction['messageId'])}"


def _finished(payload: Payload) -> str:
    why = f": {payload['error']['message']}" if payload.get("error") else ""
    return f"{shown(payload['endpoint'])} {shown(payload['status'])}{shown(why)}  {shown(payload['uuid'])}"


def _status(payload: Payload) -> str:
    return shown(f"{payload['status']} {payload.get('reason_message') or payload.get('reason') or ''}")


_TELLERS: Final[dict[str, Callable[[Payload], str]]] = {
    "message.any": _message,
    "message.ack": _ack,
    "message.reaction": _reaction,
    "queued_request.finished": _finished,
    "instance.status": _status,
}
