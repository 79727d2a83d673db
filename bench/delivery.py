"""From POST to decrypted by the recipient: latency, and notes per second through 1 and 20 instances."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

from bench.sounds import mp3, native_note
from bench.town import Instance, Town
from waypost.sandbox.views import NewContact

LATENCY_NOTES = 60
RATE_NOTES = 200


async def latency(town: Town) -> dict[str, Any]:
    """A 3 s mp3, one at a time: milliseconds from the POST until the contact has decrypted and checked it."""
    sound, instance, contact = mp3(3.0), town.instances[0], "447700910001"
    await town.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
    taken: list[float] = []
    after = 0
    for number in range(LATENCY_NOTES + 3):
        began = time.perf_counter()
        await town.send(instance, sound, "note.mp3", contact)
        inbox = await town.sandbox.inbox(f"+{contact}", after, 20)
        if number >= 3:  # the first ones open the Signal session and warm the workers
            taken.append((time.perf_counter() - began) * 1000)
        after = inbox.last
    taken.sort()
    return {
        "notes": LATENCY_NOTES,
        "p50_ms": statistics.median(taken),
        "p99_ms": taken[int(len(taken) * 0.99)],
    }


async def rates(town: Town) -> dict[str, Any]:
    """Notes per second, first POST to last server ack: native and mp3 input, 1 and 20 instances."""
    while len(town.instances) < 20:
        await town.add_instance()
    contacts = [f"4477009110{index:02}" for index in range(4)]
    for contact in contacts:
        await town.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
    sounds = {"native": (await native_note(3.0), "note.ogg"), "mp3": (mp3(3.0), "note.mp3")}
    figures: dict[str, Any] = {}
    for kind, (sound, name) in sounds.items():
        for count in (1, 20):
            figures[f"{kind}_{count}"] = await _rate(town, town.instances[:count], contacts, sound, name)
    return figures


async def _rate(
    town: Town, instances: Sequence[Instance], contacts: Sequence[str], sound: bytes, name: str
) -> float:
    began = time.perf_counter()
    each = RATE_NOTES // len(instances)

    async def one(instance: Instance) -> None:
        await asyncio.gather(
            *(town.send(instance, sound, name, contacts[number % len(contacts)]) for number in range(each))
        )
        # One question about all: asking for each would keep the client busier than the gateway.
        while await town.any_that_is(instance, "queued", "preparing", "sending"):
            await asyncio.sleep(0.05)
        if await town.any_that_is(instance, "failed"):
            raise RuntimeError("not every note was sent")

    await asyncio.gather(*(one(instance) for instance in instances))
    return each * len(instances) / (time.perf_counter() - began)


def report(latency_figures: dict[str, Any], rate_figures: dict[str, Any]) -> Sequence[str]:
    """The table's lines."""
    names = {
        "native_1": "native notes, 1 instance",
        "native_20": "native notes, 20 instances",
        "mp3_1": "3 s mp3, 1 instance",
        "mp3_20": "3 s mp3, 20 instances",
    }
    return [
        f"POST → decrypted, 3 s mp3: p50 {latency_figures['p50_ms']:.0f} ms (aim ≤ 150), "
        f"p99 {latency_figures['p99_ms']:.0f} ms",
        *(f"{title:27} {rate_figures[name]:6.1f} notes/s" for name, title in names.items()),
        "aim: ≥ 40 native notes/s through one instance",
    ]
