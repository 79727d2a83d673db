import base64
import io
from pathlib import Path

import av
import zxingcpp

from waypost.testing.gateway_stage import gateway_stage


def read(png: bytes) -> list[str]:
    """The texts of the QR codes in a picture, as a phone's camera would find them."""
    with av.open(io.BytesIO(png), "r") as picture:
        frame = next(picture.decode(video=0))
    return [code.text for code in zxingcpp.read_barcodes(frame.to_ndarray(format="gray"))]


async def test_the_picture_of_an_instances_code_says_its_text_and_so_does_the_next(tmp_path: Path) -> None:
    async with gateway_stage(tmp_path) as stage:
        made = await stage.create("seen", "447700900171")
        assert read(base64.b64decode(made["qr_code"])) == [made["qr_text"]]
        path = f"/api/whatsapp/v2/{made['id']}/request-new-qr-code"
        renewed = (await stage.http.post(path, headers=stage.admin)).json()
        (text,) = read(base64.b64decode(renewed["qr_code"]))
        assert text == renewed["qr_text"]
        await stage.control.add_phone("+447700900171")
        assert (await stage.control.scan("+447700900171", text)).phone == "+447700900171"
