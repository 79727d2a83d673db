"""The accept path: send-voice (multipart, 12 kB, durable) against endpoints that store nothing."""

import asyncio
import json
import os
import resource
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bench.sounds import native_note
from bench.town import load

REQUESTS = 6_000
WARMING = 500  # requests to each endpoint before it is measured
NOTE_SECONDS = 5.0  # a native note of this length has about 12 kB
_BOUNDARY = "waypost-bench"


async def body() -> bytes:
    """The same call for all: a chat and a native note of 12 kB."""
    return (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="chatId"\r\n\r\n447700900002@c.us\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="note.ogg"\r\n'
        "Content-Type: audio/ogg\r\n\r\n"
    ).encode() + b"".join([await native_note(NOTE_SECONDS), f"\r\n--{_BOUNDARY}--\r\n".encode()])


def head(path: str, token: str, length: int) -> str:
    """The head of that call."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/json\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    )


@asynccontextmanager
async def server(kind: str, limit: Callable[[], None] | None = None) -> AsyncIterator[dict[str, Any]]:
    """Run a server of `bench.accept_server` in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="waypost-accept-") as folder:
        child = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "bench.accept_server", kind, folder],
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=limit,
        )
        assert child.stdout is not None
        try:
            yield json.loads(await child.stdout.readline())
        finally:
            child.terminate()
            await child.wait()


async def measure(where: dict[str, Any], endpoint: str, requests: int = REQUESTS) -> dict[str, Any]:
    """The load on one endpoint: requests per second, p50 and p99 in milliseconds."""
    sent = await body()
    path = f"/api/whatsapp/v2/{where['id']}/{endpoint}"
    return await load(where["url"], head(path, where["token"], len(sent)), sent, requests=requests)


async def run() -> dict[str, Any]:
    """All three, one run each, on servers that are warm."""
    figures: dict[str, Any] = {}
    async with server("noop") as noop, server("gateway") as gateway:
        for where, endpoint in ((noop, "send-voice"), (gateway, "read"), (gateway, "send-voice")):
            await measure(where, endpoint, WARMING)
        figures["noop"] = await measure(noop, "send-voice")
        figures["read"] = await measure(gateway, "read")
        figures["accept"] = await measure(gateway, "send-voice")
    figures["accept_to_read"] = figures["accept"]["per_second"] / figures["read"]["per_second"]
    figures["accept_to_noop"] = figures["accept"]["per_second"] / figures["noop"]["per_second"]
    return figures


def one_core() -> None:
    """One core for the process that calls this and its children; 512 MB of heap for each of them."""
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    resource.setrlimit(resource.RLIMIT_DATA, (512 * 2**20, 512 * 2**20))


def report(figures: dict[str, Any]) -> Sequence[str]:
    """The table's lines."""
    lines = [
        f"{name:8} {row['per_second']:7.0f}/s   p50 {row['p50_ms']:6.1f} ms   p99 {row['p99_ms']:6.1f} ms"
        for name, row in figures.items()
        if isinstance(row, dict)
    ]
    return [
        *lines,
        f"accept : read = {figures['accept_to_read']:.2f} (aim ≥ 0.5)",
        f"accept : noop = {figures['accept_to_noop']:.2f}",
    ]
