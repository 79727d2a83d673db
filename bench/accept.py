"""The accept path: send-voice (multipart, 12 kB, durable) against endpoints that store nothing, and against
one that commits each request by itself."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bench.chart import Bar, bars
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import native_note
from bench.town import load

NOTE_SECONDS = 5.0  # a native note of this length has about 12 kB
CONTACT = "447700900002"
_BOUNDARY = "waypost-bench"
_NAMES = {
    "noop": "bare ASGI no-op",
    "read": "same server, reads the body, stores nothing",
    "accept": "send-voice, stored (group commit)",
    "commit": "same server, one commit per request",
}


def message(path: str, token: str, note: bytes, contact: str = CONTACT) -> bytes:
    """The whole HTTP request: a chat and a note, as multipart."""
    body = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="chatId"\r\n\r\n{contact}@c.us\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="note"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + b"".join([note, f"\r\n--{_BOUNDARY}--\r\n".encode()])

    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Accept: application/json\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@asynccontextmanager
async def server(
    kind: str, *, limit: Callable[[], None] | None = None, sandbox_url: str = "", admin_token: str = ""
) -> AsyncIterator[dict[str, Any]]:
    """Run a server of `bench.accept_server` in a process of its own; its address, an instance and its pid."""
    with tempfile.TemporaryDirectory(prefix="waypost-accept-") as folder:
        order = {"folder": folder, "sandbox_url": sandbox_url, "admin_token": admin_token}
        child = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "bench.accept_server", kind, json.dumps(order)],
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=limit,
        )
        assert child.stdout is not None
        try:
            yield {**json.loads(await child.stdout.readline()), "pid": child.pid}
        finally:
            if child.returncode is None:
                child.terminate()
            await child.wait()


async def measure(where: Mapping[str, Any], endpoint: str, requests: int) -> dict[str, Any]:
    """The load on one endpoint: requests per second, p50 and p99 in milliseconds."""
    path = f"/api/whatsapp/v2/{where['id']}/{endpoint}"
    sent = message(path, where["token"], await native_note(NOTE_SECONDS))
    return await load(where["url"], [sent], requests=requests)


async def run(scale: Scale) -> Figures:
    """All four, one run each, on servers that are warm."""
    figures: Figures = {}
    async with server("noop") as noop, server("gateway") as gateway:
        order = (("noop", noop), ("read", gateway), ("accept", gateway), ("commit", gateway))
        paths = {"noop": "send-voice", "accept": "send-voice"}
        for name, where in order:
            await measure(where, paths.get(name, name), scale.warming)
        for name, where in order:
            figures[name] = await measure(where, paths.get(name, name), scale.requests)
    return figures


def row(name: str, figures: Mapping[str, Any], width: int = 44) -> str:
    """One line of a table of loads."""
    return (
        f"{name:{width}} {figures['per_second']:6.0f}/s   p50 {figures['p50_ms']:6.1f} ms"
        f"   p99 {figures['p99_ms']:6.1f} ms"
    )


def report(figures: Figures) -> Sequence[str]:
    """The table's lines."""
    rates = {name: figures[name]["per_second"] for name in _NAMES}
    return [
        *(row(title, figures[name]) for name, title in _NAMES.items()),
        f"accept : read = {rates['accept'] / rates['read']:.2f} (aim ≥ 0.5)",
        f"accept : no-op = {rates['accept'] / rates['noop']:.2f}",
        f"accept : one commit per request = {rates['accept'] / rates['commit']:.2f}",
    ]


def charts(figures: Figures) -> Mapping[str, str]:
    """Requests per second."""
    shown = [Bar(title, figures[name]["per_second"]) for name, title in _NAMES.items()]
    return {"accept": bars("Accepting send-voice: requests per second", shown, "{:,.0f}")}


SECTION = Section(
    "accept", "Accepting: send-voice (multipart, 12 kB, durable), 64 connections", run, report, charts
)
