"""What is to be told of messages of ours: rows that are stored with what became of their sends."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from waypost.instances.messages import Message


class Left(msgspec.Struct, frozen=True, tag="left"):
    """The server has taken the message; `request_id` and `traceparent` name the call that it came of."""

    message: Message
    request_id: str | None = None
    traceparent: str | None = None

    @property
    def instance_id(self) -> str:
        """Whose message it is."""
        return self.message.instance_id


class NotTaken(msgspec.Struct, frozen=True, tag="not_taken"):
    """The message had its id when its send ended in a refusal, or nobody there could ever read it; `chat` is
    a JID."""

    instance_id: str
    message_id: str
    chat: str
    request_id: str | None = None
    traceparent: str | None = None


What = Left | NotTaken


class Untold(msgspec.Struct, frozen=True):
    """A row: its place, when it happened (seconds since the epoch), and what."""

    seq: int
    at: float
    what: What


class UntoldStore(Protocol):
    """Where the rows are read. Everything raises StorageError."""

    async def after(self, seq: int, limit: int) -> list[Untold]:
        """What is behind a place, in order, at most `limit`."""
        ...

    async def remove(self, seqs: Sequence[int]) -> None:
        """They were told."""
        ...
