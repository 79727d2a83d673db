import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from waypost.errors import (
    MEDIA_UPLOAD_FAILED,
    NOT_AUDIO,
    NOT_CONNECTED,
    NOT_ON_WHATSAPP,
    RESTRICTED,
    SERVER_REFUSED,
    URL_UNREACHABLE,
    EngineError,
    FetchError,
    OutcomeUnknown,
    VoiceError,
    WaypostError,
)
from waypost.outbox.request import Request, RequestState
from waypost.outbox.settings import OutboxSettings
from waypost.testing.executor import Script
from waypost.testing.outbox_house import INSTANCE, SETTINGS, House, finished, rows, until, waiting


def raising(error: WaypostError) -> Script:
    async def script(request: Request) -> None:
        raise error

    return script


def holding(gate: asyncio.Event) -> Script:
    async def script(request: Request) -> None:
        await gate.wait()

    return script


def _tried(calls: Sequence[str], point: str, times: int) -> bool:
    return sum(call.startswith(point) for call in calls) == times


async def test_an_accepted_request_is_sent_and_answered(house: House) -> None:
    async with house.open() as (outbox, _):
        uuid = (await outbox.accept(house.call())).uuid
        request = await finished(outbox, uuid)
    assert request.state is RequestState.SENT
    assert request.response_status == 201
    body = msgspec.json.decode(request.response_body or b"")
    assert body["status"] == "SENT"
    assert request.message_status == "SENT"
    assert house.network.names() == [f"{uuid}/note"]
    assert len(house.network.deliveries[0].secret) == 32


async def test_a_chat_is_sent_in_the_order_of_acceptance(house: House) -> None:
    async with house.open() as (outbox, executor):
        delays = iter([0.03, 0.0, 0.02, 0.0, 0.01, 0.0] * 10)

        async def slow(request: Request) -> None:
            await asyncio.sleep(next(delays))

        executor.always("prepare", slow)
        executor.always("stage", slow)
        uuids = [(await outbox.accept(house.call())).uuid for _ in range(15)]
        for uuid in uuids:
            await finished(outbox, uuid)
    assert house.network.names() == [f"{uuid}/note" for uuid in uuids]


async def test_at_most_four_chats_are_sent_to_at_once_and_never_two_of_one(house: House) -> None:
    async with house.open() as (outbox, executor):
        gate = asyncio.Event()
        executor.always("perform", holding(gate))
        uuids = [(await outbox.accept(house.call(f"c{n // 2}"))).uuid for n in range(20)]
        await until(lambda: executor.running == 4)
        gate.set()
        for uuid in uuids:
            await finished(outbox, uuid)
    assert executor.most_running == 4
    for chat in range(10):
        assert house.network.names(f"c{chat}") == [f"{u}/note" for u in uuids[2 * chat : 2 * chat + 2]]


async def test_a_send_without_ack_gives_its_place_away_after_ten_seconds(house: House) -> None:
    async with house.open() as (outbox, executor):
        gate = asyncio.Event()
        executor.plan("perform", *[holding(gate)] * 4)
        stuck = [(await outbox.accept(house.call(f"c{n}"))).uuid for n in range(4)]
        await until(lambda: executor.running == 4)
        other = (await outbox.accept(house.call("other"))).uuid
        same = (await outbox.accept(house.call("c0"))).uuid
        await waiting(outbox, same, "older_request")
        assert not house.network.deliveries
        house.clock.advance(10.5)
        outbox.wake(INSTANCE)
        await finished(outbox, other)
        assert house.network.names() == [f"{other}/note"]
        gate.set()
        for uuid in [*stuck, same]:
            assert (await finished(outbox, uuid)).state is RequestState.SENT


