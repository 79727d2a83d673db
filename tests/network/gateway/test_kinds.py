"""Messages of every kind that brings a file, and their types."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.network.gateway.told import Journal

from waypost.sandbox.views import Attachment, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

FILES = {
    "image": Attachment(kind="image", data=b"\xff\xd8image", mimetype="image/jpeg", caption="an image"),
    "video": Attachment(kind="video", data=b"video", mimetype="video/mp4", caption="a video", seconds=3),
    "ptv": Attachment(kind="ptv", data=b"round", mimetype="video/mp4", seconds=4),
    "document": Attachment(
        kind="document", data=b"%PDF", mimetype="application/pdf", caption="a bill", filename="bill.pdf"
    ),
    "sticker": Attachment(kind="sticker", data=b"RIFF", mimetype="image/webp", animated=True),
}
MADE = {
    **{kind: Send(f"+{PHONE}", file=file) for kind, file in FILES.items()},
    "audio": Send(f"+{PHONE}", audio=b"ID3song", ptt=False, mimetype="audio/mpeg", seconds=9),
}
DATA = {**{kind: file.data for kind, file in FILES.items()}, "audio": b"ID3song"}
SECONDS = {"video": 3, "ptv": 4, "audio": 9}


@pytest.mark.parametrize("kind", MADE)
async def test_a_message_with_a_file_is_told_by_its_kind(stage: Stage, stage_folder: Path, kind: str) -> None:
    sent = await stage.control.send(f"+{CONTACT}", MADE[kind])
    journal = Journal(stage_folder, stage.instance.id)
    told = await journal.one("message.any", lambda one: sent.id in one["id"])
    file, media = MADE[kind].file, told["media"]
    assert (told["type"], told["hasMedia"]) == (kind, True)
    assert told["body"] == ((file and file.caption) or "")
    assert (media["error"], media["size"], media["seconds"]) == (None, len(DATA[kind]), SECONDS.get(kind))
    assert media["mimetype"] == (file.mimetype if file else "audio/mpeg")
    assert media["filename"] == (file and file.filename)
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(media["url"])).content == DATA[kind]


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A web server within our own network, and what it was asked for."""
    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


async def test_no_message_has_the_engine_ask_anybody_but_whatsapp(
    stage: Stage, stage_folder: Path, elsewhere: tuple[str, list[str]]
) -> None:
    url, asked = elsewhere
    file = Attachment(kind="image", data=b"\xff\xd8here", mimetype="image/jpeg", url=f"{url}/admin")
    sent = await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", file=file))
    journal = Journal(stage_folder, stage.instance.id)
    told = await journal.one("message.any", lambda one: sent.id in one["id"])
    assert (told["media"]["error"], told["media"]["size"], asked) == (None, 6, [])
