import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from waypost.engine.hosts.whatsmeow.gate import StartGate


async def test_calls_wait_while_a_start_is_going_and_go_on_at_its_sign_of_life() -> None:
    gate, alive, order = StartGate(ThreadPoolExecutor(4), hold=20.0), asyncio.Event(), list[str]()
    begun = asyncio.Event()

    def begin() -> None:
        order.append("start")
        begun.set()

    start = asyncio.create_task(gate.start(begin, alive))
    await begun.wait()
    call = asyncio.create_task(gate.call(lambda: order.append("call")))
    await asyncio.sleep(0)
    assert order == ["start"]
    alive.set()
    await start
    await call
    assert order == ["start", "call"]


async def test_a_start_waits_until_calls_that_were_queued_have_entered_the_library() -> None:
    gate, alive = StartGate(ThreadPoolExecutor(1), hold=20.0), asyncio.Event()
    alive.set()
    first, blocked = threading.Event(), threading.Event()

    def hold() -> None:
        first.set()
        blocked.wait(10)

    running = asyncio.create_task(gate.call(hold))
    while not first.is_set():
        await asyncio.sleep(0.001)
    queued = asyncio.create_task(gate.call(lambda: None))  # the pool has one thread: this one has not begun
    await asyncio.sleep(0)
    started = asyncio.Event()
    start = asyncio.create_task(gate.start(started.set, alive))
    await asyncio.sleep(0.03)
    assert not started.is_set()
    blocked.set()
    await asyncio.gather(running, queued, start)
    assert started.is_set()


async def test_a_start_without_a_sign_of_life_holds_calls_for_the_limit_only() -> None:
    gate = StartGate(ThreadPoolExecutor(1), hold=0.05)
    start = asyncio.create_task(gate.start(lambda: None, asyncio.Event()))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await gate.call(lambda: "done") == "done"
    await start


async def test_starts_go_one_at_a_time() -> None:
    gate, first, second = StartGate(ThreadPoolExecutor(1), hold=20.0), asyncio.Event(), asyncio.Event()
    order: list[str] = []
    one = asyncio.create_task(gate.start(lambda: order.append("one"), first))
    two = asyncio.create_task(gate.start(lambda: order.append("two"), second))
    second.set()
    await asyncio.sleep(0.05)
    assert order == ["one"]
    first.set()
    await asyncio.gather(one, two)
    assert order == ["one", "two"]
