"""Waypost from Python.

    from waypost.client import Waypost

    with Waypost("http://127.0.0.1:8780", token) as waypost:
        note = waypost.instance(instance_id).send_voice("12132132131", "hello.mp3").wait()

`AsyncWaypost` is the same for asyncio. A call that sends carries an idempotency key, so it is tried again by
itself when no answer came, and is done once all the same.
"""

from waypost.client.answers import Finished
from waypost.client.errors import (
    CallRefused,
    ClientError,
    Forbidden,
    Invalid,
    NoAnswer,
    NotFinished,
    NotFound,
    RequestFailed,
    TooManyCalls,
    Unauthenticated,
    Unavailable,
)
from waypost.client.events import LiveEvent
from waypost.client.waypost import AsyncWaypost, Waypost

__all__ = [
    "AsyncWaypost",
    "CallRefused",
    "ClientError",
    "Finished",
    "Forbidden",
    "Invalid",
    "LiveEvent",
    "NoAnswer",
    "NotFinished",
    "NotFound",
    "RequestFailed",
    "TooManyCalls",
    "Unauthenticated",
    "Unavailable",
    "Waypost",
]
