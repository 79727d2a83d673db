"""The client for programs that await. It says the same as `waiting`, line by line."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

import httpx

from waypost.client.answers import (
    MARGIN_SECONDS,
    TRIES,
    WAIT_SECONDS,
    Finished,
    arguments,
    before_asking_again,
    converted,
    finished,
    is_worth_another_try,
    new_key,
    pause,
    read,
)
from waypost.client.describe import WHATSAPP, Outgoing, Read, Write, outgoing, part
from waypost.client.errors import NoAnswer, NotFinished
from waypost.client.events import REOPENED_SECONDS, SILENCE_SECONDS, Line, Lines, LiveEvent, stream_of

R = TypeVar("R")
P = ParamSpec("P")


class AsyncConnection:
    """Calls over HTTP with a token; those that may be repeated are, when nothing came back."""

    def __init__(
        self, base_url: str, token: str, http: httpx.AsyncClient | None = None, tries: int = TRIES
    ) -> None:
        self.url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._http = http or httpx.AsyncClient()
        self._chance = random.Random()  # noqa: S311 - it spreads pauses
        self._is_own = http is None
        self._tries = tries

    async def close(self) -> None:
        """Close the connections, unless they are the caller's own."""
        if self._is_own:
            await self._http.aclose()

    async def call(
        self, call: Outgoing, headers: dict[str, str], *, repeatable: bool, wait: float = 0.0
    ) -> Any:
        """The JSON of the answer. Raises ClientError."""
        given = arguments(call, self._headers | headers, wait + MARGIN_SECONDS)
        answer: httpx.Response | None = None
        for tries in range(1, self._tries + 1):
            try:
                answer = await self._http.request(call.method, self.url + call.path, **given)
            except httpx.TransportError as error:
                # What found no connection was not done.
                again = repeatable or isinstance(error, httpx.ConnectError)
                if tries == self._tries or not again:
                    raise NoAnswer(f"No answer from {self.url} ({type(error).__name__}).") from error
            else:
                if tries == self._tries or not (repeatable and is_worth_another_try(answer.status_code)):
                    break
            await asyncio.sleep(pause(tries, answer, self._chance.random()))
        assert answer is not None
        return read(answer)

    async def stream(self, call: Outgoing, lines: Lines, line: Line) -> AsyncGenerator[LiveEvent, None]:
        """Events for ever: a stream that ends is opened again where it was. Raises CallRefused."""
        failures = 0
        while True:
            given = arguments(call, self._headers | lines.headers, SILENCE_SECONDS)
            try:
                async with self._http.stream(call.method, self.url + call.path, **given) as answer:
                    if not answer.is_success:
                        await answer.aread()
                        if not is_worth_another_try(answer.status_code):
                            read(answer)
                        raise httpx.ReadError("It answers, and not with a stream.")
                    async for text in answer.aiter_lines():
                        failures = 0
                        line.says(True)
                        for event in lines.feed(text):
                            yield event
            except httpx.TransportError:
                pass
            lines.broken()
            line.says(False)
            failures += 1
            await asyncio.sleep(min(pause(failures, None, self._chance.random()), REOPENED_SECONDS))


class AsyncQueued(Generic[R]):
    """A call that the gateway has accepted: `uuid` names it, `link` is where its result appears."""

    def __init__(
        self, connection: AsyncConnection, instance: str, kind: type[R], envelope: dict[str, Any]
    ) -> None:
        self.uuid: str = envelope["queued_request_uuid"]
        self.link: str = envelope["queued_request_link"]
        self._connection = connection
        self._path = f"{WHATSAPP}/{part(instance)}/queued-requests/{part(self.uuid)}"
        self._kind = kind

    async def wait(self, seconds: float = 60.0) -> Finished[R]:
        """Wait until it was sent. Raises RequestFailed, NotFinished, and ClientError for the call itself."""
        until = time.monotonic() + seconds
        while True:
            asked_at = time.monotonic()
            left = max(0, min(WAIT_SECONDS, round(until - asked_at)))
            request = await self._connection.call(
                Outgoing(method="GET", path=self._path),
                {"Prefer": f"wait={left}"} if left else {},
                repeatable=True,
                wait=left,
            )
            done = finished(request, self._kind)
            if done is not None:
                return done
            if left == 0:
                raise NotFinished(f"Request {self.uuid} is {request.get('status')} after {seconds:g} s.")
            await asyncio.sleep(before_asking_again(left, time.monotonic() - asked_at))


class AsyncBound:
    """Makes calls for one instance, or for the gateway where `name` is empty."""

    def __init__(self, connection: AsyncConnection, name: str = "") -> None:
        self._connection = connection
        self._name = name

    async def send(self, call: Write[R], idempotency_key: str | None = None) -> AsyncQueued[R]:
        """Have a call queued; the same key with the same content is the same request. Raises ClientError."""
        headers = {"Idempotency-Key": idempotency_key or new_key()}
        envelope = await self._connection.call(await _outgoing(call, self._name), headers, repeatable=True)
        return AsyncQueued(self._connection, self._name, call.result, envelope)

    def queued(self, uuid: str) -> AsyncQueued[dict[str, Any]]:
        """A request that was accepted before, such as in another run of your program, to wait for."""
        link = f"{self._connection.url}{WHATSAPP}/{part(self._name)}/queued-requests/{part(uuid)}"
        envelope = {"queued_request_uuid": uuid, "queued_request_link": link}
        return AsyncQueued(self._connection, self._name, dict[str, Any], envelope)

    async def ask(self, call: Read[R]) -> R:
        """The answer of a call. Raises ClientError."""
        body = await self._connection.call(outgoing(call, self._name), {}, repeatable=call.repeatable)
        return converted(body, call.result)

    async def events(
        self, *names: str, after: str | None = None, told: Callable[[bool], None] | None = None
    ) -> AsyncGenerator[LiveEvent, None]:
        """What happens on the instance from now on, or after the event at that `place`; of these names, or
        all. Raises CallRefused; what else breaks is mended: `told` hears False when the stream broke, and
        True when it goes on where it was.
        """
        stream = self._connection.stream(stream_of(self._name, names), Lines(after), Line(told))
        # Who breaks off closes the connection now, and not when the loop ends.
        async with contextlib.aclosing(stream):
            async for event in stream:
                yield event


async def _outgoing(call: Write[R], instance: str) -> Outgoing:
    if call.source is None or isinstance(call.source, bytes):
        return outgoing(call, instance)
    return await asyncio.to_thread(outgoing, call, instance)  # it reads a file


def queued(
    describe: Callable[P, Write[R]],
) -> Callable[Concatenate[AsyncBound, P], Awaitable[AsyncQueued[R]]]:
    """A method that makes the call which `describe` describes."""

    async def method(self: AsyncBound, /, *args: P.args, **kwargs: P.kwargs) -> AsyncQueued[R]:
        return await self.send(describe(*args, **kwargs))

    method.__doc__ = describe.__doc__
    return method


def answered(describe: Callable[P, Read[R]]) -> Callable[Concatenate[AsyncBound, P], Awaitable[R]]:
    """A method that makes the call which `describe` describes."""

    async def method(self: AsyncBound, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await self.ask(describe(*args, **kwargs))

    method.__doc__ = describe.__doc__
    return method
