"""Upload and download of encrypted media over HTTP, as engines do it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from waypost.sandbox.media.files import is_token
from waypost.sandbox.media.paths import direct_path, token_in
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import media

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_UPLOAD: Final = re.compile(r"/mms/([a-z-]{1,40})/([^/]{1,200})")
_CHUNK: Final = 256 * 1024
"""Bytes read of a file at once."""


async def serve(network: Network, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer one HTTP request of the network's TLS listener."""
    path, method = unquote(scope["raw_path"].decode("latin-1")), scope["method"]
    if method == "POST" and (upload := _UPLOAD.fullmatch(path)) is not None:
        await _upload(network, scope, receive, send, upload[1], upload[2].rstrip("="))
    elif method == "GET" and (download := token_in(path)) is not None:
        await _download(network, send, download)
    else:
        network.counts["unknown_requests"] += 1
        network.note(None, "note", f"unknown HTTP request {method} {path[:80]}")
        network.log.warning("sandbox.unknown_http_request", method=method, path=path[:80])
        await _answer(send, 404, {"error": "not found"})


async def _upload(
    network: Network, scope: Mapping[str, Any], receive: Receive, send: Send, kind: str, token: str
) -> None:
    if await _fails(network, send, "upload"):
        return
    query = parse_qs(scope["query_string"].decode("latin-1"))
    if query.get("auth") != [network.secrets.media.hex()]:
        await _answer(send, 401, {"error": "the auth of media_conn is missing"})
        return
    size = await network.media.keep(token, _body(receive)) if is_token(token) else None
    if size is None:
        network.note(None, "note", f"an upload was refused: its {kind} is too large or its hash is another")
        await _answer(send, 400, {"error": "too large, or the hash is another"})
        return
    now = network.clock.now()
    await network.store.run(lambda rows: media.put(rows, token, kind, size, now))
    network.counts["uploads"] += 1
    path = direct_path(token)
    answer = {"url": f"https://{network.media_host}{path}", "direct_path": path, "handle": token}
    await _answer(send, 200, answer)


async def _download(network: Network, send: Send, token: str) -> None:
    if await _fails(network, send, "download"):
        return
    path = network.media.path(token)
    if path is None:
        await _answer(send, 404, {"error": "not found"})
        return
    network.counts["downloads"] += 1
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", b"%d" % path.stat().st_size),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _fails(network: Network, send: Send, direction: str) -> bool:
    slow = await network.failures.take("slow_media", direction=direction)
    if slow is not None:
        await asyncio.sleep(5.0 if slow.seconds is None else slow.seconds)
    failing = await network.failures.take("failing_media", direction=direction)
    if failing is None:
        return False
    await _answer(send, failing.code or 500, {"error": "injected"})
    return True


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        yield message.get("body", b"")
        if not message.get("more_body", False):
            return


async def _answer(send: Send, status: int, body: dict[str, str]) -> None:
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
