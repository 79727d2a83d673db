"""Calls that bring a file, and what the contact's phone then holds."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waypost.sandbox.views import InboxMessage
from waypost.testing.gateway_stage import CONTACT, Stage, until


async def sent(
    stage: Stage, operation: str, file: bytes | None = None, /, *, name: str = "file.bin", **fields: Any
) -> dict[str, Any]:
    """The finished request of a call to the contact: multipart with `file`, called `name`, else JSON."""
    path, headers = f"{stage.instance.base}/{operation}", stage.instance.headers
    fields = {"chatId": f"{CONTACT}@c.us", **fields}
    if file is None:
        return await stage.finished(await stage.http.post(path, headers=headers, json=fields))
    files = {"file": (name, file)}
    return await stage.finished(await stage.http.post(path, headers=headers, data=fields, files=files))


async def received(stage: Stage, request: dict[str, Any]) -> InboxMessage:
    """The inbox message of a request that was sent."""
    assert request["response_status"] == 201, request
    wanted = request["response_body"]["key"]["id"]

    async def look() -> InboxMessage | None:
        return next((one for one in (await stage.inbox()).messages if one.id == wanted), None)

    found: InboxMessage = await until(look, lambda one: one is not None)
    return found


async def file_of(stage: Stage, message: InboxMessage) -> bytes:
    """What the contact downloaded and decrypted."""
    assert message.media == "ok"
    return await stage.control.media(f"+{CONTACT}", message.seq)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A web server on loopback with the files of a folder; its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
