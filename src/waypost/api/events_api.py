"""Live events over HTTP: Server-Sent Events (the HTML standard, 9.2), resumed by Last-Event-ID."""

import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence

from waypost.access.tokens import Tokens
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.paging import whole
from waypost.api.replies import Reply
from waypost.errors import InvalidRequest, WaypostError
from waypost.events import FURTHER, GIVEN
from waypost.instances.instance import Instance
from waypost.webhooks.body import body
from waypost.webhooks.journal import Entry
from waypost.webhooks.live import HEARTBEAT_SECONDS, Live

_HEADERS = {
    "Cache-Control": "no-store",
    # nginx would keep events until its buffer is full.
    "X-Accel-Buffering": "no",
}
# How soon a browser comes back, in milliseconds.
_RETRY = b"retry: 2000\n\n"


class EventsApi:
    """The stream of an instance's events."""

    def __init__(
        self,
        live: Live,
        find: Callable[[str], Instance | None],
        tokens: Tokens,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = live
        self._monotonic = monotonic
        self._find = find
        self._tokens = tokens

    def endpoints(self) -> Sequence[Endpoint]:
        """One."""
        return [
            Endpoint(
                method="GET",
                path=f"{BASE}/{{instance}}/events",
                summary="Events as they come",
                scope="read",
                answer=self.stream,
                tag="Webhooks",
                streams=True,
                query=(
                    ("events", "Names of events with commas between them; all of them unless given."),
                    ("last_event_id", "As the header, for who can't send one."),
                ),
                headers=(
                    (
                        "Last-Event-ID",
                        "The `id` of the last event that came: the stream goes on after it, as far as events"
                        " are kept; 0 begins at the oldest. Without it, it begins now.",
                    ),
                ),
            )
        ]

    async def stream(self, call: Call) -> Reply:
        """Events after Last-Event-ID, or from now on."""
        names = _names(call.query("events"))
        seq = _seq(call.http.headers.get("last-event-id") or call.query("last_event_id"))
        entries = self._live.after(call.of.id, seq, names)
        # What refuses the stream is answered as an error.
        place = await anext(entries)
        authorization = call.http.headers.get("authorization")
        chunks = self._chunks(entries, place, call.of.id, authorization)
        return Reply(stream=chunks, headers=_HEADERS, media_type="text/event-stream")

    async def _chunks(
        self,
        entries: AsyncGenerator[Entry | int, None],
        place: Entry | int,
        instance_id: str,
        authorization: str | None,
    ) -> AsyncGenerator[bytes, None]:
        checked_at = self._monotonic()
        try:
            # An id without data is no event. Who is cut off before the first one knows where to go on.
            yield _RETRY + (b"id: %d\n\n" % place if isinstance(place, int) else b"")
            async for entry in entries:
                instance = self._find(instance_id)
                if instance is None:
                    return
                if isinstance(entry, int) or self._monotonic() - checked_at >= HEARTBEAT_SECONDS:
                    # A token that was revoked opens nothing any more, however much there is to tell.
                    await self._tokens.authenticate(authorization)
                    checked_at = self._monotonic()
                yield b":\n\n" if isinstance(entry, int) else _event(entry, instance)
        except WaypostError:
            return  # the reader comes back, and learns why
        finally:
            await entries.aclose()


def _event(entry: Entry, instance: Instance) -> bytes:
    data = body(entry, instance, instance.id)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (entry.seq, entry.name.encode(), data)


def _names(text: str | None) -> Collection[str]:
    if text is None:
        return GIVEN | FURTHER
    names = frozenset(name.strip() for name in text.split(","))
    if names <= GIVEN | FURTHER:
        return names
    known = ", ".join(sorted(GIVEN | FURTHER))
    raise InvalidRequest({"events": [f"The events must be some of {known}."]})


def _seq(text: str | None) -> int | None:
    if text is None:
        return None
    seq = whole(text)
    if seq is None:
        raise InvalidRequest({"last_event_id": ["Last-Event-ID is the id of an event that came before."]})
    return seq
