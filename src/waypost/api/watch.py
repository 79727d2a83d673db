import contextlib
from collections.abc import Iterator
from typing import Protocol

from waypost.api.endpoint import Endpoint
from waypost.clock import Clock
from waypost.origin import Origin, on_behalf_of, origin, sane_traceparent
from waypost.watching import table
from waypost.watching.counts import Counts
from waypost.watching.spans import NoSpan, Span, Tracer


class WatchedCall(Protocol):
    """A call that is being answered."""

    def failed(self, code: str) -> None:
        """It failed with a code of the table of errors."""
        ...

    def answered(self, status: int) -> None:
        """Its answer is made."""
        ...


class CallWatch(Protocol):
    """Who is told of calls."""

    def call(
        self, endpoint: Endpoint, traceparent: str | None
    ) -> contextlib.AbstractContextManager[WatchedCall]:
        """Around the answering of one; `traceparent` as the caller sent it."""
        ...


class _Call:
    status = 500

    def __init__(self, span: Span) -> None:
        self._span = span

    def failed(self, code: str) -> None:
        self._span.fail(code)

    def answered(self, status: int) -> None:
        self.status = status
        self._span.add(**{"http.response.status_code": status})


class Calls:
    """Implements CallWatch: counts and times calls, and traces those that ask for something to be sent: what
    comes of them belongs to that span."""

    def __init__(self, counts: Counts, tracer: Tracer, clock: Clock) -> None:
        self._counts = counts
        self._tracer = tracer
        self._clock = clock

    @contextlib.contextmanager
    def call(self, endpoint: Endpoint, traceparent: str | None) -> Iterator[WatchedCall]:
        """Around the answering of one."""
        began, who = self._clock.monotonic(), origin()
        attributes = {
            "http.request.method": endpoint.method,
            "http.route": endpoint.path,
            "waypost.request_id": "" if who is None else who.request_id,
        }
        with (
            self._tracer.span("accept", sane_traceparent(traceparent), attributes)
            if endpoint.scope == "send"
            else contextlib.nullcontext(NoSpan())
        ) as span:
            call = _Call(span)
            within = who
            if who is not None and span.traceparent is not None:
                within = Origin(who.request_id, span.traceparent)
            try:
                with on_behalf_of(within):
                    yield call
            finally:
                self._counts.add(table.HTTP_CALLS, endpoint.name, str(call.status))
                self._counts.took(table.HTTP_SECONDS, self._clock.monotonic() - began)
