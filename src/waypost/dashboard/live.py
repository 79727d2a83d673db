"""The stream that keeps a page as things are: it names what happened, and the page asks anew for its parts.

It tells no contents, so that nothing is shown that a page would not show by itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec

from waypost.api.replies import Reply
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.errors import STREAMS_FULL, ApiError, InvalidRequest, WaypostError
from waypost.events import FURTHER, GIVEN
from waypost.webhooks.journal import Entry
from waypost.webhooks.live import HEARTBEAT_SECONDS

_HEADERS: Final = {"X-Accel-Buffering": "no"}
# How soon a browser comes back, in milliseconds.
_RETRY: Final = b"retry: 2000\n\n"
# A queue that grows or shrinks is told so often at most.
_LOOK_SECONDS: Final = 2.0
# Streams of the list of instances, of one node.
_MOST: Final = 200


class LivePages:
    """Streams of an instance, and of all that a visitor sees."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._count = 0

    def pages(self) -> list[Page]:
        """Both, and whether there is still somebody to tell."""
        return [
            Page(path="/live", answer=self.all),
            Page(path="/live/signed-in", answer=self.signed_in),
            Page(path="/instances/{instance}/live", answer=self.one),
        ]

    async def signed_in(self, visit: Visit) -> Reply:  # noqa: ARG002 - that there is one is the answer
        """Nothing, for who is signed in; others don't come here."""
        return Reply(status=204, raw=b"")

    async def one(self, visit: Visit) -> Reply:
        """What happens on an instance, after the last event that the browser knows or from now on."""
        entries = self._parts.live.after(visit.of.id, _seq(visit), GIVEN | FURTHER)
        # What refuses the stream is answered as an error.
        await anext(entries)
        return _stream(self._of_instance(visit, entries))

    async def _of_instance(
        self, visit: Visit, entries: AsyncGenerator[Entry | int, None]
    ) -> AsyncGenerator[bytes, None]:
        try:
            yield _RETRY + _told("hello")
            async for entry in entries:
                if self._parts.instances.known.find(visit.of.id) is None:
                    return
                if not isinstance(entry, int):
                    yield b"id: %d\n" % entry.seq + _told(entry.name, chat=entry.chat)
                elif await self._still(visit):
                    yield _told("beat")
                else:
                    return
        except WaypostError:
            return  # the browser comes back, and learns why
        finally:
            await entries.aclose()

    async def all(self, visit: Visit) -> Reply:
        """That something about the instances changed which the visitor sees."""
        if self._count >= _MOST:
            raise ApiError(STREAMS_FULL)
        return _stream(self._of_all(visit))

    async def _of_all(self, visit: Visit) -> AsyncGenerator[bytes, None]:
        self._count += 1
        try:
            yield _RETRY + _told("hello")
            seen, quiet = self._seen(visit), 0.0
            while not self._parts.live.closed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._parts.instances.known.news()
                quiet += _LOOK_SECONDS
                if (now := self._seen(visit)) != seen:
                    seen, quiet = now, 0.0
                    yield _told("instances")
                elif quiet >= HEARTBEAT_SECONDS:
                    quiet = 0.0
                    if not await self._still(visit):
                        return
                    yield _told("beat")
        except WaypostError:
            return
        finally:
            self._count -= 1

    def _seen(self, visit: Visit) -> list[tuple[Any, ...]]:
        known, depths = self._parts.instances.known, self._parts.outbox.depths
        return [
            (one.id, known.condition(one.id), depths.of(one.id))
            for one in known.all()
            if visit.token.sees(one.id)
        ]

    async def _still(self, visit: Visit) -> bool:
        """Whether the visitor is signed in: a token that was revoked opens nothing any more."""
        return await self._parts.sign_ins.find(self._parts.secret(visit.http)) is not None


def _stream(chunks: AsyncGenerator[bytes, None]) -> Reply:
    return Reply(stream=chunks, headers=_HEADERS, media_type="text/event-stream")


def _told(name: str, **facts: str | None) -> bytes:
    return b"data: %s\n\n" % msgspec.json.encode({"name": name, **facts})


def _seq(visit: Visit) -> int | None:
    text = visit.http.headers.get("last-event-id") or visit.query("after")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise InvalidRequest({"after": ["The number is none of an event."]})
    return int(text)
