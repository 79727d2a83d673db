import asyncio
from collections.abc import Awaitable, Callable, Sequence

from waypost.clock import Clock
from waypost.errors import INTERNAL, OutcomeUnknown, WaypostError
from waypost.outbox.port import Answer, Executor, Mark, Performed, Settlement, Showing, Stage, Waiting
from waypost.outbox.request import Request, Step
from waypost.watching import table
from waypost.watching.awaited import Awaited
from waypost.watching.counts import Counts
from waypost.watching.spans import Tracer

_UNKNOWN = "outcome_unknown"


def code_of(error: BaseException) -> str:
    """What a failure is called in metrics and traces."""
    if isinstance(error, OutcomeUnknown):
        return _UNKNOWN
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    return error.code if isinstance(error, WaypostError) else INTERNAL.code


class WatchedExecutor:
    """Implements `outbox.port.Executor`: another one, whose work is counted, timed and traced."""

    def __init__(
        self, executor: Executor, counts: Counts, tracer: Tracer, awaited: Awaited, clock: Clock
    ) -> None:
        self._executor = executor
        self._counts = counts
        self._tracer = tracer
        self._awaited = awaited
        self._clock = clock
        # What takes no time is asked of it directly.
        self.ready: Callable[[str], bool] = executor.ready
        self.waiting_for: Callable[[str], Waiting | None] = executor.waiting_for
        self.is_message: Callable[[Request], bool] = executor.is_message
        self.steps: Callable[[Request], Sequence[str]] = executor.steps
        self.showing: Callable[[Request], Showing | None] = executor.showing
        self.mark: Callable[[Request], Mark] = executor.mark
        self.recovered: Callable[[Request, Step, str], Performed] = executor.recovered
        self.finish: Callable[[Request, Sequence[Step]], Answer] = executor.finish

    async def prepare(self, request: Request) -> Stage:
        """Fetch, check and convert."""
        return await self._worked("prepare", request, self._executor.prepare(request))

    async def stage(self, request: Request) -> Stage:
        """Ask about the recipient and upload."""
        return await self._worked("stage", request, self._executor.stage(request))

    async def show(self, request: Request, showing: Showing) -> None:
        """Show it."""
        await self._executor.show(request, showing)

    async def perform(self, request: Request, step: Step, done: Sequence[Step]) -> Performed:
        """Send the message of `step`."""
        counts, began, outcome = self._counts, self._clock.monotonic(), "acked"
        attributes = {**_about(request), "waypost.step": step.name, "waypost.attempt": step.attempt}
        with self._tracer.span("perform", request.traceparent, attributes) as span:
            try:
                performed = await self._executor.perform(request, step, done)
            except BaseException as error:
                outcome = code_of(error)
                span.fail(outcome)
                raise
            finally:
                counts.took(table.WORK_SECONDS, self._clock.monotonic() - began, "perform")
                counts.add(table.SENDS, request.operation, outcome)
        now = self._clock.now()
        if step.number == 0:
            waited = max(now - self._awaited.since(request), 0.0)
            counts.took(table.ACK_SECONDS, waited, request.operation)
        if request.traceparent is not None:
            self._tracer.past("ack", request.traceparent, now, now, attributes)
        if performed.message_id is not None and self._executor.is_message(request):
            self._awaited.acked(request, performed.message_id, now)
        return performed

    async def settle(self, request: Request, step: Step) -> Settlement:
        """What became of a send that nobody saw the end of."""
        return await self._executor.settle(request, step)

    async def _worked(self, name: str, request: Request, work: Awaitable[Stage]) -> Stage:
        began = self._clock.monotonic()
        with self._tracer.span(name, request.traceparent, _about(request)) as span:
            try:
                return await work
            except BaseException as error:
                code = code_of(error)
                span.fail(code)
                self._counts.add(table.WORK_FAILURES, name, code)
                raise
            finally:
                self._counts.took(table.WORK_SECONDS, self._clock.monotonic() - began, name)


def _about(request: Request) -> dict[str, str | int]:
    return {
        "waypost.operation": request.operation,
        "waypost.instance": request.instance_id,
        "waypost.request": request.uuid,
        "waypost.request_id": request.request_id or "",
    }
