import asyncio

import msgspec
import pytest

from waypost.errors import OutcomeUnknown
from waypost.outbox.receipts import status
from waypost.outbox.request import Request, RequestState
from waypost.storage.sqlite.database import opened
from waypost.testing.executor import Delivery
from waypost.testing.outbox_house import INSTANCE, House, Receipt, SharedStore, finished, rows, waiting


async def ack_lost(request: Request) -> None:
    raise OutcomeUnknown


def shown(request: Request) -> object:
    return msgspec.json.decode(request.response_body or b"")["status"]


async def test_the_status_rises_with_receipts_and_never_falls(house: House) -> None:
    async with house.open() as (outbox, _):
        uuid = (await outbox.accept(house.call())).uuid
        await finished(outbox, uuid)
        sent = house.network.deliveries[0]
        seen = []
        for kind in ("sender", "delivered", "played", "read", "inactive", "read-self", "other"):
            await outbox.on_receipts([Receipt.of(sent, kind)])
            request = await outbox.get(INSTANCE, uuid)
            assert shown(request) == request.message_status
            seen.append(request.message_status)
    assert seen == ["SENT", "DELIVERED", "PLAYED", "PLAYED", "PLAYED", "PLAYED", "PLAYED"]


async def test_a_replayed_receipt_changes_nothing(house: House) -> None:
    async with house.open() as (outbox, _):
        uuid = (await outbox.accept(house.call())).uuid
        await finished(outbox, uuid)
        note = Receipt.of(house.network.deliveries[0], "read")
        await outbox.on_receipts([note])
        before = rows(house, "SELECT * FROM receipts")
        await outbox.on_receipts([note, note])
        assert rows(house, "SELECT * FROM receipts") == before


async def test_a_receipt_that_overtakes_the_ack_is_not_lost(house: House) -> None:
    async with house.open() as (outbox, executor):

        async def early(request: Request) -> None:
            await outbox.on_receipts([Receipt.of(house.network.deliveries[0], "played")])

        executor.plan("performed", early)
        uuid = (await outbox.accept(house.call())).uuid
        request = await finished(outbox, uuid)
    assert shown(request) == "PLAYED"


async def test_receipts_of_a_caption_are_told_of_the_caption(house: House) -> None:
    async with house.open() as (outbox, _):
        uuid = (await outbox.accept(house.call(steps=("note", "caption")))).uuid
        await finished(outbox, uuid)
        note, caption = house.network.deliveries
        await outbox.on_receipts([Receipt.of(note, "played"), Receipt.of(caption, "read")])
        body = msgspec.json.decode((await outbox.get(INSTANCE, uuid)).response_body or b"")
    assert (body["status"], body["caption_message"]["status"]) == ("PLAYED", "READ")


@pytest.mark.parametrize("kind", ["delivered", "sender", "retry"])
async def test_any_receipt_proves_that_a_message_was_sent(house: House, kind: str) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", ack_lost)
        uuid = (await outbox.accept(house.call(steps=("note", "caption")))).uuid
        await waiting(outbox, uuid, "receipt")
        await outbox.on_receipts([Receipt.of(house.network.deliveries[0], kind)])
        request = await finished(outbox, uuid)
    assert request.state is RequestState.SENT
    assert house.network.names() == [f"{uuid}/note", f"{uuid}/caption"]


async def test_a_receipt_before_the_lost_ack_settles_it_at_once(house: House) -> None:
    async with house.open() as (outbox, executor):

        async def early(request: Request) -> None:
            await outbox.on_receipts([Receipt.of(house.network.deliveries[0])])
            raise OutcomeUnknown

        executor.plan("performed", early)
        uuid = (await outbox.accept(house.call())).uuid
        request = await finished(outbox, uuid)
    assert (request.state, request.message_status) == (RequestState.SENT, "DELIVERED")


async def test_a_receipt_that_nobody_told_of_is_found_at_the_end_of_the_time_set(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", ack_lost)
        uuid = (await outbox.accept(house.call(steps=("note", "caption")))).uuid
        await waiting(outbox, uuid, "receipt")
        async with opened(house.path) as database:
            note = Receipt.of(house.network.deliveries[0])
            await SharedStore(database).receipts([note], house.clock.now())
        house.clock.advance(61)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
    assert request.state is RequestState.SENT
    assert house.network.names() == [f"{uuid}/note", f"{uuid}/caption"]


@pytest.mark.parametrize("jump", [7200.0, -7200.0])
async def test_the_time_for_receipts_is_the_same_whatever_the_clock_is_set_to(
    house: House, jump: float
) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", ack_lost)
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "receipt")
        house.clock.jump(jump)
        house.clock.advance(59)
        outbox.wake(INSTANCE)
        await asyncio.sleep(0.05)
        assert (await outbox.get(INSTANCE, uuid)).waiting_for == "receipt"
        house.clock.advance(2)
        outbox.wake(INSTANCE)
        assert (await finished(outbox, uuid)).state is RequestState.FAILED


