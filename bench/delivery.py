"""From POST to decrypted by the recipient: latency, and notes per second through one and more instances."""

import asyncio
import statistics
import time
from collections.abc import Sequence

from bench.accept import message
from bench.arrivals import arrivals, inbox_end
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import mp3, native_note
from bench.town import Instance, Town, load, town
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact

CONTACTS = [f"4477009110{index:02}" for index in range(4)]
_CALLERS = 16
WARMING = 3  # the first notes open the Signal session and warm the workers


async def run(scale: Scale) -> Figures:
    """Latency through one instance, then notes per second through one and through several."""
    async with town() as here:
        waited = await latency(here, mp3(3.0), "note.mp3", scale.latency_notes)
        await here.grow(max(scale.senders))
        for contact in CONTACTS:
            await here.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
        sounds = {"native notes": await native_note(3.0), "3 s mp3": mp3(3.0)}
        # What opens the Signal sessions is not counted: it happens once per chat.
        await rate(here, here.instances, sounds["native notes"], len(here.instances) * len(CONTACTS))
        rates = [
            {
                "sound": kind,
                "instances": count,
                "per_second": await rate(here, here.instances[:count], sound, scale.rate_notes),
            }
            for kind, sound in sounds.items()
            for count in scale.senders
        ]
    return {"latency": waited, "rates": rates}


async def latency(town: Town, sound: bytes, name: str, notes: int) -> dict[str, float]:
    """One at a time: milliseconds from the POST until the contact has decrypted and checked it."""
    instance, contact = town.instances[0], "447700910001"
    await town.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
    taken: list[float] = []
    after = await inbox_end(town.sandbox, contact)
    for number in range(notes + WARMING):
        began = time.perf_counter()
        await town.send(instance, sound, name, contact)
        after = (await town.sandbox.inbox(f"+{contact}", after, 20)).last
        if number >= WARMING:
            taken.append((time.perf_counter() - began) * 1000)
    return percentiles(taken)


def percentiles(taken_ms: Sequence[float]) -> dict[str, float]:
    """Median and p99 of milliseconds."""
    ordered = sorted(taken_ms)
    return {"p50_ms": statistics.median(ordered), "p99_ms": ordered[int(len(ordered) * 0.99)]}


async def rate(town: Town, instances: Sequence[Instance], sound: bytes, notes: int) -> float:
    """Notes per second from the first POST until the last was decrypted, to all contacts by turns."""
    return await rate_at([town.pair.url], town.sandbox, instances, sound, notes)


async def rate_at(
    urls: Sequence[str], sandbox: SandboxClient, instances: Sequence[Instance], sound: bytes, notes: int
) -> float:
    """The same, called at any of several gateways by turns."""
    calls = [
        message(f"/api/whatsapp/v2/{one.id}/send-voice", one.token, sound, contact)
        for contact in CONTACTS
        for one in instances
    ]
    waiting = await arrivals(sandbox, CONTACTS, notes)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(waiting)
        group.create_task(load(urls, calls, requests=notes, connections=_CALLERS))
    return notes / (time.perf_counter() - began)


def report(figures: Figures) -> Sequence[str]:
    """The table's lines."""
    waited = figures["latency"]
    return [
        f"POST → decrypted, 3 s mp3: p50 {waited['p50_ms']:.0f} ms (aim ≤ 150), "
        f"p99 {waited['p99_ms']:.0f} ms",
        "from the first POST until the last note is decrypted:",
        *(
            f"{row['sound']}, {row['instances']} instance{'s' if row['instances'] > 1 else ''}".ljust(28)
            + f" {row['per_second']:6.1f} notes/s"
            for row in figures["rates"]
        ),
        "aim: ≥ 40 native notes/s through one instance",
    ]


SECTION = Section("delivery", "Sending through the sandbox", run, report)
