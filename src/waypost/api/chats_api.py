"""Chats over HTTP: answered at once, from what is kept."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from waypost.address import parse_chat_id, parse_message_id
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.paging import number, whole, wrong_cursor
from waypost.api.replies import Reply
from waypost.chats.history import History, Page
from waypost.chats.store import FIRST
from waypost.errors import InvalidRequest

_CHATS: Final = 100
_MESSAGES: Final = 50
_MOST: Final = 500
# The file is no more, is larger than is kept, or WhatsApp's servers did not give it.
_NO_FILE: Final = (410, 413, 502)


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as `message.any` tells it, and what has become of it since."""

    id: str
    timestamp: int
    from_: Annotated[str, Meta(description="Who it comes from.")] = msgspec.field(name="from")
    fromMe: bool
    to: str
    participant: str | None
    source: str
    body: str
    type: str
    hasMedia: bool
    media: dict[str, Any] | None
    ack: int
    ackName: str
    replyTo: dict[str, Any] | None
    editedAt: str | None
    revokedAt: str | None
    seen: bool


class ChatView(msgspec.Struct, frozen=True, kw_only=True):
    """A chat."""

    id: str
    number: str | None
    lid: str | None
    name: str | None
    isGroup: bool
    unreadCount: int
    timestamp: int
    lastMessage: ChatMessage | None


class ChatList(msgspec.Struct, frozen=True, kw_only=True):
    """Chats, the one with the latest message first."""

    message: str
    data: list[ChatView]
    next_cursor: str | None


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of a chat, newest first."""

    message: str
    data: list[ChatMessage]
    next_cursor: str | None


class MediaView(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a message; `url` needs no token until `urlExpiresAt`."""

    message: str
    data: dict[str, Any]


class ChatsApi:
    """The endpoints of chats."""

    def __init__(self, history: History) -> None:
        self._history = history

    def endpoints(self) -> Sequence[Endpoint]:
        """All of them."""
        base = f"{BASE}/{{instance}}"
        return [
            Endpoint(
                method="GET",
                path=f"{base}/chats/get-all",
                summary="List chats, the one with the latest message first",
                scope="read",
                answer=self.chats,
                tag="Chats",
                query=(
                    ("limit", f"Chats per page, 1 to {_MOST}; {_CHATS} unless given."),
                    ("offset", "How many to leave out."),
                    ("cursor", "next_cursor of the page before: as fast on the last page as on the first."),
                ),
                result=ChatList,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/chats/messages",
                summary="The messages of a chat, newest first",
                scope="read",
                answer=self.messages,
                tag="Chats",
                query=(
                    ("chatId", "The chat; required."),
                    ("limit", f"Messages per page, 1 to {_MOST}; {_MESSAGES} unless given."),
                    ("cursor", "next_cursor of the page before."),
                ),
                result=MessagePage,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/messages/download",
                summary="A link to the file of a message, which is fetched now if it is not there",
                scope="read",
                answer=self.download,
                tag="Chats",
                query=(("messageId", "The message, by its short or whole id; required."),),
                result=MediaView,
                errors=_NO_FILE,
            ),
        ]

    async def chats(self, call: Call) -> Reply:
        """A page of chats."""
        limit = number(call.query("limit"), "limit", _CHATS, 1, _MOST)
        offset = number(call.query("offset"), "offset", 0, 0, 10**9)
        page = await self._history.chats(call.of.id, _cursor(call.query("cursor")), limit, offset)
        return Reply(body=_page("Chats retrieved successfully.", page))

    async def messages(self, call: Call) -> Reply:
        """A page of messages."""
        chat = parse_chat_id(_required(call, "chatId"))
        limit = number(call.query("limit"), "limit", _MESSAGES, 1, _MOST)
        page = await self._history.messages(call.of.id, chat, _cursor(call.query("cursor")), limit)
        return Reply(body=_page("Messages retrieved successfully.", page))

    async def download(self, call: Call) -> Reply:
        """The file of a message."""
        ref = parse_message_id(_required(call, "messageId"))
        data = await self._history.file(call.of.id, ref)
        return Reply(body={"message": "Media retrieved successfully.", "data": data})


def _page(message: str, page: Page) -> dict[str, Any]:
    cursor = None if page.next is None else f"{page.next[0]}-{page.next[1]}"
    return {"message": message, "data": page.data, "next_cursor": cursor}


def _required(call: Call, name: str) -> str:
    value = call.query(name)
    if value is None:
        raise InvalidRequest({name: [f"The {name} field is required."]})
    return value


def _cursor(text: str | None) -> tuple[int, str]:
    if text is None:
        return FIRST
    digits, dash, id = text.partition("-")
    at = whole(digits)
    if not dash or at is None or len(id) > 128:
        raise wrong_cursor()
    return at, id
