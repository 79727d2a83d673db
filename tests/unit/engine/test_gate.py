import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from waypost.engine.hosts.whatsmeow.gate import Start, StartGate
from waypost.errors import NOT_CONNECTED, EngineError

LONG = 20.0


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


class Played:
    """A start that does what the test says, and when."""

    def __init__(self, name: str = "start", order: list[str] | None = None) -> None:
        self.order: list[str] = [] if order is None else order
        self.begun = asyncio.Event()
        self.slow = 0
        self.gone = asyncio.Event()
        self.start = Start(self._begin, self.gone.set, self._be_slow)
        self._name = name

    def _begin(self) -> None:
        self.order.append(self._name)
        self.begun.set()

    def _be_slow(self) -> None:
        self.slow += 1

    def write(self) -> None:
        self.start.written.set()

    def settle(self) -> None:
        self.start.written.set()
        self.start.settled.set()


def ignore(_: bool) -> None:
    pass


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not reached():
            await asyncio.sleep(0.002)


async def test_calls_wait_until_a_start_has_written_and_not_for_its_network(pool: ThreadPoolExecutor) -> None:
    gate, played = StartGate(pool, ignore, hold=LONG), Played()
    going = asyncio.create_task(gate.start(played.start))
    await played.begun.wait()
    call = asyncio.create_task(gate.call(lambda: played.order.append("call")))
    await asyncio.sleep(0.02)
    assert played.order == ["start"]
    played.write()
    await call
    assert not going.done()
    played.settle()
    await going
    assert played.order == ["start", "call"]


async def test_a_start_waits_until_calls_that_were_queued_have_entered_the_library() -> None:
    with ThreadPoolExecutor(1) as pool:
        gate, played = StartGate(pool, ignore, hold=LONG), Played()
        first, blocked = threading.Event(), threading.Event()

        def hold() -> None:
            first.set()
            blocked.wait(10)

        running = asyncio.create_task(gate.call(hold))
        await until(first.is_set)
        queued = asyncio.create_task(gate.call(lambda: None))  # the pool's one thread has not begun it
        await asyncio.sleep(0)
        going = asyncio.create_task(gate.start(played.start))
        await asyncio.sleep(0.1)
        assert not played.begun.is_set()
        blocked.set()
        await asyncio.gather(running, queued, played.begun.wait())
        played.settle()
        await going


async def test_a_call_that_goes_on_does_not_hold_up_a_start(pool: ThreadPoolExecutor) -> None:
    gate, played, ended = StartGate(pool, ignore, hold=LONG), Played(), threading.Event()
    running = asyncio.create_task(gate.call(lambda: ended.wait(10)))
    await asyncio.sleep(0)
    played.settle()
    async with asyncio.timeout(LONG):
        await gate.start(played.start)
    assert not running.done()
    ended.set()
    await running


async def test_a_call_whose_caller_has_gone_still_counts_until_it_has_entered(
    pool: ThreadPoolExecutor,
) -> None:
    gate, played = StartGate(pool, ignore, hold=LONG), Played()
    entered, ended = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        ended.wait(10)

    call = asyncio.create_task(gate.call(hold))
    await until(entered.is_set)
    call.cancel()
    going = asyncio.create_task(gate.start(played.start))
    await asyncio.sleep(0.02)
    assert not played.begun.is_set()
    ended.set()
    await played.begun.wait()
    played.settle()
    await going


async def test_a_start_that_does_not_write_has_calls_refused_until_it_does(pool: ThreadPoolExecutor) -> None:
    gate, played = StartGate(pool, ignore, hold=0.05), Played()
    going = asyncio.create_task(gate.start(played.start))
    await played.begun.wait()
    called = threading.Event()
    held = asyncio.create_task(gate.call(called.set))
    for call in (held, gate.call(called.set)):
        with pytest.raises(EngineError) as caught:
            await call
        assert caught.value.fault is NOT_CONNECTED
    await until(lambda: played.slow == 1)
    assert not called.is_set()
    played.write()
    await until(lambda: played.start.written.is_set())
    await asyncio.sleep(0)
    await gate.call(called.set)
    assert called.is_set()
    played.settle()
    await going


async def test_a_start_that_writes_late_has_calls_refused_meanwhile_and_is_not_slow(
    pool: ThreadPoolExecutor,
) -> None:
    gate, played = StartGate(pool, ignore, hold=0.05, patience=LONG), Played()
    going = asyncio.create_task(gate.start(played.start))
    await played.begun.wait()
    with pytest.raises(EngineError):
        await gate.call(int)
    played.write()
    await until(lambda: played.start.written.is_set())
    await asyncio.sleep(0)
    assert await gate.call(int) == 0
    assert played.slow == 0
    played.settle()
    await going


async def test_a_slow_network_refuses_nothing_and_tells_nobody(pool: ThreadPoolExecutor) -> None:
    gate, played = StartGate(pool, ignore, hold=0.02), Played()
    played.write()
    going = asyncio.create_task(gate.start(played.start))
    await asyncio.sleep(0.1)
    assert await gate.call(lambda: "done") == "done"
    assert (played.slow, going.done()) == (0, False)
    played.settle()
    await going


async def test_starts_that_wait_write_one_by_one_and_then_connect_together(pool: ThreadPoolExecutor) -> None:
    gate, order = StartGate(pool, ignore, hold=LONG), list[str]()
    starts = [Played(name, order) for name in ("one", "two", "three")]
    going = [asyncio.create_task(gate.start(played.start)) for played in starts]
    for number, played in enumerate(starts, 1):
        await played.begun.wait()
        await asyncio.sleep(0.01)
        assert len(order) == number
        assert not any(played.gone.is_set() for played in starts)
        played.write()
    for played in starts:
        async with asyncio.timeout(LONG):
            await played.gone.wait()
        played.settle()
    await asyncio.gather(*going)


