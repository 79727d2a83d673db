"""Nodes with cores of their own, simulated from those that were measured on the cores of one machine."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from bench.beyond import ROUND_TRIP_MS, Comparison, trusted
from bench.costs import Cost
from bench.nodes_town import Row
from bench.simulation import Load, Machine, simulate

NODE_CORES: Final = 4
DATABASE_CORES: Final = 4
COUNTS: Final = (1, 2, 3, 6)
_INSTANCES: Final = 100  # of each node
_NOTES: Final = 400  # of each node
# A note that goes by itself waits for each commit; under load one commit serves several.
_LATENCY_NOTES: Final = 60


def compare(rows: Sequence[Row], cores: int) -> list[Comparison]:
    """The simulation of the very runs that were measured."""
    found = []
    for row in rows:
        for sent in row.sent:
            load = Load(instances=row.instances, notes=sent.notes)
            outcome = simulate(_measured(row, sent.input, cores), load)
            what = f"{title(row)}: {sent.input}/s"
            found.append(Comparison(what=what, measured=sent.per_second, simulated=outcome.per_second))
        single = Load(instances=1, notes=_LATENCY_NOTES, per_second=1.0)
        alone = simulate(_measured(row, "native", cores), single).p50_ms
        what = f"{title(row)}: native, one at a time, ms"
        found.append(Comparison(what=what, measured=row.latency["p50_ms"], simulated=alone))
    return found


def outlook(rows: Sequence[Row], cores: int, notes: int = _NOTES) -> list[dict[str, Any]]:
    """What SQLite and 1, 2, 3, 6 nodes on PostgreSQL carry with cores of their own; nothing where the
    simulation is too far off what was measured. `notes` are of each node.
    """
    if not trusted(compare(rows, cores)):
        return []
    most = max((row for row in rows if row.database != "SQLite"), key=lambda row: row.nodes)
    fewest = min((row for row in rows if row.database != "SQLite"), key=lambda row: row.nodes)
    shown = [_carried(row, 1, notes) for row in rows if row.database == "SQLite"]
    return shown + [_carried(fewest if count == 1 else most, count, notes) for count in COUNTS]


def _carried(row: Row, nodes: int, notes: int) -> dict[str, Any]:
    found: dict[str, Any] = {"database": row.database, "nodes": nodes}
    for sent in row.sent:
        machine = Machine(
            cores=NODE_CORES,
            cpu_ms=sent.cpu_ms,
            commit_ms=row.commit_ms,
            commits=_commits(row),
            round_trip_ms=ROUND_TRIP_MS,
            nodes=nodes,
            database_cores=DATABASE_CORES,
        )
        outcome = simulate(machine, Load(instances=_INSTANCES * nodes, notes=notes * nodes))
        found[sent.input] = outcome.per_second
        found[f"{sent.input}_database_cores"] = outcome.busy.get("postgres", 0.0)
    return found


def _measured(row: Row, kind: str, cores: int) -> Machine:
    costs: Mapping[str, float] = next(sent.cpu_ms for sent in row.sent if sent.input == kind)
    return Machine(
        cores=cores,
        cpu_ms=costs,
        commit_ms=row.commit_ms,
        commits=_commits(row),
        alone=False,
        nodes=row.nodes,
    )


def _commits(row: Row) -> float:
    return 3.0 if row.written is None else row.written.commits


def shared_costs(figures: Mapping[str, Any]) -> list[Cost]:
    """What notes cost where most nodes share a database; nothing where that was not measured."""
    rows = [] if "missing" in figures else rows_of(figures)
    most = max(rows, key=lambda row: row.nodes, default=None)
    return (
        []
        if most is None
        else [
            Cost(
                input=sent.input,
                instances=most.instances,
                notes=sent.notes,
                per_second=sent.per_second,
                cpu_ms=sent.cpu_ms,
            )
            for sent in most.sent
        ]
    )


def title(row: Row) -> str:
    """A row's name in tables."""
    return f"{row.database}, {row.nodes} node{'s' * (row.nodes > 1)}"


def rows_of(figures: Mapping[str, Any]) -> list[Row]:
    """The rows as they were kept."""
    return msgspec.convert(figures["rows"], list[Row])
