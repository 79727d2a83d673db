"""Notifications: what the server tells the devices of an account about their own account."""

import sqlite3

from waypost.sandbox.state import devices, queue
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.node import PHONE_SERVER, Jid, Node

Touched = list[tuple[str, int]]


def put(
    rows: sqlite3.Connection,
    number: str,
    type: str,
    content: tuple[Node, ...],
    id: str,
    now: float,
    *,
    but: int | None = None,
) -> Touched:
    """Queue a notification for all devices of `number`, its phone (0) among them, `but` for one; returns
    whom it waits for."""
    attrs: dict[str, str | Jid] = {
        "from": Jid(number, PHONE_SERVER),
        "type": type,
        "id": id,
        "t": str(int(now)),
    }
    frame = binary.encode(Node("notification", attrs, content))
    touched = [
        (number, device)
        for device in [0, *(row.device for row in devices.linked(rows, number))]
        if device != but
    ]
    for _, device in touched:
        queue.put(rows, number, device, "notification", id, type, frame, now)
    return touched
