"""The servers that `bench.accept` compares: the gateway with one endpoint more, and a bare ASGI no-op.

Run as `python -m bench.accept_server gateway|noop FOLDER`; prints one line of JSON once it answers.
"""

import asyncio
import gc
import json
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import uvicorn
import uvloop
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

from waypost.api.body import BodyReader
from waypost.api.endpoint import BASE, Call, Endpoint
from waypost.api.replies import Reply
from waypost.cli.serve import settle_memory
from waypost.config import Settings
from waypost.gateway import start_gateway
from waypost.operations import WRITES


def _reading(bodies: BodyReader) -> Sequence[Endpoint]:
    """send-voice without its point: authenticates, reads the same body whole, stores nothing."""
    send_voice = next(write for write in WRITES if write.name == "send-voice")

    async def answer(call: Call) -> Reply:
        headers = call.http.headers
        length = headers.get("content-length", "")
        body = await bodies.read(
            call.http.stream(), headers.get("content-type", ""), int(length), send_voice.file
        )
        await bodies.discard(body)
        return Reply(body={"read": True})

    path = f"{BASE}/{{instance}}/read"
    return [Endpoint(method="POST", path=path, summary="", scope="send", answer=answer, tag="bench")]


async def _gateway(folder: Path) -> None:
    settings = Settings(
        data=folder, port=0, network="sandbox", sandbox_url="http://127.0.0.1:1", log_level="error"
    )
    async with start_gateway(settings, further=_reading) as gateway:
        async with httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=30) as http:
            admin = {"Authorization": f"Bearer {gateway.new_admin_token}"}
            body = {"name": "accept", "phone": "+447700900001"}
            made = (await http.post(f"{BASE}/create-instance", headers=admin, json=body)).json()
        settle_memory()
        print(json.dumps({"url": gateway.url, "id": made["id"], "token": made["access_token"]}), flush=True)
        await asyncio.Event().wait()


async def _noop(_: Path) -> None:
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
    uvloop.run(serve(Path(sys.argv[2])))