async def test_a_chat_that_fails_does_not_hold_up_another(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("prepare", raising(FetchError(URL_UNREACHABLE)))
        failing = (await outbox.accept(house.call("a"))).uuid
        await waiting(outbox, failing, "retry")
        behind = (await outbox.accept(house.call("a"))).uuid
        other = (await outbox.accept(house.call("b"))).uuid
        await finished(outbox, other)
        shown = await outbox.get(INSTANCE, failing)
        assert (shown.attempts, shown.failure and shown.failure.code) == (1, "url_unreachable")
        assert shown.next_attempt_at == house.clock.now() + 1.0
        assert (await waiting(outbox, behind, "older_request")).state is RequestState.PREPARING
        house.clock.advance(1.1)
        outbox.wake(INSTANCE)
        await finished(outbox, behind)
    assert house.network.names("a") == [f"{failing}/note", f"{behind}/note"]


async def test_a_clock_that_is_set_back_makes_no_retry_later(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("prepare", raising(FetchError(URL_UNREACHABLE)))
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "retry")
        house.clock.jump(-7200)
        house.clock.advance(1.1)
        outbox.wake(INSTANCE)
        await finished(outbox, uuid)


async def test_a_retry_that_was_noted_by_a_clock_ahead_of_ours_comes_in_time(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("prepare", raising(FetchError(URL_UNREACHABLE)))
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "retry")
    house.clock.jump(-7200)
    begun = house.clock.now()
    async with house.open() as (outbox, _), asyncio.timeout(10):
        while not (await outbox.get(INSTANCE, uuid)).state.finished:
            house.clock.advance(0.5)
            outbox.wake(INSTANCE)
            await asyncio.sleep(0.01)
    assert house.clock.now() < begun + 600


async def test_retries_grow_apart_and_end_with_the_last_reason(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.always("stage", raising(EngineError(MEDIA_UPLOAD_FAILED)))
        uuid = (await outbox.accept(house.call())).uuid
        waits = []
        for attempt in range(1, 4):
            await until(partial(_tried, executor.calls, "stage", attempt))
            request = await waiting(outbox, uuid, "retry")
            assert request.attempts == attempt
            waits.append(round((request.next_attempt_at or 0) - house.clock.now(), 3))
            house.clock.advance(waits[-1] + 0.1)
            outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
    assert waits == [1.0, 3.0, 10.0]
    assert (request.state, request.response_status) == (RequestState.FAILED, 500)
    assert request.failure is not None
    assert request.failure.code == "media_upload_failed"
    assert sum(call.startswith("prepare") for call in executor.calls) == 1


async def test_a_url_that_does_not_answer_is_given_up_while_its_caller_still_polls(house: House) -> None:
    settings = msgspec.structs.replace(SETTINGS, fetch_attempts=2)
    async with house.open(settings=settings) as (outbox, executor):
        executor.always("prepare", raising(FetchError(URL_UNREACHABLE)))
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "retry")
        house.clock.advance(1.1)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
    assert (request.state, request.response_status) == (RequestState.FAILED, 422)
    assert request.failure is not None
    assert request.failure.code == "url_unreachable"


async def test_what_no_retry_can_help_ends_at_once_with_its_status(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("prepare", raising(VoiceError(NOT_AUDIO)))
        noise = await finished(outbox, (await outbox.accept(house.call())).uuid)
        executor.plan("stage", raising(EngineError(NOT_ON_WHATSAPP, jid="1@s.whatsapp.net", exists=False)))
        nobody = await finished(outbox, (await outbox.accept(house.call())).uuid)
        after = await finished(outbox, (await outbox.accept(house.call())).uuid)
    assert (noise.response_status, noise.failure and noise.failure.code) == (422, "not_audio")
    body = msgspec.json.decode(noise.response_body or b"")
    assert body["error"]["code"] == "not_audio"
    assert body["message"] == NOT_AUDIO.sentence
    assert nobody.response_status == 404
    assert nobody.failure is not None
    assert nobody.failure.facts == {"jid": "1@s.whatsapp.net", "exists": False}
    assert after.state is RequestState.SENT


async def test_an_explicit_refusal_is_sent_again_with_another_secret(house: House) -> None:
    async with house.open() as (outbox, executor):
        secrets = []

        async def refuse(request: Request) -> None:
            secrets.append(rows_of_secrets(house))
            raise EngineError(SERVER_REFUSED)

        executor.plan("perform", refuse)
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "retry")
        house.clock.advance(2)
        outbox.wake(INSTANCE)
        await finished(outbox, uuid)
    assert len(house.network.deliveries) == 1
    assert secrets[0] != house.network.deliveries[0].secret


def rows_of_secrets(house: House) -> object:
    return rows(house, "SELECT secret FROM steps WHERE state = 'sending'")[0][0]


async def test_the_mark_is_durable_before_the_send_begins(house: House) -> None:
    async with house.open() as (outbox, executor):
        seen: list[object] = []

        async def look(request: Request) -> None:
            seen.append(rows_of_secrets(house))

        executor.plan("perform", look)
        await finished(outbox, (await outbox.accept(house.call())).uuid)
    assert seen == [house.network.deliveries[0].secret]


async def test_an_offline_instance_holds_its_lane_until_it_returns(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        uuids = [(await outbox.accept(house.call(f"c{n}"))).uuid for n in range(3)]
        for uuid in uuids:
            await until(partial(executor.calls.__contains__, f"prepare {uuid}"))
            assert (await waiting(outbox, uuid, "connection")).attempts == 0
        assert not any(call.startswith("stage") for call in executor.calls)
        executor.connected = True
        outbox.wake(INSTANCE)
        for uuid in uuids:
            assert (await finished(outbox, uuid)).state is RequestState.SENT


async def test_a_connection_lost_in_between_costs_no_attempt(house: House) -> None:
    async with house.open() as (outbox, executor):

        async def lose(request: Request) -> None:
            executor.connected = False
            raise EngineError(NOT_CONNECTED)

        executor.plan("perform", lose)
        uuid = (await outbox.accept(house.call())).uuid
        request = await waiting(outbox, uuid, "connection")
        assert request.attempts == 0
        executor.connected = True
        outbox.wake(INSTANCE)
        await finished(outbox, uuid)
    assert len(house.network.deliveries) == 1


async def test_a_restricted_account_is_tried_until_the_request_expires(house: House) -> None:
    until_then = house.clock.now() + 500
    async with house.open(settings=OutboxSettings(expires=100.0, drain=0.0)) as (outbox, executor):
        executor.always("perform", raising(EngineError(RESTRICTED, until=until_then)))
        uuid = (await outbox.accept(house.call())).uuid
        request = await waiting(outbox, uuid, "restriction")
        assert request.next_attempt_at == until_then
        house.clock.advance(101)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
    assert request.response_status == 423
    assert request.failure is not None
    assert request.failure.facts == {"until": "2023-11-14T22:21:40.000Z"}
    assert request.failure.message.endswith("Next try: 2023-11-14T22:21:40.000Z.")


async def test_a_request_that_expires_says_so(house: House) -> None:
    async with house.open(settings=OutboxSettings(expires=100.0, drain=0.0)) as (outbox, executor):
        executor.connected = False
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "connection")
        house.clock.advance(101)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
    assert (request.state, request.response_status) == (RequestState.FAILED, 500)
    assert msgspec.json.decode(request.response_body or b"")["error"]["code"] == "expired"


async def test_a_fetch_that_outlasts_the_expiry_is_ended(house: House) -> None:
    async with house.open(settings=OutboxSettings(expires=100.0, drain=0.0)) as (outbox, executor):
        executor.plan("prepare", holding(asyncio.Event()))
        uuid = (await outbox.accept(house.call())).uuid
        await until(lambda: bool(executor.calls))
        assert (await outbox.get(INSTANCE, uuid)).state is RequestState.PREPARING
        house.clock.advance(101)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
        assert request.failure is not None
        assert request.failure.code == "expired"
        assert (await finished(outbox, (await outbox.accept(house.call())).uuid)).response_status == 201


async def test_note_and_caption_stay_together(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", raising(EngineError(SERVER_REFUSED)))
        house.network.deliveries.clear()
        first = (await outbox.accept(house.call(steps=("note", "caption")))).uuid
        second = (await outbox.accept(house.call())).uuid
        await waiting(outbox, first, "retry")
        house.network.deliveries.clear()  # it was refused: the network has nothing
        house.clock.advance(2)
        outbox.wake(INSTANCE)
        await finished(outbox, second)
        request = await finished(outbox, first)
    assert house.network.names() == [f"{first}/note", f"{first}/caption", f"{second}/note"]
    body = msgspec.json.decode(request.response_body or b"")
    assert (body["status"], body["caption_message"]["status"]) == ("SENT", "SENT")


async def test_a_caption_that_fails_is_an_error_beside_the_sent_note(house: House) -> None:
    async with house.open() as (outbox, executor):

        async def nothing(request: Request) -> None:
            return

        executor.plan("perform", nothing, raising(EngineError(NOT_ON_WHATSAPP)))
        uuid = (await outbox.accept(house.call(steps=("note", "caption")))).uuid
        request = await finished(outbox, uuid)
    assert (request.state, request.response_status) == (RequestState.SENT, 201)
    assert msgspec.json.decode(request.response_body or b"")["caption_error"] == {"code": "not_on_whatsapp"}


async def test_a_send_that_never_left_is_repeated_after_it_was_settled(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("perform", raising(OutcomeUnknown()))
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "retry")
        house.clock.advance(2)
        outbox.wake(INSTANCE)
        await finished(outbox, uuid)
    assert len(house.network.deliveries) == 1


async def test_a_send_nobody_confirms_fails_as_unknown_and_is_not_repeated(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", raising(OutcomeUnknown()))
        uuid = (await outbox.accept(house.call())).uuid
        behind = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "receipt")
        house.clock.advance(61)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
        await finished(outbox, behind)
    assert (request.state, request.response_status) == (RequestState.FAILED, 500)
    assert request.failure is not None
    assert request.failure.code == "outcome_unknown"
    assert house.network.names() == [f"{uuid}/note", f"{behind}/note"]


async def test_a_send_nobody_confirms_is_made_again_before_what_is_behind_it_where_so_chosen(
    house: House,
) -> None:
    house.resends = True
    async with house.open() as (outbox, executor):
        executor.plan("performed", raising(OutcomeUnknown()))
        uuid = (await outbox.accept(house.call())).uuid
        behind = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "receipt")
        house.clock.advance(61)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
        await finished(outbox, behind)
    assert (request.state, request.failure) == (RequestState.SENT, None)
    assert house.network.names() == [f"{uuid}/note", f"{uuid}/note", f"{behind}/note"]
    assert len({one.secret for one in house.network.deliveries}) == 3


async def test_a_send_that_never_gets_confirmed_is_not_made_again_for_ever(house: House) -> None:
    house.resends = True
    async with house.open() as (outbox, executor):
        executor.always("performed", raising(OutcomeUnknown()))
        uuid = (await outbox.accept(house.call())).uuid
        for times in (1, 2, 3):
            await until(lambda: len(house.network.deliveries) == times)  # noqa: B023
            await waiting(outbox, uuid, "receipt")
            house.clock.advance(61)
            outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
    assert request.failure is not None
    assert request.failure.code == "outcome_unknown"
    assert len(house.network.deliveries) == 3


async def test_the_time_for_receipts_begins_anew_with_the_session(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.plan("performed", raising(OutcomeUnknown()))
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "receipt")
        executor.connected = False
        house.clock.advance(61)
        outbox.wake(INSTANCE)
        await waiting(outbox, uuid, "connection")
        executor.connected = True
        outbox.wake(INSTANCE)
        await waiting(outbox, uuid, "receipt")
        house.clock.advance(59)
        outbox.wake(INSTANCE)
        assert (await outbox.get(INSTANCE, uuid)).waiting_for == "receipt"
        house.clock.advance(2)
        outbox.wake(INSTANCE)
        request = await finished(outbox, uuid)
        assert request.failure is not None
        assert request.failure.code == "outcome_unknown"


async def test_a_defect_in_an_operation_stops_neither_lane_nor_gateway(house: House) -> None:
    async with house.open() as (outbox, executor):

        async def defect(request: Request) -> None:
            raise ZeroDivisionError

        executor.always("prepare", defect)
        broken = (await outbox.accept(house.call("a"))).uuid
        await waiting(outbox, broken, "retry")
        executor.always("prepare", holding(ready := asyncio.Event()))
        ready.set()
        assert (await finished(outbox, (await outbox.accept(house.call("b"))).uuid)).response_status == 201


async def test_two_lanes_share_the_places_to_prepare_in_turn(house: House) -> None:
    async with house.open(settings=OutboxSettings(prepares=1, drain=0.0)) as (outbox, executor):
        gate = asyncio.Event()
        executor.plan("prepare", holding(gate))
        for n in range(6):
            await outbox.accept(house.call(f"c{n}", instance="busy"))
        quiet = (await outbox.accept(house.call("q", instance=INSTANCE))).uuid
        gate.set()
        await finished(outbox, quiet)
        prepared = [call.split()[1] for call in executor.calls if call.startswith("prepare")]
        assert prepared.index(quiet) <= 2
