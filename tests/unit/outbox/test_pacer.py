import asyncio

import msgspec
import pytest

from waypost.errors import RESTRICTED, SERVER_REFUSED, EngineError, WaypostError
from waypost.outbox.open_chats import OpenChat
from waypost.outbox.outbox import Outbox
from waypost.outbox.pacing import DAY, PacingRules
from waypost.outbox.port import Showing, Waiting
from waypost.outbox.request import Request, RequestState, Step
from waypost.storage.database import Database
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.sqlite.database import opened
from waypost.testing.executor import Script, ScriptedExecutor
from waypost.testing.outbox_house import INSTANCE, House, finished, until, waiting

FREE = PacingRules(
    open_chats=False,
    gap_seconds=0.0,
    jitter=0.0,
    per_minute=0,
    per_day=0,
    first_contacts=0,
    warm_up_days=0,
    show_seconds=0.0,
    breaker_failures=0,
    breaker_seconds=600.0,
)


def rules(**changes: float | bool) -> PacingRules:
    return msgspec.structs.replace(FREE, **changes)


async def told_why(outbox: Outbox, uuid: str, what: str) -> Request:
    """The request once it waits for `what` and the reason is written down, which comes a moment later."""
    async with asyncio.timeout(10.0):
        while (request := await waiting(outbox, uuid, what)).failure is None:
            await asyncio.sleep(0.002)
    return request


def raising(error: WaypostError) -> Script:
    async def script(request: Request) -> None:
        raise error

    return script


def restricting(open_ones: set[str]) -> Script:
    """The server takes messages to chats that are open for it, and no others."""

    async def script(request: Request) -> None:
        if request.chat_key not in open_ones:
            raise EngineError(RESTRICTED, "The code is 463.", server_code=463)

    return script


async def test_a_first_contact_beyond_the_budget_says_why_and_until_when_and_a_reply_goes(
    house: House,
) -> None:
    house.pacing = rules(first_contacts=1)
    async with house.open() as (outbox, executor):
        first = (await outbox.accept(house.call("a"))).uuid
        assert (await finished(outbox, first)).state is RequestState.SENT
        at = house.clock.now()
        second = (await outbox.accept(house.call("b"))).uuid
        held = await told_why(outbox, second, "first_contact")
        assert held.next_attempt_at == at + DAY
        assert held.failure is not None
        assert (held.failure.code, held.failure.retryable) == ("first_contact", True)
        assert held.attempts == 0
        # It is neither looked up nor uploaded before it may go.
        assert not any(call == f"stage {second}" for call in executor.calls)
        again = (await outbox.accept(house.call("a"))).uuid
        assert (await finished(outbox, again)).state is RequestState.SENT
        # They write: what waited for a new chat is a reply now.
        await outbox.on_written([OpenChat(INSTANCE, "b")])
        assert (await finished(outbox, second)).state is RequestState.SENT


async def test_a_cap_is_remembered_through_a_restart_and_ends_with_its_time(house: House) -> None:
    house.pacing = rules(first_contacts=1)
    async with house.open() as (outbox, _):
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        sent_at = house.clock.now()
    house.clock.advance(60.0)
    async with house.open() as (outbox, _):
        held = (await outbox.accept(house.call("b"))).uuid
        assert (await waiting(outbox, held, "first_contact")).next_attempt_at == sent_at + DAY
    async with house.open() as (outbox, _):
        assert (await waiting(outbox, held, "first_contact")).next_attempt_at == sent_at + DAY
        assert (await outbox.get(INSTANCE, held)).state is not RequestState.SENT
    house.pacing = None
    async with house.open() as (outbox, _):
        assert (await finished(outbox, held)).state is RequestState.SENT


