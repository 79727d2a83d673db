"""What the page about webhooks shows is so."""

import re
from typing import Any

from tests.pages import ROOT, blocks

from waypost.events import FURTHER, GIVEN
from waypost.storage.sqlite.database import opened
from waypost.testing.post_office import post_office
from waypost.testing.receiver import receiving
from waypost.webhooks.settings import DeliverySettings

PAGE = ROOT / "docs" / "webhooks.md"
_UNITS = {"s": 1, "min": 60, "h": 3600}


async def test_both_ways_to_check_a_signature_know_ours_from_others(tmp_path: Any) -> None:
    names: dict[str, Any] = {}
    for code in blocks(PAGE, "python"):
        exec(compile(code, "page", "exec"), names)
    async with (
        receiving() as receiver,
        opened(tmp_path / "waypost.db") as database,
        post_office(database) as office,
    ):
        webhook = await office.hook(receiver.url)
        await office.tell("a")
        (came,) = await receiver.until(1)
    for check in (names["is_ours"], names["is_ours_by_hand"]):
        assert check(webhook.signing_secret, came.headers, came.content)
        assert not check(webhook.signing_secret, came.headers, came.content.replace(b"0", b"1"))
        other = {**came.headers, "webhook-id": "evt_other"}
        assert not check(webhook.signing_secret, other, came.content)
        assert not check("whsec_" + "A" * 32, came.headers, came.content)


def test_the_table_of_attempts_is_what_the_gateway_keeps_to() -> None:
    rows = re.findall(r"^\| \d+(?: and on)? \| (\d+) (s|min|h) \|$", PAGE.read_text(), re.MULTILINE)
    assert tuple(float(number) * _UNITS[unit] for number, unit in rows) == DeliverySettings().retry.delays


def test_every_event_is_named() -> None:
    missing = {name for name in GIVEN | FURTHER if f"`{name}`" not in PAGE.read_text()}
    assert missing == set()
