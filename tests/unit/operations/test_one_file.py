"""What a file goes through between the call and its message: power cuts, rows of before, names."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from tests.unit.operations.stage import SHOP, parts

from waypost.engine.port import UploadedMedia
from waypost.media.document import Document, fit_name, name_in_url, type_of_name
from waypost.media.picture import Picture
from waypost.operations.messages.send_file import SEND_FILE, SendFileFields
from waypost.operations.messages.send_image import SEND_IMAGE
from waypost.operations.one_file import StagedFile
from waypost.outbox.request import Request, RequestState, Step

JID = "447700900102@s.whatsapp.net"
WHOLE = b"a whole picture"


def request(**changes: Any) -> Request:
    plain = Request(
        uuid="u",
        seq=1,
        instance_id=SHOP,
        operation="send-image",
        chat_key="99@lid",
        state=RequestState.SENDING,
        request=b'{"file":{"filename":"oven.jpg","size":3,"sha256":"00"}}',
        payload=f'{{"chat":"{JID}"}}'.encode(),
        payload_version=1,
        created_at=0,
        expires_at=1,
        blob_id="b",
    )
    return msgspec.structs.replace(plain, **changes)


class Uploads:
    async def inline(self, blob_id: str) -> bytes:
        return WHOLE

    async def file(self, blob_id: str, scratch: Path) -> Path | None:
        raise AssertionError("it is small")


class Converter:
    def __init__(self) -> None:
        self.made = 0

    async def picture(self, source: Path, target: Path, use: str) -> Picture:
        self.made += 1
        target.write_bytes(source.read_bytes())
        digest = hashlib.sha256(WHOLE).digest()
        return Picture(size=15, sha256=digest, mimetype="image/jpeg", width=4, height=3, thumbnail=b"t")


@pytest.mark.parametrize("left", [None, b"", b"a torn pic"])
async def test_a_file_that_a_power_cut_took_or_damaged_is_made_again_and_only_that_is_sent(
    tmp_path: Path, left: bytes | None
) -> None:
    here, converter = await parts(tmp_path), Converter()
    resources = replace(here.resources, uploads=cast("Any", Uploads()), converter=cast("Any", converter))
    one = request()
    payload = SEND_IMAGE.read_payload(one)
    prepared = await SEND_IMAGE.prepare(resources, one, payload)
    assert converter.made == 1
    kept = tmp_path / "u.file"
    if left is None:
        kept.unlink()
    else:
        kept.write_bytes(left)
    one = request(prepared=prepared.data)
    staged = await SEND_IMAGE.stage(resources, one, payload)
    found = msgspec.json.decode(staged.data, type=StagedFile[Picture])
    assert found.media.file_sha256 == hashlib.sha256(WHOLE).digest()
    assert converter.made == 2
    assert list(tmp_path.iterdir()) == []


async def test_a_document_that_was_staged_is_sent_with_all_that_it_had(tmp_path: Path) -> None:
    here = await parts(tmp_path)
    media = UploadedMedia(
        url="https://m/v",
        direct_path="/v",
        media_key=b"k",
        file_sha256=b"s",
        file_enc_sha256=b"e",
        file_length=7,
        uploaded_at=1_700_000_000,
    )
    facts = Document(size=7, sha256=b"s", filename="bill.pdf", mimetype="application/pdf")
    staged = msgspec.json.encode(StagedFile(jid=JID, media=media, facts=facts))
    payload = f'{{"chat":"{JID}","caption":"The bill"}}'.encode()
    one = request(operation="send-file", payload=payload, staged=staged)
    step = Step(number=0, name="message", state="sending", secret=b"s" * 32)
    await SEND_FILE.perform(here.resources, one, SEND_FILE.read_payload(one), step, [])
    content = here.engine.sent[-1].order.content["documentWithCaptionMessage"]["message"]["documentMessage"]
    assert (content["fileName"], content["mimetype"], content["caption"]) == (
        "bill.pdf",
        "application/pdf",
        "The bill",
    )
    assert (content["URL"], content["fileLength"], content["mediaKey"]) == ("https://m/v", 7, b"k")


@pytest.mark.parametrize(
    ("given", "fit"),
    [
        ("bill.pdf", "bill.pdf"),
        ("C:\\Users\\me\\bill.pdf", "bill.pdf"),
        ("../../etc/passwd", "passwd"),
        ("exe.\u202efdp", "exe.fdp"),
        ("a\x00b\n.txt", "ab.txt"),
        ("/", None),
        ("", None),
        (None, None),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_a_file_name_has_no_folders_and_misleads_nobody(given: str | None, fit: str | None) -> None:
    assert fit_name(given) == fit


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/price%20list.pdf?token=1", "price list.pdf"),
        ("https://a.example/download", None),
        ("https://a.example/", None),
        ("https://a.example/..%2Fx.pdf", "x.pdf"),
        (None, None),
    ],
)
def test_a_url_names_the_file_only_by_a_name_that_looks_like_one(url: str | None, name: str | None) -> None:
    assert name_in_url(url) == name


def test_a_file_name_of_the_call_goes_before_that_of_the_url() -> None:
    fields = SendFileFields(chatId=JID, url="https://a.example/x.pdf", fileName="y.pdf")
    assert SEND_FILE.accept(fields, None, cast("Any", None)).payload.filename == "y.pdf"
    assert type_of_name("Y.PDF") == "application/pdf"
    assert type_of_name("no ending") is None
