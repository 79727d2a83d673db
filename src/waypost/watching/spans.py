"""Traces of requests. A request's trace outlives processes: each piece of work is a child of the span under
which the call was accepted, whose name is stored with the request.
"""

import contextlib
from collections.abc import Mapping
from typing import Protocol

Attributes = Mapping[str, str | int]


class Span(Protocol):
    """A piece of work that is under way."""

    @property
    def traceparent(self) -> str | None:
        """Its name, for what belongs to it; None where no traces are made."""
        ...

    def add(self, **attributes: str | int) -> None:
        """Say more of it: names of ours, codes, counts; no text, number, URL or chat."""
        ...

    def fail(self, code: str) -> None:
        """It failed with that code."""
        ...


class Tracer(Protocol):
    """Makes spans."""

    active: bool
    """Whether anybody sees them."""

    def span(
        self, name: str, parent: str | None, attributes: Attributes
    ) -> contextlib.AbstractContextManager[Span]:
        """A span while the context lasts, a child of the `traceparent` where there is one."""
        ...

    def past(self, name: str, parent: str, began: float, ended: float, attributes: Attributes) -> None:
        """A span of what has been, between two times in seconds since the epoch."""
        ...

    async def close(self) -> None:
        """Send what was not sent yet, as far as somebody takes it in a few seconds."""
        ...


class NoSpan:
    """A span that nobody sees."""

    traceparent: str | None = None

    def add(self, **attributes: str | int) -> None:
        """Forget it."""

    def fail(self, code: str) -> None:
        """Forget it."""


class NoTracer:
    """Makes no traces."""

    active = False

    def __init__(self) -> None:
        self._span = contextlib.nullcontext(NoSpan())

    def span(self, *_: object) -> contextlib.AbstractContextManager[Span]:
        """No span."""
        return self._span

    def past(self, *_: object) -> None:
        """No span."""

    async def close(self) -> None:
        """Nothing to do."""
