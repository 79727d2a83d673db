"""What a note costs: milliseconds of processor time of each kind of process.

These are the inputs of `bench/simulation.py`; unlike notes per second they hardly depend on what else runs
on the machine.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import psutil

from bench.delivery import CONTACTS, rate
from bench.machine import family
from bench.scale import Scale
from bench.sounds import mp3, native_note
from bench.town import Town
from waypost.sandbox.views import NewContact

KINDS: Final = ("gateway", "engine", "voice", "sandbox", "client")


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what was sent, how fast, and what each note took, by kind of process."""

    input: str
    instances: int
    notes: int
    per_second: float
    cpu_ms: dict[str, float]


async def measure(here: Town, scale: Scale) -> list[Cost]:
    """Native notes and 3 s mp3, through one instance and through several that are paired already."""
    for contact in CONTACTS:
        await here.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
    sounds = {"native": await native_note(3.0), "mp3": mp3(3.0)}
    # What opens the Signal sessions is not counted: it happens once per chat.
    await rate(here, here.instances, sounds["native"], len(here.instances) * len(CONTACTS))
    return [
        await _cost(here, kind, count, sound, scale.rate_notes)
        for kind, sound in sounds.items()
        for count in scale.senders
    ]


async def _cost(here: Town, kind: str, count: int, sound: bytes, notes: int) -> Cost:
    kinds = {**family(here.pair.gateway.pid), "sandbox": tree(here.pair.sandbox.pid)}
    before = spent(kinds)
    per_second = await rate(here, here.instances[:count], sound, notes)
    after = spent(kinds)
    each = {name: (after[name] - before[name]) * 1000 / notes for name in KINDS}
    return Cost(input=kind, instances=count, notes=notes, per_second=per_second, cpu_ms=each)


def spent(kinds: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Processor seconds so far by kind of process; `client` is this one and those of its loads that ended."""
    own = psutil.Process().cpu_times()
    found = {kind: sum(_seconds(pid) for pid in pids) for kind, pids in kinds.items()}
    return {**found, "client": own.user + own.system + own.children_user + own.children_system}


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def _seconds(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
