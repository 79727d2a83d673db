"""Everything at once: many chats, errors at random, lost acks, and a gateway that keeps stopping."""

import asyncio
import random
from collections import Counter, defaultdict

import pytest

from waypost.clock import SystemClock
from waypost.durable.retry import Schedule
from waypost.errors import (
    MEDIA_UPLOAD_FAILED,
    NOT_CONNECTED,
    SERVER_REFUSED,
    URL_UNREACHABLE,
    EngineError,
    FetchError,
    OutcomeUnknown,
    WaypostError,
)
from waypost.outbox.outbox import Outbox
from waypost.outbox.request import Request, RequestState
from waypost.outbox.settings import OutboxSettings
from waypost.testing.executor import Script, ScriptedExecutor
from waypost.testing.outbox_house import INSTANCE, House, Receipt

SETTINGS = OutboxSettings(
    drain=0.0,
    settle=30.0,
    fetch_attempts=1_000,
    retry=Schedule(delays=(0.002, 0.005), jitter=0.5, attempts=1_000),
)
CHATS = 6
REQUESTS = 60
LIVES = 8


class Weather:
    """Errors at random, `share` of all calls."""

    def __init__(self, executor: ScriptedExecutor, rng: random.Random, share: float) -> None:
        self.executor = executor
        self.rng = rng
        self.share = share
        scripts: dict[str, list[WaypostError]] = {
            "prepare": [FetchError(URL_UNREACHABLE)],
            "stage": [EngineError(MEDIA_UPLOAD_FAILED), EngineError(NOT_CONNECTED)],
            "perform": [EngineError(SERVER_REFUSED), EngineError(NOT_CONNECTED), OutcomeUnknown()],
            "performed": [OutcomeUnknown()],
            "settle": [EngineError(NOT_CONNECTED)],
        }
        for point, errors in scripts.items():
            executor.always(point, self.script(errors))

    def script(self, errors: list[WaypostError]) -> Script:
        async def script(request: Request) -> None:
            await asyncio.sleep(self.rng.random() * 0.004)
            if self.rng.random() < self.share:
                raise self.rng.choice(errors)

        return script


@pytest.mark.parametrize("seed", range(4))
async def test_in_a_storm_every_message_is_sent_once_and_in_the_order_of_its_chat(
    house: House, seed: int
) -> None:
    rng = random.Random(seed)
    accepted: defaultdict[str, list[str]] = defaultdict(list)

    for life in range(LIVES):
        last = life == LIVES - 1
        executor = ScriptedExecutor(house.network)
        Weather(executor, rng, 0.0 if last else 0.15)
        async with house.open(executor, SETTINGS, clock=SystemClock()) as (outbox, _):
            receipts = asyncio.create_task(_receipts(house, outbox))
            for _ in range(REQUESTS // LIVES):
                chat = f"c{rng.randrange(CHATS)}"
                steps = ("note", "caption") if rng.random() < 0.3 else ("note",)
                told = await outbox.accept(house.call(chat, steps=steps))
                accepted[chat] += [f"{told.uuid}/{step}" for step in steps]
            if last:
                async with asyncio.timeout(20):
                    while not await _all_finished(outbox):
                        outbox.wake(INSTANCE)
                        await asyncio.sleep(0.01)
                states = Counter(one.state for one in (await outbox.list(INSTANCE, limit=500)).items)
            else:
                await asyncio.sleep(rng.random() * 0.08)
            receipts.cancel()

    assert states == {RequestState.SENT: sum(states.values())}
    for chat, expected in accepted.items():
        assert house.network.names(chat) == expected
    secrets = [one.secret for one in house.network.deliveries]
    assert len(secrets) == len(set(secrets))


async def _receipts(house: House, outbox: Outbox) -> None:
    """Recipients tell of everything that arrives, a little later."""
    while True:
        told = [Receipt.of(one) for one in house.network.deliveries]
        await asyncio.sleep(0.005)
        await outbox.on_receipts(told)


async def _all_finished(outbox: Outbox) -> bool:
    page = await outbox.list(INSTANCE, limit=500)
    return all(one.state.finished for one in page.items)