async def test_requests_held_together_are_told_times_a_gap_apart(house: House) -> None:
    house.pacing = rules(gap_seconds=10.0)
    async with house.open() as (outbox, _):
        start = house.clock.now()
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        uuids = [(await outbox.accept(house.call(f"c{n}"))).uuid for n in range(3)]
        held = [await waiting(outbox, uuid, "pacing") for uuid in uuids]
        assert sorted(one.next_attempt_at or 0 for one in held) == [start + n for n in (10.0, 20.0, 30.0)]
        house.clock.advance(10.0)
        outbox.wake(INSTANCE)
        await until(lambda: len(house.network.deliveries) == 2)
        await asyncio.sleep(0)
        assert len(house.network.deliveries) == 2


async def test_both_messages_to_a_new_chat_are_one_first_contact_and_keep_their_order(house: House) -> None:
    house.pacing = rules(first_contacts=1)
    async with house.open() as (outbox, _):
        uuids = [(await outbox.accept(house.call("a"))).uuid for _ in range(3)]
        for uuid in uuids:
            assert (await finished(outbox, uuid)).state is RequestState.SENT
    assert house.network.names() == [f"{uuid}/note" for uuid in uuids]


async def test_replies_are_held_too_where_the_operator_wants_it(house: House) -> None:
    house.pacing = rules(open_chats=True, per_minute=1)
    async with house.open() as (outbox, _):
        await outbox.on_written([OpenChat(INSTANCE, "a")])
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        second = (await outbox.accept(house.call("a"))).uuid
        assert (await waiting(outbox, second, "minute_cap")).next_attempt_at == house.clock.now() + 60


async def test_a_young_instance_is_told_that_it_warms_up(house: House) -> None:
    house.pacing = rules(first_contacts=10, warm_up_days=10, born_at=house.clock.now())
    async with house.open() as (outbox, _):
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        held = (await outbox.accept(house.call("b"))).uuid
        await waiting(outbox, held, "warm_up")


async def test_what_was_cancelled_gives_its_place_to_another(house: House) -> None:
    house.pacing = rules(first_contacts=1, show_seconds=5.0)
    async with house.open() as (outbox, executor):
        executor.shown = Showing(chat="a", state="recording", seconds=3.0)
        gate = asyncio.Event()

        async def hold(request: Request) -> None:
            await gate.wait()

        executor.plan("show", hold)
        first = (await outbox.accept(house.call("a"))).uuid
        await until(lambda: bool(executor.showings))
        told = await waiting(outbox, first, "recording")
        assert told.next_attempt_at == house.clock.now() + 3.0
        second = (await outbox.accept(house.call("b"))).uuid
        await waiting(outbox, second, "first_contact")
        await outbox.cancel(INSTANCE, first)
        house.clock.advance(DAY)
        third = (await outbox.accept(house.call("c"))).uuid
        assert (await finished(outbox, third)).state is RequestState.SENT
    assert len(house.network.deliveries) == 1


@pytest.mark.parametrize(
    ("show", "always", "shown"),
    [(8.0, False, [3.0]), (2.0, False, [2.0]), (0.0, False, []), (0.0, True, [3.0])],
)
async def test_recording_is_shown_to_a_new_chat_for_as_long_as_fits(
    house: House, show: float, always: bool, shown: list[float]
) -> None:
    house.pacing = rules(show_seconds=show)
    async with house.open() as (outbox, executor):
        executor.shown = Showing(chat="a", state="recording", seconds=3.0, always=always)
        await finished(outbox, (await outbox.accept(house.call("a", ("note", "caption")))).uuid)
        assert [one.seconds for one in executor.showings] == shown
        executor.showings.clear()
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        assert bool(executor.showings) is always


async def _one_waiting(outbox: Outbox, uuids: list[str], what: str) -> Request:
    """Whichever of them waits for `what` first."""
    async with asyncio.timeout(10):
        while True:
            for uuid in uuids:
                if (request := await outbox.get(INSTANCE, uuid)).waiting_for == what:
                    return request
            await asyncio.sleep(0.002)


