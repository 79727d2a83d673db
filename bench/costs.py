"""What a note costs: processor seconds of each kind of process, and where the time of one note goes.

These are the inputs of `bench/simulation.py`; unlike notes per second they hardly depend on what else runs
on the machine.
"""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import psutil

from bench.machine import family
from bench.sounds import mp3, native_note
from bench.town import Town, town
from waypost.sandbox.views import NewContact

NOTES: Final = 200
KINDS: Final = ("gateway", "engine", "voice", "sandbox", "client")


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of one note: milliseconds of processor time by kind of process; and the run that told."""

    input: str
    instances: int
    notes: int
    seconds: float
    cpu_ms: dict[str, float]

    @property
    def per_second(self) -> float:
        """Notes per second of the run."""
        return self.notes / self.seconds


async def run(town: Town, instances: int = 20) -> list[Cost]:
    """Native notes and 3 s mp3, through one instance and through many."""
    while len(town.instances) < instances:
        await town.add_instance()
    contacts = [f"4477009120{number:02}" for number in range(4)]
    for contact in contacts:
        await town.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
    sounds = {"native": (await native_note(3.0), "note.ogg"), "mp3": (mp3(3.0), "note.mp3")}
    return [
        await _cost(town, kind, count, contacts, sound, name)
        for kind, (sound, name) in sounds.items()
        for count in (1, instances)
    ]


async def _cost(town: Town, kind: str, count: int, contacts: Sequence[str], sound: bytes, name: str) -> Cost:
    each = NOTES // count
    before, began = _cpu(town), time.perf_counter()

    async def one(number: int) -> None:
        instance = town.instances[number]
        uuids = await asyncio.gather(
            *(town.send(instance, sound, name, contacts[place % len(contacts)]) for place in range(each))
        )
        for uuid in uuids[
            -len(contacts) :
        ]:  # the last of each chat: asking for all would cost more than sending
            await town.finished(instance, uuid)

    await asyncio.gather(*(one(number) for number in range(count)))
    seconds, after, notes = time.perf_counter() - began, _cpu(town), each * count
    spent = {kind: (after[kind] - before[kind]) * 1000 / notes for kind in KINDS}
    return Cost(input=kind, instances=count, notes=notes, seconds=seconds, cpu_ms=spent)


def _cpu(here: Town) -> Mapping[str, float]:
    """Processor seconds so far, by kind of process."""
    kinds = {
        **family(here.pair.gateway.pid),
        "sandbox": _tree(here.pair.sandbox.pid),
        "client": [os.getpid()],
    }
    return {kind: sum(_seconds(pid) for pid in kinds[kind]) for kind in KINDS}


def _tree(pid: int) -> list[int]:
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def _seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def report(costs: Sequence[Cost]) -> list[str]:
    """The table's lines."""
    head = f"{'input, instances':22}" + "".join(f"{kind:>9}" for kind in KINDS) + f"{'all':>9}{'notes/s':>9}"
    lines = [head]
    for cost in costs:
        spent = "".join(f"{cost.cpu_ms[kind]:9.2f}" for kind in KINDS)
        title = f"{cost.input}, {cost.instances}"
        lines.append(f"{title:22}{spent}{sum(cost.cpu_ms.values()):9.2f}{cost.per_second:9.1f}")
    return [*lines, "processor milliseconds per note"]


def figures(costs: Sequence[Cost]) -> list[dict[str, Any]]:
    """The same as data."""
    found: list[dict[str, Any]] = msgspec.to_builtins(costs)
    return found


async def main() -> None:
    """Measure alone: `python -m bench.costs`."""
    async with town() as here:
        print("\n".join(report(await run(here))))


if __name__ == "__main__":
    asyncio.run(main())