async def test_what_earlier_processes_have_waited_counts_but_for_a_moment_after_each_takeover(
    house: House,
) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", ack_lost)
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "receipt")
    for _ in range(2):
        house.clock.advance(50)
        async with house.open() as (outbox, _):
            await waiting(outbox, uuid, "receipt")
            house.clock.advance(9)
            outbox.wake(INSTANCE)
            await asyncio.sleep(0.05)
            assert (await outbox.get(INSTANCE, uuid)).waiting_for == "receipt"
    async with house.open() as (outbox, _):
        await waiting(outbox, uuid, "receipt")
        house.clock.advance(11)
        outbox.wake(INSTANCE)
        assert (await finished(outbox, uuid)).state is RequestState.FAILED


async def test_a_receipt_after_the_time_set_is_still_shown(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", ack_lost)
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "receipt")
        house.clock.advance(61)
        outbox.wake(INSTANCE)
        await finished(outbox, uuid)
        await outbox.on_receipts([Receipt.of(house.network.deliveries[0])])
        request = await outbox.get(INSTANCE, uuid)
    assert (request.state, request.message_status) == (RequestState.FAILED, "DELIVERED")


async def test_a_message_nobody_could_decrypt_is_an_error_until_it_arrives(house: House) -> None:
    async with house.open() as (outbox, _):
        uuid = (await outbox.accept(house.call())).uuid
        await finished(outbox, uuid)
        sent = house.network.deliveries[0]
        await outbox.on_receipts([Receipt.of(sent, "retry")])
        await outbox.sweep()
        assert (await outbox.get(INSTANCE, uuid)).message_status == "SENT"
        house.clock.advance(121)
        await outbox.sweep()
        request = await outbox.get(INSTANCE, uuid)
        assert (request.state, shown(request)) == (RequestState.SENT, "ERROR")
        assert request.failure is not None
        assert request.failure.code == "undecryptable"
        await outbox.on_receipts([Receipt.of(sent, "delivered")])
        request = await outbox.get(INSTANCE, uuid)
    assert (shown(request), request.failure) == ("DELIVERED", None)


async def test_a_retry_that_was_answered_is_no_error(house: House) -> None:
    async with house.open() as (outbox, _):
        uuid = (await outbox.accept(house.call())).uuid
        await finished(outbox, uuid)
        sent = house.network.deliveries[0]
        await outbox.on_receipts([Receipt.of(sent, "retry"), Receipt.of(sent, "delivered")])
        house.clock.advance(500)
        await outbox.sweep()
        assert (await outbox.get(INSTANCE, uuid)).message_status == "DELIVERED"


def test_a_group_is_as_far_as_its_least_advanced_participant() -> None:
    assert status("1@g.us", [("a", 4), ("b", 2)]) == "DELIVERED"
    assert status("1@g.us", [("a", 4), ("b", 0)]) == "SENT"
    assert status("1@g.us", [("", 1), ("a", 3), ("b", 3)]) == "READ"
    assert status("1@g.us", [("a", 4), ("b", 3)], 3) == "SENT"
    assert status("1@g.us", [("a", 4), ("b", 3), ("c", 2)], 3) == "DELIVERED"
    assert status("1@g.us", [("a", 4), ("b", 3)], 1) == "READ"
    assert status("1@s.whatsapp.net", [("1@s.whatsapp.net", 2), ("9@lid", 4)]) == "PLAYED"
    assert status("1@g.us", [("a", 4), ("b", 3)], 3) == "SENT"
    assert status("1@g.us", [("a", 4), ("b", 3), ("c", 2)], 3) == "DELIVERED"
    assert status("1@g.us", [("a", 4), ("b", 3)], 1) == "READ"
    assert status("1@s.whatsapp.net", [("", 1)]) == "SENT"
    assert status("1@g.us", [("a", 4), ("b", 3)], 3) == "SENT"
    assert status("1@g.us", [("a", 4), ("b", 3), ("c", 2)], 3) == "DELIVERED"
    assert status("1@g.us", [("a", 4), ("b", 3)], 1) == "READ"
    assert status("1@s.whatsapp.net", [("a", -1)]) == "ERROR"


async def test_receipts_of_other_devices_messages_are_kept_without_harm(house: House) -> None:
    async with house.open() as (outbox, _):
        stranger = Delivery("FROMPHONE", "-", "-", "49", b"")
        await asyncio.gather(*(outbox.on_receipts([Receipt.of(stranger, "read")]) for _ in range(5)))
    assert rows(house, "SELECT message_id, rank FROM receipts") == [("FROMPHONE", 3)]
