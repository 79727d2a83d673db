"""Messages, own and incoming, kept so that a reply can quote them."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message for quotes: `chat` and `sender` are JIDs without device, `content` is its protobuf."""

    instance_id: str
    message_id: str
    chat: str
    sender: str
    from_me: bool
    timestamp: int
    content: bytes


class MessageStore(Protocol):
    """Where messages are kept."""

    async def put(self, messages: Sequence[Message]) -> None:
        """Keep messages for later quotes; one that is there already stays as it is."""
        ...

    async def find(self, instance_id: str, message_id: str) -> list[Message]:
        """The messages with that id, newest first: ids are unique per sender only."""
        ...

    async def delete_older(self, than: float) -> int:
        """Forget messages sent before `than` (seconds since the epoch); returns how many."""
        ...