async def test_the_next_round_waits_until_no_start_of_the_one_before_will_read_the_maps(
    pool: ThreadPoolExecutor,
) -> None:
    gate, order = StartGate(pool, ignore, hold=LONG), list[str]()
    one, two, late = Played("one", order), Played("two", order), Played("late", order)
    going = [asyncio.create_task(gate.start(played.start)) for played in (one, two)]
    one.write()
    two.write()
    await two.gone.wait()
    going.append(asyncio.create_task(gate.start(late.start)))
    two.settle()
    async with asyncio.timeout(LONG):
        await going[1]  # does not wait for the others of its round
    await asyncio.sleep(0.05)
    assert order == ["one", "two"]
    one.settle()
    late.settle()
    await asyncio.gather(*going)
    assert order == ["one", "two", "late"]


async def test_a_round_takes_no_more_starts_when_a_call_has_waited_for_long(pool: ThreadPoolExecutor) -> None:
    gate, order = StartGate(pool, ignore, hold=LONG, join=0.05), list[str]()
    starts = [Played(str(number), order) for number in range(3)]
    going = [asyncio.create_task(gate.start(played.start)) for played in starts]
    await starts[0].begun.wait()
    call = asyncio.create_task(gate.call(lambda: order.append("call")))
    await asyncio.sleep(0.1)
    starts[0].write()
    async with asyncio.timeout(LONG):
        await call
    assert order == ["0", "call"]
    assert starts[0].gone.is_set()
    for played in starts:
        played.settle()
    await asyncio.gather(*going)


async def test_those_that_are_held_beside_a_start_that_does_not_write_are_held_until_it_does(
    pool: ThreadPoolExecutor,
) -> None:
    gate, held, slow = StartGate(pool, ignore, hold=0.05), Played(), Played()
    going = [asyncio.create_task(gate.start(played.start)) for played in (held, slow)]
    held.write()
    await until(lambda: slow.slow == 1)
    await asyncio.sleep(0.02)
    assert not held.gone.is_set()
    slow.write()
    async with asyncio.timeout(LONG):
        await asyncio.gather(held.gone.wait(), slow.gone.wait())
    held.settle()
    slow.settle()
    await asyncio.gather(*going)
    assert held.slow == 0


async def test_a_start_that_can_not_begin_harms_none_of_its_round(pool: ThreadPoolExecutor) -> None:
    def begin() -> None:
        raise RuntimeError("no thread")

    gate, good = StartGate(pool, ignore, hold=LONG), Played()
    bad = Start(begin, lambda: None, lambda: None)
    going = [asyncio.create_task(gate.start(start)) for start in (bad, good.start)]
    good.write()
    with pytest.raises(RuntimeError):
        await going[0]
    await good.gone.wait()
    good.settle()
    await going[1]
    assert await gate.call(lambda: "done") == "done"


async def test_who_waits_for_a_round_that_does_not_settle_is_told_once(pool: ThreadPoolExecutor) -> None:
    told = list[bool]()
    gate, far, waits, knows = StartGate(pool, told.append, occupied=0.05), Played(), Played(), Played()
    far.write()
    going = [asyncio.create_task(gate.start(far.start))]
    await far.gone.wait()
    assert await gate.turn(far.start, LONG)
    waiting = asyncio.create_task(gate.start(waits.start))
    assert not await gate.turn(waits.start, LONG)
    assert gate.take_back(waits.start)
    await asyncio.wait([waiting])
    going.append(asyncio.create_task(gate.start(knows.start)))
    assert await gate.turn(knows.start, LONG)
    assert told == [True]
    far.settle()
    knows.settle()
    await asyncio.gather(*going)
    assert told == [True, False]
    assert (waiting.cancelled(), waits.begun.is_set(), knows.begun.is_set()) == (True, False, True)


async def test_a_start_that_is_stuck_is_told_only_when_another_waits(pool: ThreadPoolExecutor) -> None:
    gate, stuck, waits = StartGate(pool, ignore, settle=0.05), Played(), Played()
    stuck.write()
    going = asyncio.create_task(gate.start(stuck.start))
    await asyncio.sleep(0.15)
    assert stuck.slow == 0
    waiting = asyncio.create_task(gate.start(waits.start))
    await until(lambda: stuck.slow > 0)
    stuck.settle()
    waits.settle()
    await asyncio.gather(going, waiting)


async def test_a_start_that_is_taken_back_before_its_turn_never_begins(pool: ThreadPoolExecutor) -> None:
    gate, first, second, third = StartGate(pool, ignore, hold=LONG), Played(), Played(), Played()
    going = asyncio.create_task(gate.start(first.start))
    await first.begun.wait()
    taken_back = asyncio.create_task(gate.start(second.start))
    await asyncio.sleep(0)
    taken_back.cancel()
    first.settle()
    third.settle()
    await asyncio.gather(going, gate.start(third.start))
    assert not second.begun.is_set()
    assert taken_back.cancelled()


async def test_a_start_that_nobody_waits_for_any_more_keeps_calls_out_all_the_same(
    pool: ThreadPoolExecutor,
) -> None:
    gate, played = StartGate(pool, ignore, hold=LONG), Played()
    going = asyncio.create_task(gate.start(played.start))
    await played.begun.wait()
    going.cancel()
    await asyncio.wait([going])
    call = asyncio.create_task(gate.call(lambda: None))
    await asyncio.sleep(0.02)
    assert not call.done()
    played.settle()
    await call
