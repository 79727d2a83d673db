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
from functools import lru_cache
from typing import Any, Final

import simpy

_SLICE_MS: Final = 2.0  # how long one stage keeps a core before it lines up again
_AHEAD: Final = 8  # notes of one instance that are made ready before their turn to be sent

# Which share of a kind's processor time falls into which stage, from the order of a request's way.
_STAGES: Final = (
    ("client", 1.0, "accept"),
    ("gateway", 0.4, "accept"),
    ("postgres", 0.3, "accept"),
    ("commit", 1 / 3, "accept"),
    ("voice", 1.0, "ready"),
    ("gateway", 0.2, "ready"),
    ("postgres", 0.2, "ready"),
    ("commit", 1 / 3, "ready"),
    ("engine", 0.4, "ready"),
    ("sandbox", 0.4, "ready"),
    ("round_trip", 1.0, "ready"),
    ("gateway", 0.1, "send"),
    ("postgres", 0.4, "send"),
    ("commit", 1 / 3, "send"),
    ("engine", 0.6, "send"),
    ("sandbox", 0.6, "send"),
    ("round_trip", 1.0, "send"),
    ("gateway", 0.3, "end"),
    ("postgres", 0.1, "end"),
)
_SHARED: Final = ("client", "sandbox")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One node, or several alike, each with `cores`; unless `alone`, all of them, the database, the sandbox
    and the caller share one node's cores, as they do when it is measured.
    """

    cores: int
    cpu_ms: Mapping[str, float] = field(hash=False)
    commit_ms: float
    commits: float = 3.0
    """How many of them a note waits for."""
    round_trip_ms: float = 0.0
    alone: bool = True
    nodes: int = 1
    database_cores: int = 4
    """Of a database that is apart from its nodes; SQLite works in the gateway."""


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


@dataclass(frozen=True)
class _Place:
    """Cores, and the processes that work on them by kind."""

    cores: simpy.Resource
    kinds: dict[str, simpy.Resource]


@dataclass
class _Town:
    env: simpy.Environment
    machine: Machine
    nodes: list[_Place]
    database: _Place
    sessions: list[simpy.Resource]
    ready: list[simpy.Resource]
    busy: dict[str, float] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)


@lru_cache  # one report asks for the same again and again
def simulate(machine: Machine, load: Load, seed: int = 1) -> Outcome:
    """Run `load` on `machine`; the same seed gives the same outcome."""
    env = simpy.Environment()
    town = _town(env, machine, load.instances)
    env.process(_arrivals(town, load, random.Random(seed)))
    env.run()
    town.taken.sort()
    return Outcome(
        per_second=load.notes / env.now * 1000,
        p50_ms=statistics.median(town.taken),
        p99_ms=town.taken[int(len(town.taken) * 0.99)],
        busy={kind: spent / env.now for kind, spent in sorted(town.busy.items())},
    )


def _town(env: simpy.Environment, machine: Machine, instances: int) -> _Town:
    shared = simpy.Resource(env, machine.cores)
    outside = {kind: simpy.Resource(env, 1) for kind in _SHARED}
    threads = {"gateway": 1, "voice": machine.cores, "engine": machine.cores}
    nodes = [
        _Place(
            simpy.Resource(env, machine.cores) if machine.alone else shared,
            {kind: simpy.Resource(env, count) for kind, count in threads.items()} | outside,
        )
        for _ in range(machine.nodes)
    ]
    cores = simpy.Resource(env, machine.database_cores) if machine.alone else shared
    # One process for each connection, of which there are more than cores.
    database = _Place(cores, {"postgres": simpy.Resource(env, 100)})
    sessions, ready = ([simpy.Resource(env, at_once) for _ in range(instances)] for at_once in (1, _AHEAD))
    return _Town(env, machine, nodes, database, sessions, ready)


def _arrivals(town: _Town, load: Load, rng: random.Random) -> Generator[Any, Any, None]:
    for number in range(load.notes):
        if load.per_second is not None:
            yield town.env.timeout(rng.expovariate(load.per_second) * 1000)
        town.env.process(_note(town, number % load.instances))


def _note(town: _Town, instance: int) -> Generator[Any, Any, None]:
    began = town.env.now
    # All nodes have as much to do, so that it is the same whichever of them takes the call.
    holder = town.nodes[instance % len(town.nodes)]
    yield from _part(town, "accept", holder)
    with town.ready[instance].request() as near:
        yield near
        yield from _part(town, "ready", holder)
        with town.sessions[instance].request() as turn:
            yield turn
            yield from _part(town, "send", holder)
    town.taken.append(town.env.now - began)
    yield from _part(town, "end", holder)


def _part(town: _Town, part: str, node: _Place) -> Generator[Any, Any, None]:
    machine = town.machine
    for kind, share, where in _STAGES:
        if where != part:
            continue
        if kind == "commit":
            yield town.env.timeout(machine.commit_ms * machine.commits * share)
        elif kind == "round_trip":
            yield town.env.timeout(machine.round_trip_ms)
        elif not (machine.alone and kind in _SHARED):
            place = town.database if kind == "postgres" else node
            yield from _work(town, place, kind, machine.cpu_ms.get(kind, 0.0) * share)


def _work(town: _Town, place: _Place, kind: str, left_ms: float) -> Generator[Any, Any, None]:
    with place.kinds[kind].request() as thread:
        yield thread
        while left_ms > 0:
            with place.cores.request() as core:
                yield core
                slice_ms = min(left_ms, _SLICE_MS)
                yield town.env.timeout(slice_ms)
                left_ms -= slice_ms
                town.busy[kind] = town.busy.get(kind, 0.0) + slice_ms
