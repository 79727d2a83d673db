"""How far one node goes and what comes next, computed from the figures of one run (see docs/scaling.md).

The simulation has to repeat that run first: where it is off by more than `TRUST`, nothing is computed of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from bench.costs import Cost
from bench.simulation import Load, Machine, Outcome, simulate
from waypost.storage.postgres.connections import Connections

TRUST: Final = 0.25  # largest part by which a simulated figure may differ from the measured one
ROUND_TRIP_MS: Final = 100.0  # assumed, to WhatsApp's servers and back; the sandbox's is nothing
BUSY: Final = (
    0.6  # part of a node's capacity that is planned with: the rest is for bursts and for its neighbours
)
MEMORY: Final = 0.7  # part of a node's memory that is planned with
NOTES_A_DAY: Final = 100  # assumed, per instance
_OF_A_NODE: Final = 6  # connections to PostgreSQL of a node's own, as it is set unless told otherwise
BUSIEST_HOUR: Final = 0.2  # assumed, the part of a day's notes that falls into its busiest hour


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one run found: `base_mb` of a gateway without sessions, `session_mb` for each of them."""

    cores: int
    costs: list[Cost]
    latency_p50_ms: float
    commit_ms: float
    base_mb: float
    session_mb: float
    shared: list[Cost] = []
    """The costs of nodes on one PostgreSQL, where they were measured."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A measured figure beside the simulated one."""

    what: str
    measured: float
    simulated: float

    @property
    def off(self) -> float:
        """By which part the simulation is off."""
        return self.simulated / self.measured - 1


def compare(found: Measured) -> list[Comparison]:
    """The simulation of the very runs that were measured."""
    rows = []
    for cost in found.costs:
        here = Machine(cores=found.cores, cpu_ms=cost.cpu_ms, commit_ms=found.commit_ms, alone=False)
        outcome = simulate(here, Load(instances=cost.instances, notes=cost.notes))
        what = f"{cost.input}, {cost.instances} instance{'s' * (cost.instances > 1)}: notes/s"
        rows.append(Comparison(what=what, measured=cost.per_second, simulated=outcome.per_second))
    one = _machine(found, "mp3", found.cores, alone=False)
    single = simulate(one, Load(instances=1, notes=60, per_second=1.0))
    what = "mp3, one at a time: ms to the recipient"
    return [*rows, Comparison(what=what, measured=found.latency_p50_ms, simulated=single.p50_ms)]


def trusted(rows: Sequence[Comparison]) -> bool:
    """Whether the simulation may be used beyond what was measured."""
    return all(abs(row.off) <= TRUST for row in rows)


def capacity(found: Measured, kind: str, cores: int) -> Outcome:
    """What a node of its own carries at most: 100 instances, each with as much as it can take."""
    return simulate(_machine(found, kind, cores), Load(instances=100, notes=600))


def one_instance(found: Measured, round_trip_ms: float) -> Outcome:
    """What one instance sends at most through a network that is that far away."""
    machine = _machine(found, "native", found.cores, round_trip_ms=round_trip_ms)
    return simulate(machine, Load(instances=1, notes=200))


def under_load(found: Measured, cores: int, part: float) -> Outcome:
    """A node that gets `part` of what it could carry, at random times."""
    most = capacity(found, "mp3", cores).per_second
    return simulate(_machine(found, "mp3", cores), Load(instances=100, notes=1000, per_second=most * part))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many nodes of a size a number of instances needs, and what decides it."""

    instances: int
    notes_per_second: float
    nodes: int
    per_node: int
    connections: int
    decided_by: str


def plan(found: Measured, instances: int, cores: int, memory_gb: float) -> Plan:
    """Nodes of `cores` and `memory_gb` for that many instances, each with NOTES_A_DAY."""
    busiest = NOTES_A_DAY * BUSIEST_HOUR / 3600
    per_node, why = _per_node(found, cores, memory_gb)
    if instances > per_node and found.shared:
        shared = msgspec.structs.replace(found, costs=found.shared)
        per_node, why = _per_node(shared, cores, memory_gb)
    nodes = max(math.ceil(instances / per_node), 1)
    return Plan(
        instances=instances,
        notes_per_second=instances * busiest,
        nodes=nodes,
        per_node=per_node,
        connections=Connections(0, instances, nodes, _OF_A_NODE).needed,
        decided_by=why if instances > per_node else "nothing yet",
    )


def _per_node(found: Measured, cores: int, memory_gb: float) -> tuple[int, str]:
    """How many instances a node holds, and what decides it."""
    busiest = NOTES_A_DAY * BUSIEST_HOUR / 3600
    by_cpu = int(capacity(found, "mp3", cores).per_second * BUSY / busiest)
    by_memory = int((memory_gb * 1024 * MEMORY - found.base_mb) / found.session_mb)
    return min((by_cpu, "processor (conversion)"), (by_memory, "memory (sessions)"))


def _machine(
    found: Measured, kind: str, cores: int, *, alone: bool = True, round_trip_ms: float = ROUND_TRIP_MS
) -> Machine:
    """A machine with the costs that were measured with most instances."""
    cost = max((one for one in found.costs if one.input == kind), key=lambda one: one.instances)
    far = round_trip_ms if alone else 0.0
    return Machine(cores=cores, cpu_ms=cost.cpu_ms, commit_ms=found.commit_ms, round_trip_ms=far, alone=alone)