async def test_the_breaker_opens_after_refusals_in_a_row_and_says_so(house: House) -> None:
    house.pacing = rules(breaker_failures=3, breaker_seconds=600.0)
    async with house.open() as (outbox, executor):
        executor.plan("perform", *[raising(EngineError(SERVER_REFUSED))] * 3)
        failing = [(await outbox.accept(house.call(f"c{n}"))).uuid for n in range(3)]
        opened = await _one_waiting(outbox, failing, "breaker")
        at = house.clock.now()
        assert opened.next_attempt_at == at + 600.0
        assert opened.failure is not None
        assert "The last refusal was server_refused." in opened.failure.message
        held = (await outbox.accept(house.call("d"))).uuid
        assert (await waiting(outbox, held, "breaker")).next_attempt_at == at + 600.0
        await outbox.on_written([OpenChat(INSTANCE, "open")])
        reply = (await outbox.accept(house.call("open"))).uuid
        assert (await finished(outbox, reply)).state is RequestState.SENT


async def test_while_the_account_is_restricted_new_chats_wait_and_known_ones_go_on(house: House) -> None:
    open_ones = {"known"}
    async with house.open() as (outbox, executor):
        await finished(outbox, (await outbox.accept(house.call("known"))).uuid)
        executor.always("perform", restricting(open_ones))
        refused = (await outbox.accept(house.call("new"))).uuid
        told = await told_why(outbox, refused, "restriction")
        assert told.failure is not None
        assert told.failure.code == "restricted"
        assert (told.next_attempt_at or 0.0) - house.clock.now() == pytest.approx(600.0, rel=0.21)
        other = (await outbox.accept(house.call("other"))).uuid
        assert (await waiting(outbox, other, "restriction")).next_attempt_at == told.next_attempt_at
        assert not any(call.endswith(other) and call.startswith("stage") for call in executor.calls)
        reply = (await outbox.accept(house.call("known"))).uuid
        assert (await finished(outbox, reply)).state is RequestState.SENT
        # The one that asks again finds it over, and lets the other go at once.
        open_ones |= {"new", "other"}
        house.clock.advance((told.next_attempt_at or 0.0) - house.clock.now() + 0.1)
        outbox.wake(INSTANCE)
        for uuid in (refused, other):
            assert (await finished(outbox, uuid)).state is RequestState.SENT


