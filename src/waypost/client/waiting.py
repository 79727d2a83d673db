"""The client for programs that wait."""

import random
import time
from collections.abc import Callable, Iterator
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


class Connection:
    """Calls over HTTP with a token; those that may be repeated are, when nothing came back."""

    def __init__(
        self, base_url: str, token: str, http: httpx.Client | None = None, tries: int = TRIES
    ) -> None:
        self.url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._http = http or httpx.Client()
        self._chance = random.Random()  # noqa: S311 - it spreads pauses
        self._is_own = http is None
        self._tries = tries

    def close(self) -> None:
        """Close the connections, unless they are the caller's own."""
        if self._is_own:
            self._http.close()

    def call(self, call: Outgoing, headers: dict[str, str], *, repeatable: bool, wait: float = 0.0) -> Any:
        """The JSON of the answer. Raises ClientError."""
        given = arguments(call, self._headers | headers, wait + MARGIN_SECONDS)
        answer: httpx.Response | None = None
        for tries in range(1, self._tries + 1):
            try:
                answer = self._http.request(call.method, self.url + call.path, **given)
            except httpx.TransportError as error:
                # What found no connection was not done.
                again = repeatable or isinstance(error, httpx.ConnectError)
                if tries == self._tries or not again:
                    raise NoAnswer(f"No answer from {self.url} ({type(error).__name__}).") from error
            else:
                if tries == self._tries or not (repeatable and is_worth_another_try(answer.status_code)):
                    break
            time.sleep(pause(tries, answer, self._chance.random()))
        assert answer is not None
        return read(answer)

    def stream(self, call: Outgoing, lines: Lines, line: Line) -> Iterator[LiveEvent]:
        """Events for ever: a stream that ends is opened again where it was. Raises CallRefused."""
        failures = 0
        while True:
            given = arguments(call, self._headers | lines.headers, SILENCE_SECONDS)
            try:
                with self._http.stream(call.method, self.url + call.path, **given) as answer:
                    if not answer.is_success:
                        answer.read()
                        if not is_worth_another_try(answer.status_code):
                            read(answer)
                        raise httpx.ReadError("It answers, and not with a stream.")
                    for text in answer.iter_lines():
                        failures = 0
                        line.says(True)
                        yield from lines.feed(text)
            except httpx.TransportError:
                pass
            lines.broken()
            line.says(False)
            failures += 1
            time.sleep(min(pause(failures, None, self._chance.random()), REOPENED_SECONDS))


class Queued(Generic[R]):
    """A call that the gateway has accepted: `uuid` names it, `link` is where its result appears."""

    def __init__(
        self, connection: Connection, instance: str, kind: type[R], envelope: dict[str, Any]
    ) -> None:
        self.uuid: str = envelope["queued_request_uuid"]
        self.link: str = envelope["queued_request_link"]
        self._connection = connection
        self._path = f"{WHATSAPP}/{part(instance)}/queued-requests/{part(self.uuid)}"
        self._kind = kind

    def wait(self, seconds: float = 60.0) -> Finished[R]:
        """Wait until it was sent. Raises RequestFailed, NotFinished, and ClientError for the call itself."""
        until = time.monotonic() + seconds
        while True:
            asked_at = time.monotonic()
            left = max(0, min(WAIT_SECONDS, round(until - asked_at)))
            request = self._connection.call(
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
            time.sleep(before_asking_again(left, time.monotonic() - asked_at))


class Bound:
    """Makes calls for one instance, or for the gateway where `name` is empty."""

    def __init__(self, connection: Connection, name: str = "") -> None:
        self._connection = connection
        self._name = name

    def send(self, call: Write[R], idempotency_key: str | None = None) -> Queued[R]:
        """Have a call queued; the same key with the same content is the same request. Raises ClientError."""
        headers = {"Idempotency-Key": idempotency_key or new_key()}
        envelope = self._connection.call(outgoing(call, self._name), headers, repeatable=True)
        return Queued(self._connection, self._name, call.result, envelope)

    def queued(self, uuid: str) -> Queued[dict[str, Any]]:
        """A request that was accepted before, such as in another run of your program, to wait for."""
        link = f"{self._connection.url}{WHATSAPP}/{part(self._name)}/queued-requests/{part(uuid)}"
        envelope = {"queued_request_uuid": uuid, "queued_request_link": link}
        return Queued(self._connection, self._name, dict[str, Any], envelope)

    def ask(self, call: Read[R]) -> R:
        """The answer of a call. Raises ClientError."""
        body = self._connection.call(outgoing(call, self._name), {}, repeatable=call.repeatable)
        return converted(body, call.result)

    def events(
        self, *names: str, after: str | None = None, told: Callable[[bool], None] | None = None
    ) -> Iterator[LiveEvent]:
        """What happens on the instance from now on, or after the event at that `place`; of these names, or
        all. Raises CallRefused; what else breaks is mended: `told` hears False when the stream broke, and
        True when it goes on where it was.
        """
        yield from self._connection.stream(stream_of(self._name, names), Lines(after), Line(told))


def queued(describe: Callable[P, Write[R]]) -> Callable[Concatenate[Bound, P], Queued[R]]:
    """A method that makes the call which `describe` describes."""

    def method(self: Bound, /, *args: P.args, **kwargs: P.kwargs) -> Queued[R]:
        return self.send(describe(*args, **kwargs))

    method.__doc__ = describe.__doc__
    return method


def answered(describe: Callable[P, Read[R]]) -> Callable[Concatenate[Bound, P], R]:
    """A method that makes the call which `describe` describes."""

    def method(self: Bound, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.ask(describe(*args, **kwargs))

    method.__doc__ = describe.__doc__
    return method
