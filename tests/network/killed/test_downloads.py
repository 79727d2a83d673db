"""A file that was on its way to us when somebody was killed."""

from collections.abc import Awaitable, Callable

import httpx
import pytest
from tests.network.killed.conftest import Town

from waypost.sandbox.views import Attachment, NewFailure, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

DATA = b"\xff\xd8" + bytes(range(256)) * 1000


@pytest.mark.parametrize("kill", [Town.kill_gateway, Town.kill_engine], ids=["gateway", "engine process"])
async def test_it_comes_afterwards_and_is_told_once_with_its_message(
    town: Town, kill: Callable[[Town], Awaitable[None]]
) -> None:
    await town.working()
    slow = await town.control.fail(NewFailure("slow_media", direction="download", seconds=600, times=1))

    async def applied() -> int:
        return next(one.applied for one in await town.control.failures() if one.id == slow.id)

    image = Attachment(kind="image", data=DATA, caption="look", mimetype="image/jpeg")
    sent = await town.control.send(f"+{CONTACT}", Send(f"+{PHONE}", file=image))
    await until(applied, lambda times: times == 1)
    await kill(town)
    behind = await town.control.send(f"+{CONTACT}", Send(f"+{PHONE}", text="did you see it?"))
    await town.journal.one("message.any", lambda one: behind.id in one["id"])
    told = [one for one in town.journal.all("message.any") if sent.id in one["id"] or behind.id in one["id"]]
    assert [one["type"] for one in told] == ["image", "text"]
    media = told[0]["media"]
    assert (media["error"], media["size"], media["mimetype"]) == (None, len(DATA), "image/jpeg")
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(media["url"])).content == DATA
