"""How events come to receivers: order, retries, dead letters, who is slowed by whom; on both databases."""

import asyncio

from waypost.durable.retry import Schedule
from waypost.events import Event
from waypost.storage.database import Database
from waypost.testing.gateway_stage import until
from waypost.testing.post_office import INSTANCE, QUICK, PostOffice, post_office
from waypost.testing.receiver import Answer, Received, Receiver, receiving
from waypost.webhooks.webhooks import Wanted


def numbers(came: list[Received]) -> list[int]:
    return [one.payload["n"] for one in came]


def firsts(came: list[Received]) -> list[int]:
    return list(dict.fromkeys(numbers(came)))


async def test_a_chat_s_events_come_in_order_however_many_there_are(
    office: PostOffice, receiver: Receiver
) -> None:
    await office.hook(receiver.url)
    for _ in range(10):
        await office.tell(*["a"] * 10)
    came = await receiver.until(100)
    assert numbers(came) == list(range(100))


async def test_an_event_that_failed_holds_its_chat_up_and_no_other(
    office: PostOffice, receiver: Receiver
) -> None:
    left = 3

    def answer(received: Received) -> Answer:
        nonlocal left
        if received.payload["n"] == 0 and left:
            left -= 1
            return 500, {}
        return 200, {}

    receiver.answer = answer
    webhook = await office.hook(receiver.url)
    await office.tell("a", "b", "a", "b", "a")
    done = await office.until(webhook, "delivered", 5)
    of_a = [n for n in numbers(receiver.came) if n in (0, 2, 4)]
    assert of_a == [0, 0, 0, 0, 2, 4]
    assert numbers(receiver.came).index(3) < len(receiver.came) - 3
    found = await office.deliveries.get(webhook.id, done[0].seq)
    assert found is not None
    assert [one.status for one in found[1]] == [500, 500, 500, 200]


async def test_whatever_a_receiver_answers_it_is_asked_again_at_the_same_address(
    office: PostOffice, receiver: Receiver
) -> None:
    refusals = [301, 401, 404, 410, 429, 503]

    def answer(_: Received) -> Answer:
        count = len(receiver.came)
        return (refusals[count - 1] if count <= len(refusals) else 200), {"location": "/elsewhere"}

    receiver.answer = answer
    webhook = await office.hook(receiver.url)
    await office.tell("a")
    (delivery,) = await office.until(webhook, "delivered", 1)
    found = await office.deliveries.get(webhook.id, delivery.seq)
    assert found is not None
    assert [one.status for one in found[1]] == [*refusals, 200]
    assert {one.path for one in receiver.came} == {"/hook/secret-path"}


async def test_a_receiver_that_names_a_time_is_left_alone_until_then(
    office: PostOffice, receiver: Receiver
) -> None:
    receiver.answer = lambda _: (503, {"retry-after": "40"})
    webhook = await office.hook(receiver.url)
    await office.tell("a")

    async def failed() -> bool:
        return (await office.all(webhook))[0].attempts == 1

    await until(failed, bool)
    (waiting,) = await office.all(webhook)
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at >= waiting.created_at + 40


async def test_a_receiver_that_does_not_answer_slows_nobody_else(
    office: PostOffice, receiver: Receiver
) -> None:
    async with receiving() as stuck:
        stuck.hold.clear()
        await office.hook(stuck.url)
        webhook = await office.hook(receiver.url)
        await office.tell(*[f"chat{n}" for n in range(40)])
        await office.until(webhook, "delivered", 40)
        assert stuck.most_open == QUICK.at_once
        stuck.hold.set()
        await stuck.until(40)


async def test_a_backlog_stays_in_the_database_and_comes_in_order_when_the_receiver_is_back(
    database: Database, receiver: Receiver
) -> None:
    receiver.answer = lambda _: (500, {})
    async with asyncio.timeout(60), post_office(database, window=8, waiting=4) as office:
        webhook = await office.hook(receiver.url)
        chats = [f"chat{n % 12}" for n in range(120)]
        await office.tell(*chats)
        await receiver.until(8)
        asked = {chats[n] for n in numbers(receiver.came)}
        assert len(asked) <= 4 + QUICK.at_once
        receiver.answer = lambda _: (200, {})
        await office.until(webhook, "delivered", 120)
    for chat in set(chats):
        assert [n for n in firsts(receiver.came) if chats[n] == chat] == [
            n for n in range(120) if chats[n] == chat
        ]


async def test_what_failed_for_too_long_is_a_dead_letter_and_the_chat_goes_on(
    database: Database, receiver: Receiver
) -> None:
    receiver.answer = lambda received: (500 if received.payload["n"] == 1 else 200, {})
    async with asyncio.timeout(60), post_office(database, retry_seconds=0.5) as office:
        webhook = await office.hook(receiver.url)
        await office.tell("a", "a")
        # What goes well elsewhere keeps the webhook enabled.
        while not (dead := await office.all(webhook, "dead")):
            await office.tell("b")
            await asyncio.sleep(0.02)
        (letter,) = dead
        assert (letter.status, letter.error) == (500, "It answered 500.")
        receiver.answer = lambda _: (200, {})
        await office.tell("a")
        await office.until(webhook, "delivered", office.count - 1)
        assert (await office.webhooks.get(INSTANCE.id, webhook.id)).enabled
        assert await office.webhooks.redeliver_all(INSTANCE.id, webhook.id, "dead", 0.0, 2.0**40) == 1
        await office.until(webhook, "delivered", office.count)


