"""When notes have arrived: counted where the recipients decrypt and check them."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from waypost.sandbox.client import SandboxClient

_WITHIN_S = 300


async def inbox_end(sandbox: SandboxClient, contact: str) -> int:
    """Behind the last message that the contact has; an inbox comes in pages."""
    after = 0
    while (inbox := await sandbox.inbox(f"+{contact}", after)).messages:
        after = inbox.last
    return after


async def arrivals(sandbox: SandboxClient, contacts: Sequence[str], count: int) -> Coroutine[Any, Any, None]:
    """What to wait on until the contacts have decrypted `count` notes more than they have now."""
    begun = [await inbox_end(sandbox, contact) for contact in contacts]
    left = count
    all_there = asyncio.Event()

    async def watch(contact: str, after: int) -> None:
        nonlocal left
        while True:
            inbox = await sandbox.inbox(f"+{contact}", after, 20)
            after = inbox.last
            left -= sum(1 for message in inbox.messages if message.media == "ok")
            if left <= 0:
                all_there.set()

    async def wait() -> None:
        watching = [
            asyncio.create_task(watch(contact, after)) for contact, after in zip(contacts, begun, strict=True)
        ]
        try:
            async with asyncio.timeout(_WITHIN_S):
                await all_there.wait()
        finally:
            for task in watching:
                task.cancel()

    return wait()
