"""Queued requests as the commands find and show them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from waypost.cli.connection import several
from waypost.cli.screen import moment, shown
from waypost.client import Waypost
from waypost.client.shapes import InstanceView, QueuedRequest

COLUMNS: Final = ("created", "instance", "what", "chat", "state", "=uuid")
_PAGE: Final = 500


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests: of these states, of this operation, to this chat; so many at most, 0 for all."""

    states: Sequence[str]
    endpoint: str | None
    chat: str | None
    limit: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A request and whose it is."""

    instance: InstanceView
    request: QueuedRequest

    def as_json(self) -> dict[str, Any]:
        """For programs: the request as the API has it, and the instance's id and name."""
        request: dict[str, Any] = msgspec.to_builtins(self.request)
        return {"instance": {"id": self.instance.id, "name": self.instance.name}} | request

    def cells(self) -> list[str]:
        """For people."""
        one = self.request
        state: str = one.status
        if one.status == "sent" and one.message_status:
            state = f"sent, {one.message_status}"
        elif one.waiting_for:
            state = f"{one.status}, waiting for {one.waiting_for}"
        elif one.error is not None:
            state = f"{one.status}: {one.error.code}"
        chat = one.request.get("chatId")
        cells = [moment(one.created_at), self.instance.name, one.endpoint, chat, state, one.uuid]
        return [shown(cell) for cell in cells]


def rows(waypost: Waypost, name_or_id: str | None, wanted: Wanted) -> list[Row]:
    """The newest requests of one instance, or of all, newest first."""
    found = [
        Row(instance=one, request=request)
        for one in several(waypost, name_or_id)
        for request in _requests(waypost, one.id, wanted)
    ]
    found.sort(key=lambda row: row.request.created_at, reverse=True)
    return found[: wanted.limit or None]


def state_of(request: QueuedRequest) -> str:
    """Where a request is, and why: "queued, waiting for connection"."""
    said: str = request.status
    if request.waiting_for:
        said += f", waiting for {request.waiting_for}"
        if request.next_attempt_at:
            said += f" until {moment(request.next_attempt_at)}"
    elif request.error is not None:
        said += f": {request.error.message}"
    return said


def _requests(waypost: Waypost, instance_id: str, wanted: Wanted) -> Iterator[QueuedRequest]:
    instance, cursor, left = waypost.instance(instance_id), None, wanted.limit
    while True:
        page = instance.list_queued_requests(
            status=",".join(wanted.states) or None,
            endpoint=wanted.endpoint,
            chat=wanted.chat,
            cursor=cursor,
            limit=str(min(left, _PAGE) if wanted.limit else _PAGE),
        )
        yield from page.data
        left -= len(page.data)
        cursor = page.next_cursor
        if cursor is None or (wanted.limit and left <= 0):
            return
