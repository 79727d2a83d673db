import asyncio
import hashlib

import msgspec
import pytest

from waypost.errors import (
    BLOB_GONE,
    DRAINING,
    IDEMPOTENCY_MISMATCH,
    NOT_AUDIO,
    NOT_CANCELLABLE,
    NOT_RETRYABLE,
    QUEUE_FULL,
    REQUEST_NOT_FOUND,
    RETRY_NEEDS_FORCE,
    Fault,
    OutboxError,
    OutcomeUnknown,
    VoiceError,
)
from waypost.outbox.request import Request, RequestState, Upload
from waypost.outbox.settings import OutboxSettings
from waypost.testing.outbox_house import INSTANCE, SETTINGS, House, finished, rows, until, waiting


def upload(data: bytes, inline: bool = True) -> Upload:
    return Upload(
        blob_id=hashlib.md5(data).hexdigest(),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        inline=data if inline else None,
    )


async def refused(call: object, fault: Fault) -> None:
    with pytest.raises(OutboxError) as error:
        await call  # type: ignore[misc]
    assert error.value.fault is fault


async def not_audio(request: Request) -> None:
    raise VoiceError(NOT_AUDIO)


# --- idempotency --------------------------------------------------------------------------------------------
async def test_concurrent_duplicates_get_the_one_uuid_and_are_sent_once(house: House) -> None:
    async with house.open() as (outbox, _):
        answers = await asyncio.gather(*(outbox.accept(house.call(key="k")) for _ in range(30)))
        assert len({one.uuid for one in answers}) == 1
        assert sum(not one.duplicate for one in answers) == 1
        await finished(outbox, answers[0].uuid)
    assert len(house.network.deliveries) == 1


async def test_other_content_under_the_same_key_is_refused(house: House) -> None:
    async with house.open() as (outbox, _):
        await outbox.accept(house.call(key="k", content="a"))
        await refused(outbox.accept(house.call(key="k", content="b")), IDEMPOTENCY_MISMATCH)
        other = await outbox.accept(house.call(key="k", content="b", instance="another"))
        assert not other.duplicate


async def test_a_key_lives_a_day_or_until_its_request_is_finished(house: House) -> None:
    async with house.open(settings=OutboxSettings(expires=1e6, drain=0.0)) as (outbox, executor):
        executor.connected = False
        first = await outbox.accept(house.call(key="k"))
        house.clock.advance(90_000)
        await outbox.sweep()
        assert await outbox.accept(house.call(key="k")) == msgspec.structs.replace(first, duplicate=True)
        executor.connected = True
        outbox.wake(INSTANCE)
        await finished(outbox, first.uuid)
        again = await outbox.accept(house.call(key="k", content="b"))
        assert again.uuid != first.uuid
        assert not again.duplicate


