import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from waypost.clock import Clock
from waypost.errors import BANNED, CANCELLED, EXPIRED, OUTCOME_UNKNOWN, EngineError, Fault, StorageError
from waypost.origin import on_behalf_of
from waypost.outbox.entry import Entry, Phase
from waypost.outbox.failures import OF_THE_ACCOUNT, RESTRICTION, failure_of, response_body, response_status
from waypost.outbox.pacer import Pacer
from waypost.outbox.port import Answer, Executor, Waiting
from waypost.outbox.request import Failure, Request, RequestState, Step
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import Ending, OutboxStore
from waypost.telemetry import Log

T = TypeVar("T")

# The lanes wait for a disk that fails: what they know is worth more than what they could do without it.
_DISK_RETRY_SECONDS: Final = 0.5


class FinishedListener(Protocol):
    """Told after the commit that a request is finished."""

    def finished(self, uuid: str) -> None:
        """Called in the event loop; returns at once."""
        ...


class Endings:
    """How requests end: every way writes the row once, guarded, and leaves the entry GONE."""

    def __init__(
        self,
        store: OutboxStore,
        executor: Executor,
        pacer: Pacer,
        clock: Clock,
        settings: OutboxSettings,
        log: Log,
        listener: FinishedListener,
    ) -> None:
        self._store = store
        self._executor = executor
        self._pacer = pacer
        self._clock = clock
        self._settings = settings
        self._log = log
        self._listener = listener

    async def stored(self, write: Callable[[], Awaitable[T]]) -> T:
        """Repeat a guarded write until the disk takes it."""
        while True:
            try:
                return await write()
            except StorageError as error:
                self._log.error("outbox_not_stored", code=error.code)
                await asyncio.sleep(_DISK_RETRY_SECONDS)

    def ending(
        self,
        state: Literal[RequestState.SENT, RequestState.FAILED, RequestState.CANCELLED],
        answer: Answer,
        failure: Failure | None,
    ) -> Ending:
        """An ending now."""
        now = self._clock.now()
        settings = self._settings
        keep = settings.keep_sent_blobs if state is RequestState.SENT else settings.keep_failed_blobs
        return Ending(
            state=state,
            status=answer.status,
            body=answer.body,
            failure=failure,
            at=now,
            keep_blobs_until=now + min(keep, settings.keep_requests),
        )

    def cancelling(self, fault: Fault = CANCELLED) -> Ending:
        """The ending of a request that somebody called off before it was sent."""
        failure = _failure(fault)
        return self.ending(RequestState.CANCELLED, Answer(status=500, body=response_body(failure)), failure)

    async def sent(self, entry: Entry) -> None:
        """The first step was sent, and nothing more will be: answer with what there is."""
        try:
            answer = self._executor.finish(entry.request, entry.steps)
        except Exception:  # noqa: BLE001 - what was sent stays sent, whatever is wrong with describing it
            self._log.exception("request_not_described", request=entry.uuid)
            answer = Answer(status=201, body=b"{}")
        ending = self.ending(RequestState.SENT, answer, None)
        if self._opens_chat(entry):
            ending = msgspec.structs.replace(ending, opens_chat=True)
        await self._end(entry, ending)

    async def failed(self, entry: Entry, failure: Failure, status: int) -> None:
        """Nothing (more) can be sent: `status` is that of the fault."""
        if _anything_sent(entry.steps):
            _fail_next(entry, failure.code)
            await self.sent(entry)
            return
        answer = Answer(status=response_status(status), body=response_body(failure))
        await self._end(entry, self.ending(RequestState.FAILED, answer, failure))

    async def unknown(self, entry: Entry, reason: str | None = None) -> None:
        """Nobody can tell whether the step was sent; it is not sent again."""
        await self.failed(entry, _failure(OUTCOME_UNKNOWN, reason), OUTCOME_UNKNOWN.status)

    async def expire(self, entry: Entry) -> None:
        """The time of the request is over."""
        step = entry.next_step()
        failure, waiting = self._last_reason(entry.request)
        if step is not None and step.state in ("sending", "unknown"):
            await self.unknown(entry, "The request expired before that could be settled.")
        elif failure is not None and failure.code in OF_THE_ACCOUNT:
            await self.failed(entry, failure, 423)
        else:
            last = None if waiting is None else f"The last reason to wait was {waiting}."
            await self.failed(entry, _failure(EXPIRED, last), EXPIRED.status)

    def _last_reason(self, request: Request) -> tuple[Failure | None, str | None]:
        """What the request waited for: a failure where there was one, and a code."""
        if not self._executor.ready(request.instance_id):
            waiting = self._executor.waiting_for(request.instance_id) or Waiting("connection")
            if waiting.code == RESTRICTION:
                return failure_of(EngineError(BANNED, until=waiting.until)), waiting.code
            if request.failure is None:
                return None, waiting.code
        return request.failure, None if request.failure is None else request.failure.code

    async def drop(self, entry: Entry, fault: Fault) -> None:
        """The instance is gone: cancelled, unless something of it was or may have been sent."""
        step = entry.next_step()
        if step is not None and step.state in ("sending", "unknown"):
            await self.unknown(entry, "The instance was deleted while it was being sent.")
        elif _anything_sent(entry.steps):
            await self.failed(entry, _failure(fault), fault.status)
        else:
            await self._end(entry, self.cancelling(fault))

    def _opens_chat(self, entry: Entry) -> bool:
        return self._executor.is_message(entry.request) and self._pacer.opens(entry.request)

    async def _end(self, entry: Entry, ending: Ending) -> None:
        ended = await self.stored(lambda: self._store.ended(entry.request, entry.steps, ending))
        entry.phase = Phase.GONE
        if not ended or ending.state is not RequestState.SENT:
            self._pacer.left(entry.request)
        elif self._executor.is_message(entry.request):
            self._pacer.sent(entry.request)
        if not ended:
            return  # it was called off, or is another process's now
        code = None if ending.failure is None else ending.failure.code
        with on_behalf_of(entry.request.origin):
            self._log.info(
                "request_finished",
                request=entry.uuid,
                instance=entry.request.instance_id,
                state=ending.state.value,
                code=code,
            )
        self._listener.finished(entry.uuid)


def _failure(fault: Fault, detail: str | None = None) -> Failure:
    message = fault.sentence if detail is None else f"{fault.sentence} {detail}"
    return Failure(code=fault.code, message=message, retryable=fault.retryable)


def _anything_sent(steps: Sequence[Step]) -> bool:
    return any(step.state == "sent" for step in steps)


def _fail_next(entry: Entry, code: str) -> None:
    step = entry.next_step()
    if step is not None:
        state = "unknown" if code == OUTCOME_UNKNOWN.code else "failed"
        entry.put(msgspec.structs.replace(step, state=state, error_code=code))
