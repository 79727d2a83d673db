"""An engine process that is halted when its lease runs out."""

import asyncio
import os
import signal
import time
from typing import Final

from waypost.engine import wire
from waypost.engine.port import MessageArrived
from waypost.engine.store_folder import started_at
from waypost.sandbox.views import NewContact, Send
from waypost.testing.engine_stage import EngineStage

PHONE, ANN = "+4915112345678", "+4915200000001"
_TEXTS: Final = 40


async def test_what_came_to_a_halted_engine_comes_again_to_the_next_one(stage: EngineStage) -> None:
    """It must be gone before it wakes: it would confirm all that lies in its socket and end without it."""
    await stage.sandbox.add_contact(NewContact(phone=ANN))
    await stage.paired("shop", PHONE)
    await stage.connected("shop")
    (process,) = stage.engine.processes
    texts = [f"text {number:03}" for number in range(_TEXTS)]
    deadline = time.monotonic() + 1.5
    await process.call(lambda call: wire.HoldUntil(call=call, deadline=deadline), type(None), 5.0)
    os.kill(process.pid, signal.SIGSTOP)
    for text in texts:
        await stage.sandbox.send(ANN, Send(to=PHONE, text=text))
    await asyncio.sleep(max(deadline + 0.5 - time.monotonic(), 0.0))
    assert started_at(process.pid) is None

    def missing() -> set[str]:
        contents = b"".join(e.content for e in stage.events.events if isinstance(e, MessageArrived))
        return {text for text in texts if text.encode() not in contents}

    await stage.events.until(lambda: not missing())
