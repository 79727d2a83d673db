"""Changes of webhooks and of what is owed to them, while something else happens; on both databases."""

import asyncio
from typing import Any

import pytest

from waypost.storage.database import Database
from waypost.testing.post_office import INSTANCE, PostOffice
from waypost.testing.receiver import Receiver
from waypost.webhooks import webhooks
from waypost.webhooks.body import headers
from waypost.webhooks.webhook import Webhook
from waypost.webhooks.webhooks import Wanted


async def test_a_key_that_is_rotated_while_an_address_is_looked_up_stays(
    office: PostOffice, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever rotated it was told the new key once: a change that began before must not take it back."""
    webhook = await office.hook(receiver.url)
    looking, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: str) -> None:
        looking.set()
        await go_on.wait()

    monkeypatch.setattr(office.webhooks, "check", slow)
    moving = asyncio.create_task(
        office.webhooks.change(INSTANCE.id, webhook.id, Wanted(url=receiver.url + "/new"), rotate=False)
    )
    await looking.wait()
    rotated = await office.webhooks.change(INSTANCE.id, webhook.id, Wanted(), rotate=True)
    go_on.set()
    await moving
    found = await office.webhooks.get(INSTANCE.id, webhook.id)
    assert found.signing_secret == rotated.signing_secret != webhook.signing_secret
    assert found.old_signing_secret == webhook.signing_secret
    assert found.url.endswith("/new")


async def test_what_is_sent_again_is_sent_once_more_however_quick_its_receiver_is(
    office: PostOffice, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is set out in portions: what of the first is delivered already must not come with the next."""
    monkeypatch.setattr(webhooks, "_CHUNK", 2)
    webhook = await office.hook(receiver.url)
    await office.tell(*"aaaaa")
    await office.until(webhook, "delivered", 5)
    portion = office.deliveries.redeliver_all

    async def waited(*what: Any) -> Any:
        found = await portion(*what)
        office.dispatcher.changed()
        await office.until(webhook, "delivered", 5)
        return found

    monkeypatch.setattr(office.deliveries, "redeliver_all", waited)
    async with asyncio.timeout(20):
        count = await office.webhooks.redeliver_all(INSTANCE.id, webhook.id, "delivered", 0.0, 2.0**40)
    assert count == 5
    assert len(receiver.came) == 10


async def test_a_row_that_can_not_be_read_stops_no_delivery_for_good(
    office: PostOffice, receiver: Receiver, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await office.hook(receiver.url)
    broken, read = asyncio.Event(), office.deliveries.enabled

    async def noted() -> list[Webhook]:
        try:
            return await read()
        except Exception:
            broken.set()
            raise

    monkeypatch.setattr(office.deliveries, "enabled", noted)
    await database.write(lambda connection: connection.execute("UPDATE webhooks SET headers = '{'"))
    await broken.wait()
    await database.write(lambda connection: connection.execute("UPDATE webhooks SET headers = '{}'"))
    await office.webhooks.delete(INSTANCE.id, webhook.id)
    another = await office.hook(receiver.url)
    await office.tell("a")
    await office.until(another, "delivered", 1)


async def test_a_user_agent_that_an_operator_chose_is_the_only_one(
    office: PostOffice, receiver: Receiver
) -> None:
    webhook = await office.hook(receiver.url, headers={"User-Agent": "Shop"})
    content = b"{}"
    sent = headers(webhook, "evt_1", content, 1_700_000_000.0)
    assert [value for name, value in sent.items() if name.lower() == "user-agent"] == ["Shop"]
