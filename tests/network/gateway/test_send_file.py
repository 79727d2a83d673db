"""send-file and send-sticker, from the call to the contact's phone."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from tests.network.gateway.files import file_of, received, sent, served
from tests.pictures import animation, drawn, encoded

from waypost.testing.gateway_stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 20


async def test_a_file_arrives_as_it_is_with_name_kind_caption_and_quote(stage: Stage) -> None:
    first = await sent(stage, "send-file", PDF, name="bill.pdf")
    replied = first["response_body"]["key"]["id"]
    request = await sent(stage, "send-file", PDF, name="bill.pdf", caption="The bill", reply_to=replied)
    message = await received(stage, request)
    assert await file_of(stage, message) == PDF
    assert (message.type, message.text, message.quoted_id) == ("document", "The bill", replied)
    shown, said = message.fields["document"], request["response_body"]["message"]["documentMessage"]
    assert (shown["file_name"], shown["title"], shown["mimetype"]) == (
        "bill.pdf",
        "bill.pdf",
        "application/pdf",
    )
    assert set(said) == {
        *("url", "mimetype", "fileSha256", "fileLength", "mediaKey", "fileEncSha256", "directPath"),
        *("mediaKeyTimestamp", "fileName", "title", "caption"),
    }
    assert (said["fileName"], said["fileLength"]) == ("bill.pdf", str(len(PDF)))


@pytest.mark.parametrize(
    ("fields", "name", "kind"),
    [
        ({"filename": "offer.docx"}, "offer.docx", "wordprocessingml.document"),
        ({"fileName": "offer.zip", "mimetype": "application/x-own"}, "offer.zip", "application/x-own"),
        ({"filename": "../../etc/pass\u202efdp.exe"}, "passfdp.exe", ""),
        ({}, "file.pdf", "application/pdf"),
    ],
)
async def test_name_and_kind_are_what_the_call_says_or_can_be_seen(
    stage: Stage, fields: dict[str, str], name: str, kind: str
) -> None:
    request = await sent(stage, "send-file", file=base64.b64encode(PDF).decode(), **fields)
    shown = (await received(stage, request)).fields["document"]
    assert shown["file_name"] == name
    assert shown["mimetype"].endswith(kind)


async def test_a_large_file_and_one_behind_a_url_arrive(stage: Stage, tmp_path: Path) -> None:
    large = PDF * 200
    assert await file_of(stage, await received(stage, await sent(stage, "send-file", large))) == large
    (tmp_path / "price list.json").write_text('{"bread": 3}')
    (tmp_path / "login").write_text("<html>")
    with served(tmp_path) as address:
        wanted = await sent(stage, "send-file", url=f"{address}/price%20list.json")
        page = await sent(stage, "send-file", url=f"{address}/login")
    message = await received(stage, wanted)
    assert await file_of(stage, message) == b'{"bread": 3}'
    assert message.fields["document"]["file_name"] == "price list.json"
    assert page["error"]["code"] == "url_is_a_page"


async def test_an_empty_file_and_a_wrong_type_are_refused(stage: Stage) -> None:
    empty = await sent(stage, "send-file", b"", name="empty.txt")
    assert (empty["error"]["code"], empty["response_status"]) == ("empty_file", 422)
    path, headers = f"{stage.instance.base}/send-file", stage.instance.headers
    body = {"chatId": "447700900102", "file": "QQ==", "mimetype": "no type"}
    answer = await stage.http.post(path, headers=headers, json=body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["mimetype"])


async def test_a_picture_becomes_a_sticker_and_a_moving_one_still_moves(stage: Stage) -> None:
    request = await sent(stage, "send-sticker", encoded(drawn(300, 100), "PNG"))
    message = await received(stage, request)
    image = Image.open(io.BytesIO(await file_of(stage, message)))
    assert (image.format, image.size) == ("WEBP", (512, 512))
    said = request["response_body"]["message"]["stickerMessage"]
    assert (said["width"], said["height"], said["mimetype"]) == (512, 512, "image/webp")
    assert "isAnimated" not in said
    ready = animation("WEBP", 512, 512)
    message = await received(stage, await sent(stage, "send-sticker", ready))
    assert await file_of(stage, message) == ready
    assert message.fields["sticker"]["is_animated"] is True
