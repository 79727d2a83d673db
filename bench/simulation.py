"""What a machine carries, computed note by note from what one note was measured to cost.

A note is a row of stages. Each needs one kind of process for some processor time, in slices, as the operating
system shares cores out; between stages it waits for commits and for the network. The model knows the orders
that bound a gateway: one event loop, as many voice workers as cores, one send at a time per instance. It
knows nothing of caches, memory bandwidth or the disk's own queue, so it is used beyond what was measured only
where it repeats what was.
"""

import random
import statistics
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import simpy

_SLICE_MS: Final = 2.0  # how long one stage keeps a core before it lines up again
_AHEAD: Final = 8  # notes of one instance that are made ready before their turn to be sent

# Which share of a kind's processor time falls into which stage, from the order of a request's way.
_STAGES: Final = (
    ("client", 1.0, "accept"),
    ("gateway", 0.4, "accept"),
    ("commit", 1.0, "accept"),
    ("voice", 1.0, "ready"),
    ("gateway", 0.2, "ready"),
    ("commit", 1.0, "ready"),
    ("engine", 0.4, "ready"),
    ("sandbox", 0.4, "ready"),
    ("round_trip", 1.0, "ready"),
    ("gateway", 0.1, "send"),
    ("commit", 1.0, "send"),
    ("engine", 0.6, "send"),
    ("sandbox", 0.6, "send"),
    ("round_trip", 1.0, "send"),
    ("gateway", 0.3, "end"),
)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One node; unless `alone`, sandbox and caller share its cores, as they do when it is measured."""

    cores: int
    cpu_ms: Mapping[str, float]
    commit_ms: float
    round_trip_ms: float = 0.0
    alone: bool = True


@dataclass(frozen=True, kw_only=True)
class Load:
    """`notes` in all over `instances`: all at once, or `per_second` over all of them at random times."""

    instances: int
    notes: int
    chats: int = 4
    per_second: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Notes per second, milliseconds from call to ack, and how many cores each kind of process kept busy."""

    per_second: float
    p50_ms: float
    p99_ms: float
    busy: dict[str, float]


@dataclass
class _Town:
    env: simpy.Environment
    machine: Machine
    cores: simpy.Resource
    kinds: dict[str, simpy.Resource]
    sessions: list[simpy.Resource]
    ready: list[simpy.Resource]
    busy: dict[str, float] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)


def simulate(machine: Machine, load: Load, seed: int = 1) -> Outcome:
    """Run `load` on `machine`; the same seed gives the same outcome."""
    env = simpy.Environment()
    threads = {"gateway": 1, "voice": machine.cores, "engine": machine.cores, "sandbox": 1, "client": 1}
    town = _Town(
        env,
        machine,
        simpy.Resource(env, machine.cores),
        {kind: simpy.Resource(env, count) for kind, count in threads.items()},
        [simpy.Resource(env, 1) for _ in range(load.instances)],
        [simpy.Resource(env, _AHEAD) for _ in range(load.instances)],
    )
    env.process(_arrivals(town, load, random.Random(seed)))
    env.run()
    town.taken.sort()
    return Outcome(
        per_second=load.notes / env.now * 1000,
        p50_ms=statistics.median(town.taken),
        p99_ms=town.taken[int(len(town.taken) * 0.99)],
        busy={kind: spent / env.now for kind, spent in sorted(town.busy.items())},
    )


def _arrivals(town: _Town, load: Load, rng: random.Random) -> Generator[Any, Any, None]:
    for number in range(load.notes):
        if load.per_second is not None:
            yield town.env.timeout(rng.expovariate(load.per_second) * 1000)
        town.env.process(_note(town, number % load.instances))


def _note(town: _Town, instance: int) -> Generator[Any, Any, None]:
    began = town.env.now
    yield from _part(town, "accept")
    with town.ready[instance].request() as near:
        yield near
        yield from _part(town, "ready")
        with town.sessions[instance].request() as turn:
            yield turn
            yield from _part(town, "send")
    town.taken.append(town.env.now - began)
    yield from _part(town, "end")


def _part(town: _Town, part: str) -> Generator[Any, Any, None]:
    machine = town.machine
    for kind, share, where in _STAGES:
        if where != part:
            continue
        if kind == "commit":
            yield town.env.timeout(machine.commit_ms)
        elif kind == "round_trip":
            yield town.env.timeout(machine.round_trip_ms)
        elif not (machine.alone and kind in ("client", "sandbox")):
            yield from _work(town, kind, machine.cpu_ms[kind] * share)


def _work(town: _Town, kind: str, left_ms: float) -> Generator[Any, Any, None]:
    with town.kinds[kind].request() as thread:
        yield thread
        while left_ms > 0:
            with town.cores.request() as core:
                yield core
                slice_ms = min(left_ms, _SLICE_MS)
                yield town.env.timeout(slice_ms)
                left_ms -= slice_ms
                town.busy[kind] = town.busy.get(kind, 0.0) + slice_ms
