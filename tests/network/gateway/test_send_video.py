"""send-video, from the call to the contact's phone."""

import base64
import io

import pytest
from PIL import Image
from tests.films import film
from tests.network.gateway.files import file_of, received, sent

from waypost.testing.gateway_stage import CONTACT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_video_arrives_with_size_length_thumbnail_caption_and_quote(stage: Stage) -> None:
    data = film(width=320, height=180)
    first = await sent(stage, "send-video", data)
    replied = first["response_body"]["key"]["id"]
    request = await sent(stage, "send-video", data, caption="The oven, moving", reply_to=replied)
    message = await received(stage, request)
    assert await file_of(stage, message) == data
    assert (message.type, message.text, message.quoted_id) == ("video", "The oven, moving", replied)
    shown, said = message.fields["video"], request["response_body"]["message"]["videoMessage"]
    facts = ("width", "height", "seconds", "mimetype")
    assert [shown[name] for name in facts] == [said[name] for name in facts] == [320, 180, 2, "video/mp4"]
    assert shown["jpeg_thumbnail"] == said["jpegThumbnail"]
    assert Image.open(io.BytesIO(base64.b64decode(said["jpegThumbnail"]))).size == (100, 56)
    assert list(request["response_body"]["message"]) == ["videoMessage"]


async def test_a_note_is_a_round_video(stage: Stage) -> None:
    data = film()
    first = await sent(stage, "send-video", data)
    replied = first["response_body"]["key"]["id"]
    request = await sent(stage, "send-video", data, asNote="true", reply_to=replied)
    message = await received(stage, request)
    assert await file_of(stage, message) == data
    assert (message.type, message.quoted_id) == ("ptv", replied)
    assert list(request["response_body"]["message"]) == ["ptvMessage"]


async def test_a_video_can_be_one_to_look_at_once(stage: Stage) -> None:
    message = await received(stage, await sent(stage, "send-video", film("mov"), view_once="1"))
    assert (message.type, message.view_once, message.media) == ("video", True, "ok")
    path, headers = f"{stage.instance.base}/send-video", stage.instance.headers
    body = {"chatId": CONTACT, "file": "QQ==", "asNote": True, "view_once": True}
    answer = await stage.http.post(path, headers=headers, json=body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["view_once"])


async def test_a_video_that_phones_do_not_play_is_refused_with_what_they_do(stage: Stage) -> None:
    request = await sent(stage, "send-video", film("webm", video="libvpx", sound=None))
    assert (request["error"]["code"], request["response_status"]) == ("unsupported_video", 422)
    assert "H.264" in request["response_body"]["errors"]["file"][0]
