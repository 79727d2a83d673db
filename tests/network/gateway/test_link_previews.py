"""Texts that show something of the page that they link to, at the contact."""

import base64
import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from tests.network.gateway.files import file_of, received, sent, served
from tests.pictures import jpeg

from waypost.testing.gateway_stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

PAGE = """<!doctype html><html><head><title>Not this</title>
<meta property="og:title" content="The mill &amp; the bakery">
<meta property="og:description" content="Bread since 1890">
<meta property="og:image" content="/oven.jpg"></head><body>…</body></html>"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "bakery.html").write_text(PAGE)
    (folder / "torn.html").write_text(PAGE.replace("/oven.jpg", "/absent.jpg"))
    (folder / "oven.jpg").write_bytes(jpeg(1200, 800))
    (folder / "price.bin").write_bytes(bytes(5_000))
    with served(folder) as address:
        yield address


def thumbnail_size(fields: dict[str, Any]) -> tuple[int, int]:
    return Image.open(io.BytesIO(base64.b64decode(fields["jpeg_thumbnail"]))).size


async def test_a_text_shows_what_the_page_says_of_itself(stage: Stage, site: str) -> None:
    text = f"Look: {site}/bakery.html."
    request = await sent(stage, "send-text", text=text, link_preview=True)
    message = await received(stage, request)
    assert (message.text, message.media) == (text, "none")
    shown, said = message.fields["extended_text"], request["response_body"]["message"]["extendedTextMessage"]
    assert shown["matched_text"] == said["matchedText"] == f"{site}/bakery.html"
    assert shown["title"] == said["title"] == "The mill & the bakery"
    assert shown["description"] == said["description"] == "Bread since 1890"
    assert shown["jpeg_thumbnail"] == said["jpegThumbnail"]
    assert thumbnail_size(shown) == (192, 128)
    assert "warnings" not in request["response_body"]


async def test_in_high_quality_the_picture_is_uploaded_and_the_reply_still_quotes(
    stage: Stage, site: str
) -> None:
    first = await sent(stage, "send-text", text="no link", link_preview=True)
    assert first["response_body"]["message"] == {"extendedTextMessage": {"text": "no link"}}
    replied = first["response_body"]["key"]["id"]
    fields = {"link_preview": True, "link_preview_high_quality": True, "reply_to": replied}
    request = await sent(stage, "send-text", text=f"{site}/bakery.html", **fields)
    message = await received(stage, request)
    assert message.quoted_id == replied
    assert Image.open(io.BytesIO(await file_of(stage, message))).size == (800, 533)
    shown, said = message.fields["extended_text"], request["response_body"]["message"]["extendedTextMessage"]
    assert (shown["thumbnail_width"], shown["thumbnail_height"]) == (800, 533)
    assert (said["thumbnailWidth"], said["thumbnailHeight"]) == (800, 533)
    assert shown["thumbnail_direct_path"] == said["thumbnailDirectPath"]
    assert shown["media_key"] == said["mediaKey"]


@pytest.mark.parametrize(
    ("page", "warning"),
    [
        ("/absent.html", "link_preview_failed"),
        ("/price.bin", "link_preview_failed"),
        ("/torn.html", "link_preview_image_failed"),
    ],
)
async def test_what_can_t_be_had_of_a_page_is_left_out_with_a_warning(
    stage: Stage, site: str, page: str, warning: str
) -> None:
    request = await sent(stage, "send-text", text=site + page, link_preview=True)
    assert (await received(stage, request)).text == site + page
    assert request["response_body"]["warnings"] == [warning]


async def test_a_private_address_is_not_asked(stage: Stage) -> None:
    request = await sent(stage, "send-text", text="http://10.0.0.1/admin", link_preview=True)
    assert request["response_body"]["warnings"] == ["link_preview_failed"]
    assert (await received(stage, request)).text == "http://10.0.0.1/admin"


async def test_nothing_is_fetched_unless_it_is_asked_for(stage: Stage, site: str) -> None:
    request = await sent(stage, "send-text", text=f"{site}/bakery.html")
    assert list((await received(stage, request)).fields) == ["conversation", "context_info"]


CUSTOM = {
    "preview_title": "Our bread",
    "preview_description": "Warm",
    "preview_url": "https://bread.example/",
}


async def test_a_custom_preview_shows_what_the_call_says(stage: Stage, site: str) -> None:
    fields = {"text": "See https://bread.example/ today", **CUSTOM}
    plain = await received(stage, await sent(stage, "send-link-custom-preview", **fields))
    shown = plain.fields["extended_text"]
    assert (shown["title"], shown["description"]) == ("Our bread", "Warm")
    assert shown["matched_text"] == "https://bread.example/"
    assert "jpeg_thumbnail" not in shown
    by_url = await sent(stage, "send-link-custom-preview", preview_image_url=f"{site}/oven.jpg", **fields)
    assert thumbnail_size((await received(stage, by_url)).fields["extended_text"]) == (192, 128)


async def test_a_custom_preview_takes_its_picture_with_the_call(stage: Stage) -> None:
    path, headers = f"{stage.instance.base}/send-link-custom-preview", stage.instance.headers
    fields = {"chatId": "447700900102", "text": "https://bread.example/", "high_quality": "true", **CUSTOM}
    files = {"preview_image_file": ("oven.jpg", jpeg(900, 600))}
    answer = await stage.http.post(path, headers=headers, data=fields, files=files)
    message = await received(stage, await stage.finished(answer))
    assert Image.open(io.BytesIO(await file_of(stage, message))).size == (800, 533)
    assert thumbnail_size(message.fields["extended_text"]) == (192, 128)


async def test_a_custom_preview_whose_address_is_not_in_the_text_is_refused(stage: Stage) -> None:
    path, headers = f"{stage.instance.base}/send-link-custom-preview", stage.instance.headers
    body = {"chatId": "447700900102", "text": "no address", **CUSTOM}
    answer = await stage.http.post(path, headers=headers, json=body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["text"])