async def test_a_webhook_to_which_nothing_could_be_delivered_is_disabled_and_that_is_told(
    database: Database, receiver: Receiver
) -> None:
    async with receiving() as watcher, asyncio.timeout(60):
        receiver.answer = lambda _: (410, {})
        async with post_office(database, retry_seconds=0.6, failing_share=0.3) as office:
            webhook = await office.hook(receiver.url)
            await office.hook(watcher.url, "webhook.disabled")
            await office.tell("a", "a", "b")
            await office.until(webhook, "dead", 3)
            found = await office.webhooks.get(INSTANCE.id, webhook.id)
            assert (found.enabled, found.reason) == (False, "failing")
            (told,) = await watcher.until(1)
            assert (told.payload["webhook_id"], told.payload["status"]) == (webhook.id, 410)
            # Nothing is owed to it any more, until somebody enables it.
            await office.tell("a")
            receiver.answer = lambda _: (200, {})
            seen = len(receiver.came)
            await office.webhooks.change(INSTANCE.id, webhook.id, Wanted(enabled=True), rotate=False)
            await office.tell("c")
            await office.until(webhook, "delivered", 1)
            assert numbers(receiver.came[seen:]) == [4]
            again = await office.webhooks.redeliver_all(INSTANCE.id, webhook.id, "dead", 0.0, 2.0**40)
            assert again == 3
            await office.until(webhook, "delivered", 4)


async def test_a_receiver_that_comes_back_has_what_waits_at_once(
    database: Database, receiver: Receiver
) -> None:
    """Its first events were tried at growing distances: without this they would come hours late."""
    receiver.answer = lambda _: (500, {})
    slow = Schedule(delays=(3600.0,), jitter=0.0)
    async with asyncio.timeout(60), post_office(database, retry=slow, retry_seconds=86_400.0) as office:
        webhook = await office.hook(receiver.url)
        await office.tell(*[f"chat{n}" for n in range(8)])
        await receiver.until(8)
        receiver.answer = lambda _: (200, {})
        await office.tell("another")
        await office.until(webhook, "delivered", 9)


async def test_a_restart_goes_on_where_the_last_process_was(database: Database, receiver: Receiver) -> None:
    receiver.hold.clear()
    async with asyncio.timeout(60):
        async with post_office(database) as office:
            webhook = await office.hook(receiver.url)
            await office.tell("a", "b", "a")
            await receiver.until(2)
        receiver.hold.set()
        async with post_office(database) as office:
            await office.until(webhook, "delivered", 3)
    assert firsts(receiver.came) in ([0, 1, 2], [1, 0, 2])


async def test_only_the_node_that_holds_the_instance_delivers_and_the_next_one_goes_on(
    database: Database, receiver: Receiver
) -> None:
    async with asyncio.timeout(60), post_office(database) as one, post_office(database) as other:
        other.holds = False
        webhook = await one.hook(receiver.url)
        await one.tell("a")
        await one.until(webhook, "delivered", 1)
        one.holds, other.holds = False, True
        await one.tell("a")
        await one.until(webhook, "delivered", 2)
        assert numbers(receiver.came) == [0, 1]


async def test_an_event_that_nobody_told_of_is_found(office: PostOffice, receiver: Receiver) -> None:
    webhook = await office.hook(receiver.url)
    event = Event(instance_id=INSTANCE.id, name="message.any", key="k", at=0.0, payload={"n": 0}, chat="a")
    await office.events.put([event])
    await office.until(webhook, "delivered", 1)


async def test_a_long_answer_is_kept_in_part_and_attempts_are_bounded(
    office: PostOffice, receiver: Receiver
) -> None:
    receiver.text = b"x" * 200_000
    webhook = await office.hook(receiver.url)
    await office.tell("a")
    for count in range(1, 25):
        await receiver.until(count)
        await office.until(webhook, "delivered", 1)
        (delivery,) = await office.all(webhook)
        await office.webhooks.redeliver(INSTANCE.id, webhook.id, delivery.seq)
    await receiver.until(25)
    await office.until(webhook, "delivered", 1)
    found = await office.deliveries.get(webhook.id, delivery.seq)
    assert found is not None
    assert [one.number for one in found[1]] == list(range(6, 26))
    assert {one.answer for one in found[1]} == {b"x" * 2048}


async def test_old_events_go_with_their_deliveries_and_attempts(
    office: PostOffice, receiver: Receiver, database: Database
) -> None:
    webhook = await office.hook(receiver.url)
    await office.tell("a")
    await office.until(webhook, "delivered", 1)
    assert await office.events.forget(2.0**40, 100) == 1
    assert await office.all(webhook) == []
    sql = "SELECT count(*) FROM delivery_attempts"
    assert await database.read(lambda c: c.execute(sql).fetchone()[0]) == 0
