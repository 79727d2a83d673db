"""A load generator in a process of its own: the same request again and again over kept-alive connections.

    python -m bench.load < <a Load as JSON>

prints one line of JSON: requests per second, and latencies in milliseconds.
"""

import asyncio
import base64
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import httptools
import uvloop


@dataclass(frozen=True)
class Load:
    """What to send, how often, over how many connections."""

    places: tuple[tuple[str, int], ...]
    """Host and port of each server; connections go to them by turns."""
    connections: int
    requests: int
    messages: tuple[str, ...]
    """Whole requests in base64, sent by turns."""

    def each(self) -> list[bytes]:
        """The requests as they go over the wire."""
        return [base64.b64decode(message) for message in self.messages]


@dataclass
class Budget:
    """How many requests are still to be begun."""

    left: int

    def take(self) -> bool:
        """Whether one more may begin."""
        self.left -= 1
        return self.left >= 0


class Connection(asyncio.Protocol):
    """One kept-alive connection: sends, waits for the whole answer, sends again."""

    def __init__(self, requests: Iterator[bytes], budget: Budget, done: asyncio.Future[None]) -> None:
        self._requests, self._budget, self._done = requests, budget, done
        self._parser = httptools.HttpResponseParser(self)
        self._began = 0.0
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._next()

    def _next(self) -> None:
        if not self._budget.take():
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Called by the parser at the end of an answer."""
        self.latencies.append(time.perf_counter() - self._began)
        status = self._parser.get_status_code()
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self._parser = httptools.HttpResponseParser(self)
        asyncio.get_running_loop().call_soon(self._next)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def generate(load: Load) -> dict[str, Any]:
    """Run the load; requests per second and latency percentiles (ms)."""
    loop = asyncio.get_running_loop()
    budget, requests = Budget(load.requests), itertools.cycle(load.each())
    began = time.perf_counter()
    made = []
    for _, (host, port) in zip(range(load.connections), itertools.cycle(load.places), strict=False):
        done: asyncio.Future[None] = loop.create_future()
        _, protocol = await loop.create_connection(
            lambda done=done: Connection(requests, budget, done),  # type: ignore[misc]
            host,
            port,
        )
        made.append((protocol, done))
    await asyncio.gather(*(done for _, done in made))
    seconds = time.perf_counter() - began
    latencies = sorted(value for protocol, _ in made for value in protocol.latencies)
    statuses: dict[str, int] = {}
    for protocol, _ in made:
        for status, times in protocol.statuses.items():
            statuses[str(status)] = statuses.get(str(status), 0) + times
    return {
        "per_second": len(latencies) / seconds,
        "p50_ms": latencies[len(latencies) // 2] * 1000,
        "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        "statuses": statuses,
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(generate(Load(**json.load(sys.stdin))))))
