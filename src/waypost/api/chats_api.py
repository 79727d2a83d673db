"""Chats over HTTP: answered at once, from what is kept."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from waypost.address import parse_chat_id, parse_message_id
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.paging import whole, wrong_cursor
from waypost.api.replies import Reply
from waypost.api.writes import query_of
from waypost.chats.history import History, Page
from waypost.chats.store import FIRST
from waypost.operations.fields import MessageId

_CHATS: Final = 100
_MESSAGES: Final = 50
_MOST: Final = 500
# The file is no more, is larger than is kept, or WhatsApp's servers did not give it.
_NO_FILE: Final = (410, 413, 502)


class ChatsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of chats/get-all."""

    limit: Annotated[
        Annotated[int, Meta(ge=1, le=_MOST)] | None,
        Meta(description=f"Chats per page; {_CHATS} unless given."),
    ] = None
    offset: Annotated[
        Annotated[int, Meta(ge=0, le=10**9)] | None, Meta(description="How many to leave out.")
    ] = None
    cursor: Annotated[
        str | None,
        Meta(description="next_cursor of the page before: as fast on the last page as on the first."),
    ] = None


class MessagesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of chats/messages."""

    chatId: Annotated[str, Meta(description="The chat: <number>@c.us, <n>@lid, <id>@g.us, or a number.")]
    limit: Annotated[
        Annotated[int, Meta(ge=1, le=_MOST)] | None,
        Meta(description=f"Messages per page; {_MESSAGES} unless given."),
    ] = None
    cursor: Annotated[str | None, Meta(description="next_cursor of the page before.")] = None


class FileQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of messages/download."""

    messageId: MessageId


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
        self._chats = FieldsReader(ChatsQuery)
        self._messages = FieldsReader(MessagesQuery)
        self._file = FieldsReader(FileQuery)

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
                fields=ChatsQuery,
                fields_in="query",
                result=ChatList,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/chats/messages",
                summary="The messages of a chat, newest first",
                scope="read",
                answer=self.messages,
                tag="Chats",
                fields=MessagesQuery,
                fields_in="query",
                result=MessagePage,
            ),
            Endpoint(
                method="GET",
                path=f"{base}/messages/download",
                summary="A link to the file of a message, which is fetched now if it is not there",
                scope="read",
                answer=self.download,
                tag="Chats",
                fields=FileQuery,
                fields_in="query",
                result=MediaView,
                errors=_NO_FILE,
            ),
        ]

    async def chats(self, call: Call) -> Reply:
        """A page of chats."""
        wanted = self._chats.read(query_of(call).fields)
        before, limit = _cursor(wanted.cursor), wanted.limit or _CHATS
        page = await self._history.chats(call.of.id, before, limit, wanted.offset or 0)
        return Reply(body=_page("Chats retrieved successfully.", page))

    async def messages(self, call: Call) -> Reply:
        """A page of messages."""
        wanted = self._messages.read(query_of(call).fields)
        chat, before = parse_chat_id(wanted.chatId), _cursor(wanted.cursor)
        page = await self._history.messages(call.of.id, chat, before, wanted.limit or _MESSAGES)
        return Reply(body=_page("Messages retrieved successfully.", page))

    async def download(self, call: Call) -> Reply:
        """The file of a message."""
        ref = parse_message_id(self._file.read(query_of(call).fields).messageId)
        data = await self._history.file(call.of.id, ref)
        return Reply(body={"message": "Media retrieved successfully.", "data": data})


def _page(message: str, page: Page) -> dict[str, Any]:
    cursor = None if page.next is None else f"{page.next[0]}-{page.next[1]}"
    return {"message": message, "data": page.data, "next_cursor": cursor}


def _cursor(text: str | None) -> tuple[int, str]:
    if text is None:
        return FIRST
    digits, dash, id = text.partition("-")
    at = whole(digits)
    if not dash or at is None or len(id) > 128:
        raise wrong_cursor()
    return at, id
