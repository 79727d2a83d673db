"""queued-requests: what became of accepted calls."""

from collections.abc import Sequence

from waypost.address import chat_key, parse_chat_id
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.paging import cursor, number
from waypost.api.prefer import wait_seconds
from waypost.api.queued_view import QueuedRequest, QueuedRequestPage, view
from waypost.api.replies import Reply
from waypost.errors import REQUEST_NOT_FOUND, InvalidRequest, OutboxError
from waypost.outbox.outbox import Outbox
from waypost.outbox.request import Receipt, Request, RequestState

_PAGE = 50
_PAGE_MAX = 500
_KNOWN_STATES = ", ".join(state.value for state in RequestState)
_PATH = f"{BASE}/{{instance}}/queued-requests"


class Queued:
    """Answers questions about queued requests, and orders to them."""

    def __init__(self, outbox: Outbox, wait_max: float) -> None:
        """`wait_max`: the longest `Prefer: wait`, in seconds."""
        self._outbox = outbox
        self._wait_max = wait_max

    def endpoints(self) -> Sequence[Endpoint]:
        """Get, list, cancel and retry."""
        one = f"{_PATH}/{{uuid}}"
        tag = "Queued requests"
        return [
            Endpoint(
                method="GET",
                path=_PATH,
                summary="List queued requests, newest first",
                scope="read",
                answer=self.list,
                tag=tag,
                query=(
                    ("status", f"Only these, separated by commas: {_KNOWN_STATES}."),
                    ("endpoint", "Only calls of this operation, such as send-voice."),
                    ("chat", "Only requests to this chatId."),
                    ("cursor", "next_cursor of the page before."),
                    ("limit", f"Requests per page, 1 to {_PAGE_MAX}; {_PAGE} unless given."),
                ),
                result=QueuedRequestPage,
            ),
            Endpoint(
                method="GET",
                path=one,
                summary="Get a queued request",
                scope="read",
                answer=self.get,
                tag=tag,
                result=QueuedRequest,
            ),
            Endpoint(
                method="DELETE",
                path=one,
                summary="Cancel a queued request that was not sent",
                scope="send",
                answer=self.cancel,
                tag=tag,
                result=QueuedRequest,
            ),
            Endpoint(
                method="POST",
                path=f"{one}/retry",
                summary="Try a failed or cancelled request again",
                scope="send",
                answer=self.retry,
                tag=tag,
                query=(("force", "true: also when the message may have been sent already."),),
                result=QueuedRequest,
            ),
        ]

    async def get(self, call: Call) -> Reply:
        """One request, waited for with `Prefer: wait=N`."""
        seconds = wait_seconds(call.http.headers.get("prefer"), self._wait_max)
        if seconds is None:
            request = await self._outbox.get(call.of.id, _uuid(call))
            return Reply(body=view(request, await self._receipts(request)))
        request = await self._outbox.wait(call.of.id, _uuid(call), seconds)
        body = view(request, await self._receipts(request))
        return Reply(body=body, headers={"Preference-Applied": f"wait={seconds}"})

    async def _receipts(self, request: Request) -> Sequence[Receipt] | None:
        of_group = request.chat_key.endswith("@g.us") and request.state is RequestState.SENT
        return await self._outbox.receipts(request) if of_group else None

    async def list(self, call: Call) -> Reply:
        """A page of requests."""
        chat = call.query("chat")
        key = chat_key(parse_chat_id(chat, "chat")) if chat else None
        before = cursor(call.query("cursor"))
        page = await self._outbox.list(
            call.of.id,
            states=_states(call.query("status")),
            operation=call.query("endpoint"),
            chat_key=key,
            cursor=None if before is None else str(before),
            limit=number(call.query("limit"), "limit", _PAGE, 1, _PAGE_MAX),
        )
        return Reply(body={"data": [view(one) for one in page.items], "next_cursor": page.next_cursor})

    async def cancel(self, call: Call) -> Reply:
        """Cancel what was not sent."""
        return Reply(body=view(await self._outbox.cancel(call.of.id, _uuid(call))))

    async def retry(self, call: Call) -> Reply:
        """Try again."""
        force = (call.query("force") or "").lower() in ("1", "true", "yes")
        return Reply(body=view(await self._outbox.retry(call.of.id, _uuid(call), force=force)))


def _uuid(call: Call) -> str:
    uuid = str(call.http.path_params.get("uuid", ""))
    if not uuid:
        raise OutboxError(REQUEST_NOT_FOUND)
    return uuid


def _states(text: str | None) -> tuple[RequestState, ...]:
    try:
        return tuple(RequestState(one.strip()) for one in text.split(",")) if text else ()
    except ValueError:
        raise InvalidRequest({"status": [f"The status must be one of {_KNOWN_STATES}."]}) from None
