"""Rows for messages that bring a file: what other engines make of ours, and we of theirs."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from tests.films import film
from tests.interop.rows import (
    Act,
    Address,
    Check,
    Do,
    Row,
    Stage,
    chat_of,
    delivered,
    jid_of,
    own_of,
    quotes,
    read,
    text,
    ticked,
    told_of,
)
from tests.pictures import drawn, encoded, jpeg

from waypost.testing.phones import Received


@dataclass(frozen=True)
class File:
    """A file to be sent by an operation; `kind` is what the message is called, in ours and in theirs."""

    operation: str
    kind: str
    data: bytes
    size: tuple[int, int] | None = None


PHOTO = File("send-image", "image", jpeg(640, 480), (640, 480))
FILM = File("send-video", "video", film(width=320, height=180), (320, 180))
ROUND = File("send-video", "ptv", film(width=240, height=240), (240, 240))
BILL = File("send-file", "document", b"%PDF-1.7\n" + bytes(range(256)) * 20)
STICKER = File("send-sticker", "sticker", encoded(drawn(512, 512), "WEBP"), (512, 512))
LINK = "https://bread.example/"


# --- acts -----------------------------------------------------------------------------------------------


def our(file: File, **fields: str) -> Do:
    """We send it, in answer to a text of theirs."""

    async def act(stage: Stage, to: Address) -> Act:
        theirs = await stage.phone.send_text(jid_of(stage, to), "show me")
        await told_of(stage, theirs)
        data = {"chatId": chat_of(stage, to), "reply_to": theirs, **fields}
        files = {"file": (f"{file.kind}.bin", file.data)}
        own = await stage.us.send("POST", file.operation, data=data, files=files)
        return Act(own.id, own, fields.get("caption", ""), theirs)

    return act


async def our_voice_once(stage: Stage, to: Address) -> Act:
    data = {"chatId": chat_of(stage, to), "view_once": "true"}
    files = {"file": ("note.mp3", stage.source.read_bytes())}
    own = await stage.us.send("POST", "send-voice", data=data, files=files)
    return Act(own.id, own)


async def our_link(stage: Stage, to: Address) -> Act:
    fields = {"preview_title": "Bread", "preview_description": "Warm", "preview_url": LINK}
    data = {"chatId": chat_of(stage, to), "text": f"See {LINK}", "high_quality": "true", **fields}
    files = {"preview_image_file": ("oven.jpg", jpeg(900, 600))}
    own = await stage.us.send("POST", "send-link-custom-preview", data=data, files=files)
    return Act(own.id, own, f"See {LINK}")


def our_reply_to_their(file: File) -> Do:
    async def act(stage: Stage, to: Address) -> Act:
        path = stage.note.parent / f"their-{file.kind}"
        path.write_bytes(file.data)
        theirs = await stage.phone.send_file(jid_of(stage, to), file.kind, path, "image/jpeg", "look")
        await told_of(stage, theirs)
        own = await stage.us.send_text(chat_of(stage, to), "seen it", theirs)
        return Act(own.id, own, "seen it", theirs)

    return act


# --- checks ---------------------------------------------------------------------------------------------


def whole(file: File, **said: Any) -> Check:
    """Of its kind, decrypted byte for byte, with the sizes and the thumbnail that the API told of."""

    async def check(stage: Stage, act: Act, got: Received) -> str:
        ours = own_of(act).body["message"][f"{file.kind}Message"]
        assert got.media_error == ""
        assert got.kind == file.kind
        assert Path(got.path).read_bytes() == file.data
        assert base64.b64encode(got.sha256).decode() == ours["fileSha256"]
        content = {name.lower(): value for name, value in got.content.items()}
        seen = f"{got.mimetype}, {got.size} B, sha256 {got.sha256.hex()[:8]}…"
        for name, value in said.items():
            assert content[name.lower()] == value, name
        if file.size is not None:
            assert (content["width"], content["height"]) == (ours["width"], ours["height"]) == file.size
            seen += f", {content['width']}×{content['height']}"
        if "jpegThumbnail" in ours:
            assert content["jpegthumbnail"] == ours["jpegThumbnail"]
            small = Image.open(io.BytesIO(base64.b64decode(content["jpegthumbnail"]))).size
            seen += f", thumbnail {small[0]}×{small[1]}"
        return seen

    return check


async def once(stage: Stage, act: Act, got: Received) -> str:
    content = {name.lower(): value for name, value in got.content.items()}
    assert content["viewonce"] is True
    return "to be seen once"


async def voice_once(stage: Stage, act: Act, got: Received) -> str:
    assert (got.kind, got.media_error, got.ptt) == ("audio", "", True)
    assert Path(got.path).read_bytes() == stage.note.read_bytes()
    return f"voice note, {got.seconds} s, {await once(stage, act, got)}"


async def preview(stage: Stage, act: Act, got: Received) -> str:
    """The words, the small picture, and the large one fetched and decrypted."""
    content = {name.lower(): value for name, value in got.content.items()}
    assert (content["title"], content["description"], content["matchedtext"]) == ("Bread", "Warm", LINK)
    assert Image.open(io.BytesIO(base64.b64decode(content["jpegthumbnail"]))).size == (192, 128)
    assert got.media_error == ""
    large = Image.open(io.BytesIO(Path(got.path).read_bytes())).size
    assert large == (content["thumbnailwidth"], content["thumbnailheight"]) == (800, 533)
    return f"preview “{content['title']}” with a picture of {large[0]}×{large[1]}"


_QUOTED = quotes("extendedText")
FILES = [
    Row("our image", our(PHOTO, caption="The oven"), [whole(PHOTO), text, _QUOTED, delivered, read]),
    Row("our image", our(PHOTO, caption="The oven"), [whole(PHOTO), text, _QUOTED, delivered], to="LID"),
    Row("our image, once", our(PHOTO, view_once="true"), [whole(PHOTO), once, _QUOTED, delivered]),
    Row("our video", our(FILM), [whole(FILM, seconds=2), _QUOTED, delivered]),
    Row("our round video", our(ROUND, asNote="true"), [whole(ROUND, seconds=2), _QUOTED, delivered]),
    Row(
        "our file",
        our(BILL),
        [whole(BILL, fileName="document.bin", mimetype="application/pdf"), _QUOTED, delivered],
    ),
    Row("our file, caption", our(BILL, caption="The bill"), [whole(BILL), text, _QUOTED, delivered]),
    Row("our sticker", our(STICKER), [whole(STICKER), _QUOTED, delivered]),
    Row("our voice note, once", our_voice_once, [voice_once, delivered]),
    Row("our link preview", our_link, [text, preview, delivered]),
    Row("their image, our reply", our_reply_to_their(PHOTO), [text, quotes("image"), ticked, delivered]),
    Row("their file, our reply", our_reply_to_their(BILL), [text, quotes("document"), ticked, delivered]),
]
