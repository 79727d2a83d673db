"""send-image, from the call to what a contact's phone has on its screen."""

import base64
import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image
from tests.network.gateway.files import file_of, received, sent, served
from tests.pictures import animation, drawn, encoded, jpeg, turned

from waypost.testing.gateway_stage import CONTACT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_jpeg_arrives_byte_for_byte_with_size_thumbnail_caption_and_quote(stage: Stage) -> None:
    first = await sent(stage, "send-image", jpeg())
    picture = jpeg(640, 480)
    replied = first["response_body"]["key"]["id"]
    request = await sent(stage, "send-image", picture, caption="The oven", reply_to=replied)
    message = await received(stage, request)
    said = request["response_body"]["message"]["imageMessage"]
    assert await file_of(stage, message) == picture
    assert (message.type, message.text, message.quoted_id) == ("image", "The oven", replied)
    shown = message.fields["image"]
    assert (shown["width"], shown["height"], shown["mimetype"]) == (640, 480, "image/jpeg")
    assert (said["width"], said["height"], said["mimetype"]) == (640, 480, "image/jpeg")
    assert shown["jpeg_thumbnail"] == said["jpegThumbnail"]
    assert Image.open(io.BytesIO(base64.b64decode(said["jpegThumbnail"]))).size == (100, 75)
    assert said["fileSha256"] == base64.b64encode(hashlib.sha256(picture).digest()).decode()
    assert said["fileLength"] == str(len(picture))
    assert said["caption"] == "The oven"
    assert set(said) == {
        *("url", "mimetype", "fileSha256", "fileLength", "height", "width", "mediaKey", "fileEncSha256"),
        *("directPath", "mediaKeyTimestamp", "jpegThumbnail", "caption"),
    }


async def test_url_base64_and_form_all_arrive(stage: Stage, tmp_path: Path) -> None:
    encoded_file = base64.b64encode(jpeg()).decode()
    form = {"chatId": CONTACT, "file": encoded_file}
    path, headers = f"{stage.instance.base}/send-image", stage.instance.headers
    by_form = await stage.finished(await stage.http.post(path, headers=headers, data=form))
    (tmp_path / "photo.jpg").write_bytes(jpeg())
    with served(tmp_path) as address:
        by_url = await sent(stage, "send-image", url=f"{address}/photo.jpg", mimetype=None)
    for request in (by_form, by_url, await sent(stage, "send-image", file=encoded_file)):
        assert (await received(stage, request)).media == "ok"


@pytest.mark.parametrize("format", ["WEBP", "GIF", "BMP", "AVIF"])
async def test_what_phones_do_not_show_everywhere_becomes_a_jpeg(stage: Stage, format: str) -> None:
    message = await received(stage, await sent(stage, "send-image", encoded(drawn(60, 40), format)))
    file = await file_of(stage, message)
    image = Image.open(io.BytesIO(file))
    assert (image.format, image.size) == ("JPEG", (60, 40))
    assert message.fields["image"]["mimetype"] == "image/jpeg"
    red, _, blue = image.convert("RGB").getpixel((4, 4))  # type: ignore[misc]
    assert red > 200 > 60 > blue


async def test_a_photo_on_its_side_arrives_upright(stage: Stage) -> None:
    message = await received(stage, await sent(stage, "send-image", turned(60, 40)))
    image = Image.open(io.BytesIO(await file_of(stage, message)))
    assert (image.size, image.getexif().get(0x0112, 1)) == ((40, 60), 1)
    shown = message.fields["image"]
    assert (shown["width"], shown["height"]) == (40, 60)


async def test_a_picture_to_look_at_once_is_wrapped_as_one(stage: Stage) -> None:
    request = await sent(stage, "send-image", jpeg(), view_once="true", caption="once")
    message = await received(stage, request)
    assert message.view_once is True
    assert (message.type, message.text) == ("image", "once")
    assert message.fields["image"]["view_once"] is True
    assert request["response_body"]["message"]["imageMessage"]["viewOnce"] is True


async def test_what_is_no_picture_ends_with_its_reason_and_the_next_one_goes(stage: Stage) -> None:
    bomb = encoded(Image.new("1", (30_000, 30_000)), "PNG")
    wrong = {
        "not_image": b"this is no picture at all",
        "too_many_pixels": bomb,
        "corrupt_image": jpeg(640, 480)[:2_000],
    }
    for code, file in wrong.items():
        request = await sent(stage, "send-image", file)
        assert (request["error"]["code"], request["response_status"]) == (code, 422)
        assert request["response_body"]["errors"]["file"]
    assert (await received(stage, await sent(stage, "send-image", animation("GIF", 30, 20)))).media == "ok"


async def test_a_caption_names_people_and_says_whom_it_could_not_name(stage: Stage) -> None:
    first = await sent(stage, "send-image", jpeg())
    body = {
        "file": base64.b64encode(jpeg()).decode(),
        "caption": f"@{CONTACT}, look",
        "mentions": [CONTACT, "447700900999"],
        "reply_to": first["response_body"]["key"]["id"],
    }
    request = await sent(stage, "send-image", **body)
    message = await received(stage, request)
    assert (message.text, message.quoted_id) == (f"@{CONTACT}, look", body["reply_to"])
    assert message.fields["image"]["context_info"]["mentioned_jid"] == [f"{CONTACT}@s.whatsapp.net"]
    assert request["response_body"]["warnings"] == ["mention_not_found"]