# --- cancel -------------------------------------------------------------------------------------------------
async def test_a_cancelled_request_is_not_sent_and_tells_pollers_to_stop(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        first = (await outbox.accept(house.call())).uuid
        second = (await outbox.accept(house.call())).uuid
        await waiting(outbox, first, "connection")
        request = await outbox.cancel(INSTANCE, first)
        assert (request.state, request.response_status) == (RequestState.CANCELLED, 500)
        assert msgspec.json.decode(request.response_body or b"")["error"]["code"] == "cancelled"
        executor.connected = True
        outbox.wake(INSTANCE)
        await finished(outbox, second)
        await refused(outbox.cancel(INSTANCE, second), NOT_CANCELLABLE)
        await refused(outbox.cancel(INSTANCE, first), NOT_CANCELLABLE)
        await refused(outbox.cancel("another", first), REQUEST_NOT_FOUND)
    assert house.network.names() == [f"{second}/note"]


async def test_a_conversion_that_runs_loses_against_the_cancel(house: House) -> None:
    async with house.open() as (outbox, executor):
        gate = asyncio.Event()
        ended = []

        async def slow(request: Request) -> None:
            try:
                await gate.wait()
            finally:
                ended.append(request.uuid)

        executor.plan("prepare", slow)
        uuid = (await outbox.accept(house.call())).uuid
        await until(lambda: bool(executor.calls))
        await outbox.cancel(INSTANCE, uuid)
        await until(lambda: ended == [uuid])
        await finished(outbox, (await outbox.accept(house.call())).uuid)
        assert (await outbox.get(INSTANCE, uuid)).state is RequestState.CANCELLED


async def test_cancel_and_send_race_to_one_outcome(house: House) -> None:
    async with house.open() as (outbox, _):
        uuids = [(await outbox.accept(house.call(f"c{n}"))).uuid for n in range(60)]
        tried = await asyncio.gather(
            *(outbox.cancel(INSTANCE, uuid) for uuid in uuids), return_exceptions=True
        )
        for uuid, outcome in zip(uuids, tried, strict=True):
            request = await finished(outbox, uuid)
            sent = f"{uuid}/note" in house.network.names()
            assert (request.state is RequestState.SENT) == sent
            assert isinstance(outcome, OutboxError) == sent


async def test_a_request_being_sent_cannot_be_cancelled(house: House) -> None:
    async with house.open() as (outbox, executor):
        gate = asyncio.Event()

        async def hold(request: Request) -> None:
            await gate.wait()

        executor.plan("perform", hold)
        uuid = (await outbox.accept(house.call())).uuid
        await until(lambda: executor.running == 1)
        await refused(outbox.cancel(INSTANCE, uuid), NOT_CANCELLABLE)
        gate.set()
        assert (await finished(outbox, uuid)).state is RequestState.SENT


# --- retry --------------------------------------------------------------------------------------------------
async def test_a_retry_keeps_the_uuid_and_goes_to_the_end_of_the_line(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("prepare", not_audio)
        uuid = (await outbox.accept(house.call(upload=upload(b"mp3")))).uuid
        failed = await finished(outbox, uuid)
        second = (await outbox.accept(house.call())).uuid
        await finished(outbox, second)
        await refused(outbox.retry(INSTANCE, second), NOT_RETRYABLE)
        again = await outbox.retry(INSTANCE, uuid)
        assert again.seq > failed.seq
        assert (again.response_status, again.failure, again.attempts) == (None, None, 0)
        assert (await finished(outbox, uuid)).state is RequestState.SENT
    assert house.network.names() == [f"{second}/note", f"{uuid}/note"]


async def test_what_may_have_been_sent_is_only_sent_again_by_force_and_with_another_secret(
    house: House,
) -> None:
    async with house.open() as (outbox, executor):

        async def ack_lost(request: Request) -> None:
            raise OutcomeUnknown

        executor.plan("performed", ack_lost)
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "receipt")
        house.clock.advance(61)
        outbox.wake(INSTANCE)
        await finished(outbox, uuid)
        await refused(outbox.retry(INSTANCE, uuid), RETRY_NEEDS_FORCE)
        await outbox.retry(INSTANCE, uuid, force=True)
        assert (await finished(outbox, uuid)).state is RequestState.SENT
    first, second = house.network.deliveries
    assert first.secret != second.secret


async def test_a_retry_without_its_file_says_that_it_is_gone(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("prepare", not_audio)
        uuid = (await outbox.accept(house.call(upload=upload(b"large", inline=False)))).uuid
        await finished(outbox, uuid)
        house.clock.advance(8 * 86_400)
        await outbox.sweep()
        assert house.files.deleted == [upload(b"large").blob_id]
        await refused(outbox.retry(INSTANCE, uuid), BLOB_GONE)
        assert (await outbox.get(INSTANCE, uuid)).state is RequestState.FAILED


# --- list, wait ---------------------------------------------------------------------------------------------
async def test_a_list_is_newest_first_in_pages_and_by_filter(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        uuids = [(await outbox.accept(house.call(f"c{n % 2}"))).uuid for n in range(5)]
        await outbox.accept(house.call(instance="another"))
        await outbox.cancel(INSTANCE, uuids[0])
        first = await outbox.list(INSTANCE, limit=3)
        rest = await outbox.list(INSTANCE, limit=3, cursor=first.next_cursor)
        assert [one.uuid for one in first.items + rest.items] == uuids[::-1]
        assert rest.next_cursor is None
        cancelled = await outbox.list(INSTANCE, states=[RequestState.CANCELLED])
        assert [one.uuid for one in cancelled.items] == [uuids[0]]
        chat = await outbox.list(INSTANCE, chat_key="c1", operation="send-voice")
        assert [one.uuid for one in chat.items] == [uuids[3], uuids[1]]
        assert not (await outbox.list(INSTANCE, operation="send-text")).items


async def test_a_wait_ends_with_the_request_or_with_its_time(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        uuid = (await outbox.accept(house.call())).uuid
        assert not (await outbox.wait(INSTANCE, uuid, 0.02)).state.finished
        waits = [asyncio.create_task(outbox.wait(INSTANCE, uuid, 10)) for _ in range(3)]
        await asyncio.sleep(0)
        executor.connected = True
        outbox.wake(INSTANCE)
        async with asyncio.timeout(5):
            assert {one.state for one in await asyncio.gather(*waits)} == {RequestState.SENT}


async def test_waits_beyond_the_limit_are_answered_at_once(house: House) -> None:
    settings = msgspec.structs.replace(SETTINGS, waiters=1)
    async with house.open(settings=settings) as (outbox, executor):
        executor.connected = False
        uuid = (await outbox.accept(house.call())).uuid
        held = asyncio.create_task(outbox.wait(INSTANCE, uuid, 10))
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert not (await outbox.wait(INSTANCE, uuid, 10)).state.finished
            await outbox.cancel(INSTANCE, uuid)
            assert (await held).state is RequestState.CANCELLED


async def test_a_drain_lets_waiters_go_and_takes_nothing_new(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        uuid = (await outbox.accept(house.call())).uuid
        held = asyncio.create_task(outbox.wait(INSTANCE, uuid, 10))
        await asyncio.sleep(0)
        await outbox.drain()
        async with asyncio.timeout(5):
            assert not (await held).state.finished
        await refused(outbox.accept(house.call()), DRAINING)


async def test_a_drain_lets_running_sends_finish(house: House) -> None:
    settings = msgspec.structs.replace(SETTINGS, drain=5.0)
    async with house.open(settings=settings) as (outbox, executor):
        gate = asyncio.Event()

        async def hold(request: Request) -> None:
            await gate.wait()

        executor.plan("perform", hold)
        uuid = (await outbox.accept(house.call(steps=("note", "caption")))).uuid
        await until(lambda: executor.running == 1)
        draining = asyncio.create_task(outbox.drain())
        await asyncio.sleep(0)
        gate.set()
        await draining
        assert (await outbox.get(INSTANCE, uuid)).state is RequestState.SENT


async def test_a_send_that_hangs_holds_up_the_stop_only_for_the_time_set(house: House) -> None:
    settings = msgspec.structs.replace(SETTINGS, drain=0.05)
    async with asyncio.timeout(5), house.open(settings=settings) as (outbox, executor):

        async def hang(request: Request) -> None:
            await asyncio.Event().wait()

        executor.plan("perform", hang)
        uuid = (await outbox.accept(house.call())).uuid
        await until(lambda: executor.running == 1)
        await outbox.drain()
        assert (await outbox.get(INSTANCE, uuid)).state is RequestState.SENDING


async def test_a_full_queue_refuses_and_takes_again_when_there_is_room(house: House) -> None:
    settings = msgspec.structs.replace(SETTINGS, max_unfinished=2)
    async with house.open(settings=settings) as (outbox, executor):
        executor.connected = False
        uuids = [(await outbox.accept(house.call())).uuid for _ in range(2)]
        await refused(outbox.accept(house.call()), QUEUE_FULL)
        await outbox.cancel(INSTANCE, uuids[0])
        await outbox.accept(house.call())


async def test_a_caller_that_goes_away_does_not_undo_the_accept(house: House) -> None:
    async with house.open() as (outbox, _):
        task = asyncio.create_task(outbox.accept(house.call()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: len(house.network.deliveries) == 1)


# --- chats, instances, retention ----------------------------------------------------------------------------
async def test_names_of_one_chat_become_one_line_in_the_order_of_acceptance(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        uuids = [(await outbox.accept(house.call(chat))).uuid for chat in ("551199", "lid", "55119", "lid")]
        await outbox.merge_chats(INSTANCE, "551199", "lid")
        await outbox.merge_chats(INSTANCE, "55119", "lid")
        uuids.append((await outbox.accept(house.call("55119"))).uuid)
        executor.connected = True
        outbox.wake(INSTANCE)
        for uuid in uuids:
            assert (await finished(outbox, uuid)).chat_key == "lid"
    assert house.network.names() == [f"{uuid}/note" for uuid in uuids]
    async with house.open() as (outbox, executor):
        later = await finished(outbox, (await outbox.accept(house.call("551199"))).uuid)
        assert later.chat_key == "lid"


async def test_a_request_that_learns_its_chat_does_not_overtake_the_one_before(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.canonical["49"] = "lid"
        gate = asyncio.Event()

        async def hold(request: Request) -> None:
            await gate.wait()

        executor.plan("prepare", hold)
        first = (await outbox.accept(house.call("49"))).uuid
        second = (await outbox.accept(house.call("49"))).uuid
        await waiting(outbox, second, "older_request")
        await until(lambda: f"stage {second}" in executor.calls)
        third = (await outbox.accept(house.call("lid"))).uuid
        await waiting(outbox, third, "older_request")
        await until(lambda: f"stage {third}" in executor.calls)
        assert not house.network.deliveries
        gate.set()
        for uuid in (first, second, third):
            assert (await finished(outbox, uuid)).chat_key == "lid"
    assert house.network.names() == [f"{first}/note", f"{second}/note", f"{third}/note"]


async def test_a_deleted_instance_ends_its_requests_with_the_reason(house: House) -> None:
    async with house.open() as (outbox, executor):
        gate = asyncio.Event()

        async def hold(request: Request) -> None:
            await gate.wait()

        executor.plan("perform", hold)
        sending = (await outbox.accept(house.call("a"))).uuid
        await until(lambda: executor.running == 1)
        executor.connected = False
        queued = (await outbox.accept(house.call("b"))).uuid
        other = (await outbox.accept(house.call(instance="another"))).uuid
        await outbox.drop_instance(INSTANCE)
        request = await outbox.get(INSTANCE, queued)
        assert request.state is RequestState.CANCELLED
        assert request.failure is not None
        assert request.failure.code == "instance_deleted"
        unknown = await outbox.get(INSTANCE, sending)
        assert unknown.failure is not None
        assert unknown.failure.code == "outcome_unknown"
        assert not (await outbox.get("another", other)).state.finished


async def test_files_go_a_day_after_sent_and_a_week_after_failed_and_rows_after_a_month(
    house: House,
) -> None:
    async with house.open() as (outbox, executor):
        sent = (await outbox.accept(house.call(upload=upload(b"small")))).uuid
        await finished(outbox, sent)
        executor.plan("prepare", not_audio)
        failed = (await outbox.accept(house.call(upload=upload(b"bad")))).uuid
        await finished(outbox, failed)
        assert rows(house, "SELECT count(*) FROM blobs WHERE data IS NOT NULL") == [(2,)]
        house.clock.advance(86_401)
        await outbox.sweep()
        assert rows(house, "SELECT uuid FROM blobs") == [(failed,)]
        house.clock.advance(6 * 86_400)
        await outbox.sweep()
        assert rows(house, "SELECT uuid FROM blobs") == []
        assert house.files.deleted == []
        house.clock.advance(24 * 86_400)
        await outbox.sweep()
        await refused(outbox.get(INSTANCE, sent), REQUEST_NOT_FOUND)
        assert rows(house, "SELECT count(*) FROM steps") == [(0,)]


async def test_a_file_that_was_nobodys_for_an_hour_is_removed_and_a_requests_is_not(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        large = upload(b"large", inline=False)
        await outbox.accept(house.call(upload=large))
        await outbox.accept(house.call(upload=upload(b"small")))
        house.files.there = [large.blob_id, "orphan"]
        await outbox.sweep()
        house.clock.advance(3_599)
        await outbox.sweep()
        assert house.files.there == [large.blob_id, "orphan"]
        house.clock.advance(2)
        await outbox.sweep()
        assert house.files.there == [large.blob_id]


async def test_a_wall_clock_that_jumps_makes_no_file_old(house: House) -> None:
    async with house.open() as (outbox, _):
        house.files.there = ["on its way"]
        await outbox.sweep()
        house.clock.jump(7_200)
        await outbox.sweep()
        assert house.files.there == ["on its way"]


async def test_what_others_have_in_the_workshop_stays(house: House) -> None:
    async with house.open() as (outbox, _):
        (house.workshop / "preview-x").mkdir()
        (house.workshop / f"{'a' * 32}.in").touch()
        await outbox.sweep()
        assert {file.name for file in house.workshop.iterdir()} == {"preview-x", f"{'a' * 32}.in"}


async def test_what_a_finished_request_left_in_the_workshop_is_swept(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        kept = (await outbox.accept(house.call("a"))).uuid
        ended = (await outbox.accept(house.call("b"))).uuid
        for uuid in (kept, ended):
            (house.workshop / f"{uuid}.ogg").write_bytes(b"note")
        await outbox.cancel(INSTANCE, ended)
        await outbox.sweep()
        assert [file.name for file in house.workshop.iterdir()] == [f"{kept}.ogg"]
