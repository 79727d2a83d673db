from collections.abc import Sequence
from typing import Any, Final

import msgspec

from waypost.address import chat_key, parse_chat_id
from waypost.api.replies import Reply
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.dashboard.words import LOOKS, waiting
from waypost.errors import INVALID, RETRY_NEEDS_FORCE, InvalidRequest, OutboxError
from waypost.outbox.request import Request, RequestState

_PAGE: Final = 30
_WAITING: Final = (RequestState.QUEUED, RequestState.PREPARING, RequestState.SENDING)
# What can be chosen of the list, and which states that is.
FILTERS: Final[dict[str, tuple[str, Sequence[RequestState]]]] = {
    "": ("All", ()),
    "waiting": ("On the way", _WAITING),
    "sent": ("Sent", (RequestState.SENT,)),
    "failed": ("Failed", (RequestState.FAILED,)),
    "cancelled": ("Cancelled", (RequestState.CANCELLED,)),
}
_SHOWN_FIELD: Final = 2_000  # characters of a field of a request


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the list shows it; `chat` is what the caller wrote, where that can be told."""

    request: Request
    look: str
    chat: str
    waits: str


class QueuePages:
    """What was accepted, what became of it, and what can still be done about it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def pages(self) -> list[Page]:
        """The list, one request, and what is fetched again of both; cancel and retry."""
        path = "/instances/{instance}/queue"
        one = f"{path}/{{uuid}}"
        return [
            Page(path=path, answer=self.list, title="Queue", nav="Queue"),
            Page(path=f"{path}-rows", answer=self.rows),
            Page(path=one, answer=self.one, title="Request"),
            Page(path=f"{one}/state", answer=self.state),
            Page(method="POST", path=f"{one}/cancel", answer=self.cancel, title="Request", scope="send"),
            Page(method="POST", path=f"{one}/retry", answer=self.retry, title="Request", scope="send"),
        ]

    async def list(self, visit: Visit) -> Reply:
        """Requests, newest first."""
        return await self._shown(visit, "queue.html")

    async def rows(self, visit: Visit) -> Reply:
        """The list alone."""
        return await self._shown(visit, "_queue_rows.html")

    async def _shown(self, visit: Visit, template: str) -> Reply:
        state, chat, operation = visit.query("state"), visit.query("chat"), visit.query("call")
        key, mistake = None, ""
        if chat:
            try:
                key = chat_key(parse_chat_id(chat, "chat"))
            except InvalidRequest as wrong:
                mistake = " ".join(wrong.errors.get("chat", [INVALID.sentence]))
        page = await self._parts.outbox.list(
            visit.of.id,
            states=FILTERS.get(state, FILTERS[""])[1],
            operation=operation or None,
            chat_key=key,
            cursor=_cursor(visit.query("before")),
            limit=_PAGE,
        )
        filters = {"state": state, "chat": chat, "call": operation}
        return visit.show(
            template,
            rows=[] if mistake else [_row(one) for one in page.items],
            older=page.next_cursor,
            filters=filters,
            choices=[(name, label) for name, (label, _) in FILTERS.items()],
            filtered=any(filters.values()),
            mistake=mistake,
            moves=any(not one.state.finished for one in page.items),
        )

    async def one(self, visit: Visit) -> Reply:
        """One request with all that is known of it."""
        return await self._detail(visit, "request.html")

    async def state(self, visit: Visit) -> Reply:
        """How it stands, alone."""
        return await self._detail(visit, "_request_state.html")

    async def _detail(self, visit: Visit, template: str) -> Reply:
        request = await self._parts.outbox.get(visit.of.id, visit.part("uuid"))
        fields = [(name, _short(value)) for name, value in _fields(request).items()]
        return visit.show(template, row=_row(request), fields=fields)

    async def cancel(self, visit: Visit) -> Reply:
        """Call it off."""
        request = await self._parts.outbox.cancel(visit.of.id, visit.part("uuid"))
        return visit.go(_path(visit, request.uuid))

    async def retry(self, visit: Visit) -> Reply:
        """Send it after all; asked about first where it may have been sent already."""
        uuid, force = visit.part("uuid"), visit.form.get("force") == "yes"
        try:
            request = await self._parts.outbox.retry(visit.of.id, uuid, force=force)
        except OutboxError as error:
            if error.fault is not RETRY_NEEDS_FORCE:
                raise
            return visit.show(
                "ask.html",
                heading="Send it again?",
                words="This message may have been sent already: nobody saw the end of it. Sent again, the "
                "recipient may get it twice.",
                button="Send again",
                action=f"{_path(visit, uuid)}/retry",
                back=_path(visit, uuid),
                hidden={"force": "yes"},
                grave=True,
            )
        return visit.go(_path(visit, request.uuid))


def _path(visit: Visit, uuid: str) -> str:
    return f"/instances/{visit.of.id}/queue/{uuid}"


def _row(request: Request) -> Row:
    fields = _fields(request)
    chat = fields.get("chatId") or fields.get("groupId") or request.chat_key
    look = LOOKS[request.state.value]
    if request.message_status == "ERROR":
        look = "bad"
    waits = waiting(request.waiting_for)
    return Row(request=request, look=look, chat=str(chat), waits=waits)


def _fields(request: Request) -> dict[str, Any]:
    found = msgspec.json.decode(request.request)
    return found if isinstance(found, dict) else {}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN_FIELD else f"{text[:_SHOWN_FIELD]}…"


def _cursor(text: str) -> str | None:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidRequest({"before": ["This link to older requests is broken; begin at the newest."]})
    return text or None
