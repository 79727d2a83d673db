"""On whose behalf something happens: the call that asked for it, by its request id and its trace.

Within a task it is known without being passed on (a context variable), so that a log line of a converter or
of the network names the call. It does not stay in memory alone: the row of a request carries it, and whoever
takes the request up, perhaps after a crash, works in its name again.
"""

import contextvars
import re
from typing import Final

import msgspec

# What a proxy or a client may bring: a UUID, a trace id, a name with a number. Nothing that a log or a header
# would have to escape.
_SANE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
# https://www.w3.org/TR/trace-context/#traceparent-header, version 00.
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Origin(msgspec.Struct, frozen=True):
    """The call by its request id, and the span to which what it leads to belongs (W3C `traceparent`), where
    traces are made.
    """

    request_id: str
    traceparent: str | None = None


_current: Final = contextvars.ContextVar[Origin | None]("waypost_origin", default=None)


def origin() -> Origin | None:
    """On whose behalf this task works; None when on nobody's."""
    return _current.get()


class on_behalf_of:
    """Work on behalf of that call, or of nobody, while the context lasts."""

    __slots__ = ("_token", "_who")

    def __init__(self, who: Origin | None) -> None:
        self._who = who

    def __enter__(self) -> None:
        self._token = _current.set(self._who)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def apart() -> contextvars.Context:
    """A context for a task that outlives the call which happened to start it: it works on nobody's behalf."""
    context = contextvars.copy_context()
    context.run(_current.set, None)
    return context


def of_row(request_id: str | None, traceparent: str | None) -> Origin | None:
    """The origin that a row carries; rows of earlier releases carry none."""
    return None if request_id is None else Origin(request_id, traceparent)


def sane_request_id(text: str | None) -> str | None:
    """A request id as somebody brought it; None when it is absent or can't be used."""
    return text if text is not None and _SANE.fullmatch(text) else None


def sane_traceparent(text: str | None) -> str | None:
    """A `traceparent` as somebody brought it; None when it is absent or is none."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None
