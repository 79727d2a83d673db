"""Messages, own and incoming, kept so that a reply can quote them."""

import asyncio
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from waypost.clock import Clock
from waypost.errors import WaypostError
from waypost.telemetry import Log

_SWEEP_SECONDS = 3600.0
# Rows per transaction, and for how many times as long as that took the writers are left alone: others wait
# for one of these at most, and have most of the time.
_CHUNK = 100
_REST = 3.0


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message: `chat` and `sender` are JIDs without device, `content` is its protobuf, kept for quotes.

    `names` is the same as JSON, by the names that clients know; absent in what older releases kept. `secret`
    is what votes on it and edits of it are sealed with. `source` tells whether a call of the API or an app
    has sent it, `seen` whether the account has read it. Times are seconds since the epoch; `place` is the
    order within one, as the store gives it.
    """

    instance_id: str
    message_id: str
    chat: str
    sender: str
    from_me: bool
    timestamp: int
    content: bytes
    kind: str = ""
    names: bytes | None = None
    push_name: str = ""
    secret: bytes | None = None
    source: Literal["api", "app"] = "app"
    seen: bool = True
    edited_at: float | None = None
    revoked_at: float | None = None
    place: int = 0


class MessageStore(Protocol):
    """Where messages are kept."""

    async def put(self, messages: Sequence[Message]) -> None:
        """Keep messages for later quotes; one that is there already stays as it is."""
        ...

    async def find(self, instance_id: str, message_id: str) -> list[Message]:
        """The messages with that id, newest first: ids are unique per sender only."""
        ...

    async def delete_older(self, than: float, limit: int) -> int:
        """Forget messages sent before `than` (seconds since the epoch), at most `limit`; returns how many."""
        ...


async def forget_old(store: MessageStore, keep: float, clock: Clock, log: Log) -> None:
    """Forget messages once they are `keep` seconds old; runs until it is cancelled."""
    while True:
        try:
            await _forget(store, clock.now() - keep, clock)
        except WaypostError as failed:
            log.warning("messages_not_swept", code=failed.code)
        await asyncio.sleep(_SWEEP_SECONDS)


async def _forget(store: MessageStore, before: float, clock: Clock) -> None:
    began = clock.monotonic()
    while await store.delete_older(before, _CHUNK) == _CHUNK:
        await asyncio.sleep((clock.monotonic() - began) * _REST)
        began = clock.monotonic()
