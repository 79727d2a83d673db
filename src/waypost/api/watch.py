import contextlib
from collections.abc import Iterator
from typing import Protocol, Self

from waypost.api.endpoint import Endpoint
from waypost.clock import Clock
from waypost.origin import Origin, on_behalf_of, origin, sane_traceparent
from waypost.watching import table
from waypost.watching.counts import Counts
from waypost.watching.spans import Span, Tracer


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


class Calls:
    """Implements CallWatch: counts and times calls, and traces those that ask for something to be sent: what
    comes of them belongs to that span."""

    def __init__(self, counts: Counts, tracer: Tracer, clock: Clock) -> None:
        self.counts = counts
        self.tracer = tracer
        self.clock = clock

    def call(
        self, endpoint: Endpoint, traceparent: str | None
    ) -> contextlib.AbstractContextManager[WatchedCall]:
        """Around the answering of one."""
        if endpoint.scope == "send" and self.tracer.active:
            return self._traced(endpoint, traceparent)
        return _Call(self, endpoint)

    @contextlib.contextmanager
    def _traced(self, endpoint: Endpoint, traceparent: str | None) -> Iterator[WatchedCall]:
        who = origin()
        attributes = {
            "http.request.method": endpoint.method,
            "http.route": endpoint.path,
            "waypost.request_id": "" if who is None else who.request_id,
        }
        with (
            self.tracer.span("accept", sane_traceparent(traceparent), attributes) as span,
            on_behalf_of(None if who is None else Origin(who.request_id, span.traceparent)),
            _Call(self, endpoint, span) as call,
        ):
            yield call


class _Call:
    __slots__ = ("_began", "_calls", "_endpoint", "_span", "_status")

    def __init__(self, calls: Calls, endpoint: Endpoint, span: Span | None = None) -> None:
        self._calls = calls
        self._endpoint = endpoint
        self._span = span
        self._status = 500

    def __enter__(self) -> Self:
        self._began = self._calls.clock.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        calls = self._calls
        calls.counts.add(table.HTTP_CALLS, self._endpoint.name, f"{self._status}")
        calls.counts.took(table.HTTP_SECONDS, calls.clock.monotonic() - self._began)

    def failed(self, code: str) -> None:
        if self._span is not None:
            self._span.fail(code)

    def answered(self, status: int) -> None:
        self._status = status
        if self._span is not None:
            self._span.add(**{"http.response.status_code": status})
