"""An instance's conversations as people read them: the chats, and one of them with what was said."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from waypost.address import Jid, chat_key, parse_chat_id, parse_message_id
from waypost.api.replies import Reply
from waypost.chats.bubble import Bubble, Thread
from waypost.chats.store import FIRST
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.dashboard.progress import Progress, progress
from waypost.errors import MEDIA_GONE, EngineError, InvalidRequest
from waypost.outbox.request import Request, RequestState

_CHATS: Final = 60
_MESSAGES: Final = 40
_UNFINISHED: Final = (RequestState.QUEUED, RequestState.PREPARING, RequestState.SENDING)
_PENDING: Final = 20
# What failed stays below its chat for a day; the queue has it for longer.
_FAILED: Final = 5
_FAILED_SECONDS: Final = 86_400.0


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not sent yet, or was not: what it says, and where it is."""

    progress: Progress
    operation: str
    text: str
    at: float


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A message, and `version`, which differs when it looks different."""

    bubble: Bubble
    version: str


class ChatPages:
    """The chats of an instance."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._talk = parts.talk

    def pages(self) -> list[Page]:
        """All of them."""
        chats = "/instances/{instance}/chats"
        one = f"{chats}/{{chat}}"
        return [
            Page(path=chats, answer=self.all, title="Conversations", nav="Conversations"),
            Page(path=one, answer=self.one, title="Conversation"),
            Page(path=f"{one}/part", answer=self.part),
            Page(path=f"{one}/pending", answer=self.pending),
            Page(path=f"{one}/text", method="POST", answer=self.text, scope="send", own_body=True),
            Page(path=f"{one}/seen", method="POST", answer=self.seen, scope="send", own_body=True),
            Page(path="/instances/{instance}/files/{message}", answer=self.file),
        ]

    async def all(self, visit: Visit) -> Reply:
        """The chats, the latest first, a page of them; as a fragment, the list alone."""
        before = visit.query("before")
        found = await self._talk.history.chats(visit.of.id, _place(before), _CHATS, 0)
        fragment = "hx-request" in visit.http.headers
        return visit.show(
            "_chats.html" if fragment else "chats.html",
            chats=found.data,
            groups=await self._groups(visit, [one["id"] for one in found.data if one["isGroup"]]),
            before=before,
            more=_written(found.next),
        )

    async def one(self, visit: Visit) -> Reply:
        """A chat with its latest messages."""
        chat = parse_chat_id(visit.part("chat"))
        thread = await self._talk.conversation.thread(visit.of.id, chat, FIRST, _MESSAGES)
        return visit.show(
            "chat.html",
            chat=chat.chat_id,
            called=await self._called(visit, chat),
            is_group=chat.is_group,
            pending=await self._pending(visit, chat),
            most=self._parts.settings.upload_max_bytes,
            **_thread(thread),
        )

    async def part(self, visit: Visit) -> Reply:
        """Messages before a place, or the latest."""
        chat = parse_chat_id(visit.part("chat"))
        before = _place(visit.query("before"))
        thread = await self._talk.conversation.thread(visit.of.id, chat, before, _MESSAGES)
        return visit.show("_bubbles.html", is_group=chat.is_group, chat=chat.chat_id, **_thread(thread))

    async def pending(self, visit: Visit) -> Reply:
        """What was accepted for the chat, and is not sent."""
        chat = parse_chat_id(visit.part("chat"))
        return visit.show("_pending.html", pending=await self._pending(visit, chat))

    async def text(self, visit: Visit) -> Reply:
        """Accept a text as the API does."""
        uuid = await self._talk.accept(visit, "send-text")
        return Reply(body={"uuid": uuid})

    async def seen(self, visit: Visit) -> Reply:
        """Tell the others in the chat that what they wrote was read; only when somebody asks for it."""
        uuid = await self._talk.accept(visit, "read-chat")
        return Reply(body={"uuid": uuid})

    async def file(self, visit: Visit) -> Reply:
        """The file of a message, fetched from WhatsApp if it is not here yet."""
        found = await self._talk.history.file(visit.of.id, parse_message_id(visit.part("message")))
        if found["url"] is None:
            raise EngineError(MEDIA_GONE)
        # The link names the gateway's public address; the page may have been reached by another.
        link = urlsplit(found["url"])
        return visit.go(f"{link.path}?{link.query}")

    async def _called(self, visit: Visit, chat: Jid) -> str:
        if chat.is_group:
            return (await self._groups(visit, [str(chat)])).get(str(chat)) or chat.chat_id
        return await self._talk.conversation.called(visit.of.id, chat) or chat.chat_id

    async def _groups(self, visit: Visit, wanted: Sequence[str]) -> Mapping[str, str]:
        return await self._talk.group_names.of(visit.of.id, wanted)

    async def _pending(self, visit: Visit, chat: Jid) -> list[Waiting]:
        key, outbox = chat_key(chat), self._parts.outbox
        waiting = await outbox.list(visit.of.id, states=_UNFINISHED, chat_key=key, limit=_PENDING)
        failed = await outbox.list(visit.of.id, states=(RequestState.FAILED,), chat_key=key, limit=_FAILED)
        lately = self._parts.clock.now() - _FAILED_SECONDS
        shown = [*waiting.items, *(one for one in failed.items if one.created_at > lately)]
        return [_waiting(one) for one in sorted(shown, key=lambda one: one.created_at)]


def _thread(thread: Thread) -> dict[str, Any]:
    return {"messages": [_versioned(one) for one in thread.bubbles], "older": _written(thread.older)}


def _versioned(bubble: Bubble) -> Shown:
    return Shown(bubble=bubble, version=hashlib.sha256(msgspec.json.encode(bubble)).hexdigest()[:12])


def _waiting(request: Request) -> Waiting:
    asked = msgspec.json.decode(request.request)
    words: Sequence[str] = [str(asked[name]) for name in ("text", "caption", "name") if asked.get(name)]
    return Waiting(
        progress=progress(request, sound=request.operation == "send-voice"),
        operation=request.operation,
        text=words[0] if words else "",
        at=request.created_at,
    )


def _written(place: tuple[int, str] | None) -> str:
    return "" if place is None else f"{place[0]}-{place[1]}"


def _place(text: str) -> tuple[int, str]:
    if not text:
        return FIRST
    at, dash, id = text.partition("-")
    if not dash or not (at.isascii() and at.isdecimal() and len(at) < 16) or len(id) > 128:
        raise InvalidRequest({"before": ["That is no place in a chat."]})
    return int(at), id
