"""Chats in which somebody has written before, we or they. Once open, a chat stays so.

Whoever writes into such a chat answers or goes on; the first message into any other is what networks count
and restrict.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple, Protocol

import msgspec

_REMEMBERED: Final = 50_000  # chats in memory, about 10 MB
_GROUP: Final = "@g.us"


class OpenChat(NamedTuple):
    """A chat of an instance, by its canonical key or any other name of it."""

    instance_id: str
    chat: str


class Lately(msgspec.Struct, frozen=True):
    """What an instance has sent: times of messages, and of those that were the first to their chats."""

    sends: list[float]
    firsts: list[float]


class OpenChatStore(Protocol):
    """Where open chats are kept; chats that we open come there with the ending of the request that did."""

    async def open(self, chats: Iterable[OpenChat], at: float) -> None:
        """They have written in these chats."""
        ...

    async def is_open(self, instance_id: str, chat: str) -> bool:
        """Whether anybody has written in this chat, by whatever name."""
        ...

    async def lately(self, instance_id: str, since: float, limit: int) -> Lately:
        """What was sent since then (seconds since the epoch), the newest `limit`, oldest first."""
        ...

    async def forget(self, instance_id: str) -> None:
        """The instance is gone."""
        ...


class OpenChats:
    """Open chats, those of late in memory."""

    def __init__(self, store: OpenChatStore) -> None:
        self._store = store
        self._recent: OrderedDict[OpenChat, None] = OrderedDict()

    def known(self, instance_id: str, chat: str) -> bool:
        """Whether the chat is known to be open without asking the database."""
        key = OpenChat(instance_id, chat)
        if key not in self._recent:
            return chat.endswith(_GROUP)
        self._recent.move_to_end(key)
        return True

    async def is_open(self, instance_id: str, chat: str) -> bool:
        """Whether anybody has written in the chat; groups are open. Raises StorageError."""
        if self.known(instance_id, chat):
            return True
        found = await self._store.is_open(instance_id, chat)
        if found:
            self.remember(instance_id, chat)
        return found

    async def written(self, chats: Iterable[OpenChat], at: float) -> list[OpenChat]:
        """Somebody has written there: keep it, and return what was news. Raises StorageError."""
        news = [one for one in dict.fromkeys(chats) if not self.known(*one)]
        if news:
            await self._store.open(news, at)
            for one in news:
                self.remember(*one)
        return news

    def remember(self, instance_id: str, chat: str) -> None:
        """The chat is open, and the database knows it."""
        self._recent[OpenChat(instance_id, chat)] = None
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)

    async def lately(self, instance_id: str, since: float, limit: int) -> Lately:
        """What was sent since then. Raises StorageError."""
        return await self._store.lately(instance_id, since, limit)

    async def forget(self, instance_id: str) -> None:
        """The instance is gone. Raises StorageError."""
        for one in [one for one in self._recent if one.instance_id == instance_id]:
            del self._recent[one]
        await self._store.forget(instance_id)
