"""The servers that `bench.accept` compares: the gateway with two endpoints more, and a bare ASGI no-op.

Run as `python -m bench.accept_server gateway|noop ORDER`, where ORDER is JSON (folder, sandbox_url,
admin_token); prints one line of JSON once it answers.
"""

import asyncio
import gc
import json
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import uvloop
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from bench.each_commit import EachCommit
from waypost.api.body import Body, BodyReader
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.replies import Reply
from waypost.cli.serve import settle_memory
from waypost.config import Settings
from waypost.gateway import start_gateway
from waypost.operations import WRITES

_NOWHERE = "http://127.0.0.1:1"


def _further(bodies: BodyReader, folder: Path) -> Sequence[Endpoint]:
    """Two endpoints that authenticate and read the same body whole: `read` leaves it at that, `commit` stores
    it in a transaction of its own."""
    send_voice = next(write for write in WRITES if write.name == "send-voice")
    store = EachCommit(folder / "each.db")

    async def body_of(call: Call) -> Body:
        headers = call.http.headers
        length = int(headers.get("content-length", ""))
        return await bodies.read(call.http.stream(), headers.get("content-type", ""), length, send_voice.file)

    async def read(call: Call) -> Reply:
        await bodies.discard(await body_of(call))
        return Reply(body={"read": True})

    async def commit(call: Call) -> Reply:
        body = await body_of(call)
        assert body.upload is not None
        assert body.upload.inline is not None
        uuid = await store.add(call.of.id, body.fields, body.upload.inline)
        return Reply(body={"queued": True, "queued_request_uuid": uuid})

    return [
        Endpoint(
            method="POST",
            path=f"{BASE}/{{instance}}/{name}",
            summary="",
            scope="send",
            answer=answer,
            tag="bench",
        )
        for name, answer in (("read", read), ("commit", commit))
    ]


async def _gateway(order: dict[str, Any]) -> None:
    folder = Path(order["folder"])
    settings = Settings(
        data=folder / "gateway",
        port=0,
        network="sandbox",
        sandbox_url=order["sandbox_url"] or _NOWHERE,
        admin_token=order["admin_token"],
        limit_create_instance=0,
        log_level="error",
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with start_gateway(settings, further=lambda bodies: _further(bodies, folder)) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=30) as http:
            http.headers["Authorization"] = f"Bearer {order['admin_token'] or gateway.new_admin_token}"
            # Not through the API, which waits for a QR code; what is accepted for it waits for a connection.
            made = await gateway.instances.create(name="accept", phone="447700900001", network="sandbox")
            await gateway.instances.logout(made.id)
            token = (await http.post(f"{BASE}/tokens", json={"instance": made.id})).json()["token"]
        settle_memory()
        print(json.dumps({"url": gateway.url, "id": made.id, "token": token}), flush=True)
        await stop.wait()


async def _noop(_: dict[str, Any]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    async def app(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            return
        while True:
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body"):
                break
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", b"2")],
                "trailers": False,
            }
        )
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})

    gc.freeze()
    print(json.dumps({"url": f"http://127.0.0.1:{port}", "id": "none", "token": "none"}), flush=True)
    config = uvicorn.Config(app, log_level="error", lifespan="off", http="httptools", access_log=False)
    await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    serve = {"gateway": _gateway, "noop": _noop}[sys.argv[1]]
    uvloop.run(serve(json.loads(sys.argv[2])))
