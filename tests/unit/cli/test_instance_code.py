import io

import msgspec
import pytest
from rich.console import Console

from waypost.cli.instance_codes import fitting
from waypost.client.shapes import InstanceWithCode

SHOWN = msgspec.convert(
    {
        "id": "i",
        "name": "shop",
        "phone": "+447700900101",
        "service_type": "whatsapp",
        "status": "SCAN_QR_CODE",
        "reason": "",
        "reason_message": "",
        "network": "whatsapp",
        "caption_as_text": True,
        "pacing": {},
        "when_unknown": None,
        "calls": {},
        "access_token": None,
        "created_at": "",
        "qr_code": None,
        "qr_text": "https://wa.me/settings/linked_devices#" + "k" * 180,
        "qr_expires_at": None,
    },
    InstanceWithCode,
)


def console(width: int, height: int) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height)


def test_a_code_that_fits_is_drawn_with_what_to_tap() -> None:
    drawn = fitting(console(80, 50), SHOWN).plain
    assert "█" in drawn
    assert "Linked devices" in drawn
    assert len(drawn.splitlines()) < 50


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 60)])
def test_a_terminal_that_would_cut_the_code_is_told_to_grow(width: int, height: int) -> None:
    said = fitting(console(width, height), SHOWN).plain
    assert "█" not in said
    assert f"{width} and {height}" in said
