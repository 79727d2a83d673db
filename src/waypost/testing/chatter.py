"""A session that is at work while others start, stop and fail."""

import asyncio
from collections.abc import Sequence

from waypost.errors import ENGINE_DIED, NOT_CONNECTED, EngineError
from waypost.sandbox.views import NewContact
from waypost.testing.engine_stage import EngineStage, text_order

ANN = "+4915200000001"


class Chatter:
    """Sends text after text from one session, each until it is sent, as the outbox does."""

    def __init__(self, stage: EngineStage, instance_id: str) -> None:
        self._stage = stage
        self._instance_id = instance_id
        self._over = False
        self.texts: list[str] = []
        self.setbacks: list[str] = []
        self._task = asyncio.create_task(self._send_all())

    async def more(self, count: int) -> None:
        """Wait until `count` texts more have been sent."""
        wanted = len(self.texts) + count
        async with asyncio.timeout(30):
            while len(self.texts) < wanted:
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Stop, and see that the contact has each text once, in order."""
        self._over = True
        await self._task
        seen: list[str] = []
        after = 0
        async with asyncio.timeout(20):
            while len(seen) < len(self.texts):
                inbox = await self._stage.sandbox.inbox(ANN, after=after, wait=5)
                after = inbox.last
                seen += [message.text or "" for message in inbox.messages]
        messages = (await self._stage.sandbox.inbox(ANN, after=0)).messages
        assert seen == self.texts
        assert {message.times for message in messages} == {1}

    async def _send_all(self) -> None:
        while not self._over:
            text = f"text {len(self.texts)}"
            await self._send(text)
            self.texts.append(text)

    async def _send(self, text: str) -> None:
        while True:
            session = await self._stage.session(self._instance_id)
            try:
                await session.send(text_order(text, ANN))
            except EngineError as error:  # what does not say that nothing was sent ends the test
                if error.fault not in (NOT_CONNECTED, ENGINE_DIED):
                    raise
                self.setbacks.append(error.message)
                await asyncio.sleep(0.02)
            else:
                return


async def chatting(stage: EngineStage, others: Sequence[str]) -> Chatter:
    """A session `shop` that sends without end, and others that are paired."""
    await stage.sandbox.add_contact(NewContact(phone=ANN))
    for number, name in enumerate(["shop", *others]):
        await stage.paired(name, f"+49151000000{number:02}")
    await stage.connected("shop")
    chatter = Chatter(stage, "shop")
    await chatter.more(3)
    return chatter