class SlowToHold(SqlOutboxStore):
    """A store in which a request that is held back is stored once `go_on` is set."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.go_on = asyncio.Event()
        self.holds = asyncio.Event()

    async def postponed(self, request: Request, step: Step | None = None) -> bool:
        self.holds.set()
        await self.go_on.wait()
        return await super().postponed(request, step)


async def test_a_chat_that_opens_while_its_hold_is_being_stored_goes_on_at_once(house: House) -> None:
    open_ones: set[str] = set()
    executor = ScriptedExecutor(house.network)
    executor.always("perform", restricting(open_ones))
    async with opened(house.path) as database:
        store = SlowToHold(database)
        outbox = house.make(database, executor, store=store)
        async with outbox.running(), asyncio.timeout(20):
            uuid = (await outbox.accept(house.call("new"))).uuid
            await store.holds.wait()
            open_ones.add("new")
            await outbox.on_written([OpenChat(INSTANCE, "new")])
            store.go_on.set()
            assert (await finished(outbox, uuid)).state is RequestState.SENT


async def test_a_restriction_that_goes_on_is_asked_about_more_and_more_seldom(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.always("perform", restricting(set()))
        uuid = (await outbox.accept(house.call("new"))).uuid
        waits = []
        for attempts in (1, 2, 3):
            async with asyncio.timeout(10):
                while (told := await outbox.get(INSTANCE, uuid)).attempts < attempts:
                    await asyncio.sleep(0.002)
            waits.append((told.next_attempt_at or 0.0) - house.clock.now())
            house.clock.advance(waits[-1] + 0.1)
            outbox.wake(INSTANCE)
        assert waits == [pytest.approx(one, rel=0.21) for one in (600.0, 1800.0, 3600.0)]


async def test_what_expires_while_it_is_restricted_ends_with_423_and_until_when(house: House) -> None:
    async with house.open() as (outbox, executor):
        until_when = house.clock.now() + 2 * DAY
        executor.plan("perform", raising(EngineError(RESTRICTED, until=until_when)))
        refused = (await outbox.accept(house.call("a"))).uuid
        await waiting(outbox, refused, "restriction")
        held = (await outbox.accept(house.call("b"))).uuid
        await waiting(outbox, held, "restriction")
        house.clock.advance(DAY + 1)
        outbox.wake(INSTANCE)
        for uuid in (refused, held):
            ended = await finished(outbox, uuid)
            assert (ended.response_status, ended.failure and ended.failure.code) == (423, "restricted")
            body = msgspec.json.decode(ended.response_body or b"")
            assert body["error"]["until"] == "2023-11-16T22:13:20.000Z"


async def test_a_ban_says_until_when_and_is_the_reason_of_what_expires(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        executor.waiting = Waiting("restriction", house.clock.now() + 2 * DAY)
        uuid = (await outbox.accept(house.call())).uuid
        held = await waiting(outbox, uuid, "restriction")
        assert held.next_attempt_at == house.clock.now() + 2 * DAY
        house.clock.advance(DAY + 1)
        outbox.wake(INSTANCE)
        ended = await finished(outbox, uuid)
        assert (ended.response_status, ended.failure and ended.failure.code) == (423, "banned")
        assert ended.failure is not None
        assert "until" in ended.failure.facts


async def test_what_expires_while_the_client_is_outdated_says_so(house: House) -> None:
    async with house.open() as (outbox, executor):
        executor.connected = False
        executor.waiting = Waiting("client_outdated")
        uuid = (await outbox.accept(house.call())).uuid
        await waiting(outbox, uuid, "client_outdated")
        house.clock.advance(DAY + 1)
        outbox.wake(INSTANCE)
        ended = await finished(outbox, uuid)
        assert ended.failure is not None
        assert (ended.failure.code, ended.failure.message.split(". ")[-1]) == (
            "expired",
            "The last reason to wait was client_outdated.",
        )


async def test_what_came_back_from_a_deleted_instance_is_a_first_contact_again(house: House) -> None:
    house.pacing = rules(first_contacts=1)
    async with house.open() as (outbox, _):
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        await outbox.drop_instance(INSTANCE)
        await finished(outbox, (await outbox.accept(house.call("b"))).uuid)


async def test_other_rules_let_go_at_once(house: House) -> None:
    house.pacing = rules(gap_seconds=3_600.0)
    async with house.open() as (outbox, _):
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        held = (await outbox.accept(house.call("b"))).uuid
        await waiting(outbox, held, "pacing")
        house.pacing = rules(gap_seconds=1.0)
        outbox.pacing_changed(INSTANCE)
        assert (await finished(outbox, held)).state is RequestState.SENT


async def test_a_reply_passes_a_hundred_that_are_held_and_few_of_those_are_prepared(house: House) -> None:
    house.pacing = rules(first_contacts=1)
    async with house.open() as (outbox, executor):
        await finished(outbox, (await outbox.accept(house.call("a"))).uuid)
        uuids = [(await outbox.accept(house.call(f"c{n}"))).uuid for n in range(100)]
        reply = (await outbox.accept(house.call("a"))).uuid
        assert (await finished(outbox, reply, 20.0)).state is RequestState.SENT
        last = await waiting(outbox, uuids[-1], "first_contact", 20.0)
        assert last.next_attempt_at == house.clock.now() + DAY
        assert sum(call.startswith("prepare") for call in executor.calls) < 90
        assert len(house.network.deliveries) == 2
