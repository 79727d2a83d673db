"""Many nodes: the simulation of their sharing, and a report that says no more than the figures do."""

from typing import Any

import msgspec
import pytest
from bench import nodes
from bench.beyond import Measured, plan
from bench.costs import Cost
from bench.nodes_plan import compare, outlook, shared_costs
from bench.nodes_town import Row, Sent, Written
from bench.simulation import Load, Machine, simulate

_COSTS = {"gateway": 5.0, "engine": 4.0, "voice": 6.0, "postgres": 4.0, "sandbox": 5.0, "client": 1.0}


def _machine(nodes: int, *, alone: bool, database_cores: int = 4) -> Machine:
    return Machine(
        cores=2, cpu_ms=_COSTS, commit_ms=0.3, commits=12, nodes=nodes, alone=alone,
        database_cores=database_cores,
    )  # fmt: skip


def _carried(machine: Machine) -> float:
    return simulate(machine, Load(instances=30, notes=300)).per_second


def test_nodes_with_cores_of_their_own_add_up_and_nodes_that_share_them_do_not() -> None:
    one, three = (_carried(_machine(count, alone=True)) for count in (1, 3))
    assert 2.5 < three / one < 3.2
    shared = [_carried(_machine(count, alone=False)) for count in (1, 3)]
    assert shared[1] == pytest.approx(shared[0], rel=0.1)


def test_a_database_with_few_cores_is_what_gives_out() -> None:
    # 4 ms of its one core for each note
    assert _carried(_machine(6, alone=True, database_cores=1)) == pytest.approx(250, rel=0.1)


def _row(database: str, count: int, per_second: float, p50_ms: float) -> Row:
    costs = _COSTS if database == "PostgreSQL" else {**_COSTS, "postgres": 0.0}
    kinds = ("native", "mp3")
    return Row(
        database=database,
        nodes=count,
        instances=6,
        commit_ms=0.3,
        accept={"per_second": 900.0, "p50_ms": 20.0, "p99_ms": 80.0},
        latency={"p50_ms": p50_ms, "p99_ms": p50_ms * 2},
        sent=[Sent(input=kind, notes=120, per_second=per_second, cpu_ms=costs) for kind in kinds],
        written=None
        if database == "SQLite"
        else Written(commits=12.0, log_kb=20.0, at_work_ms=5.0, at_rest_per_second=2.0),
        node_mb=150.0,
        database_mb=0.0 if database == "SQLite" else 90.0,
        takeover_s=6.5,
    )


def _rows(*, off: float = 1.0) -> list[Row]:
    """Rows as fast as the simulation finds them, `off` times."""
    places = (("SQLite", 1), ("PostgreSQL", 1), ("PostgreSQL", 3))
    found = compare([_row(database, count, 1.0, 1.0) for database, count in places], 2)
    return [
        _row(database, count, found[at * 3].simulated * off, found[at * 3 + 2].simulated)
        for at, (database, count) in enumerate(places)
    ]


def _figures(rows: list[Row]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode({"cores": 2, "rows": rows, "outlook": outlook(rows, 2, notes=40)})
    )
    return found


def test_what_the_simulation_repeats_is_computed_for_more_nodes() -> None:
    figures = _figures(_rows())
    assert [(one["database"], one["nodes"]) for one in figures["outlook"]] == [
        ("SQLite", 1), *(("PostgreSQL", count) for count in (1, 2, 3, 6)),
    ]  # fmt: skip
    told = "\n".join(nodes.report(figures))
    assert "PostgreSQL, 6 nodes" in told
    assert "nothing is computed" not in told
    assert "PostgreSQL, 6 nodes" in nodes.charts(figures)["nodes"]


def test_what_the_simulation_does_not_repeat_is_not_computed() -> None:
    figures = _figures(_rows(off=1.5))
    told = "\n".join(nodes.report(figures))
    assert "nothing is computed from it" in told
    assert "6 nodes" not in told
    assert "6 nodes" not in nodes.charts(figures)["nodes"]


def test_a_plan_for_more_than_one_node_takes_the_costs_of_nodes_that_share_a_database() -> None:
    rows = _rows()
    dear = [
        Cost(input="mp3", instances=6, notes=10, per_second=1.0, cpu_ms={**_COSTS, "gateway": 20.0}),
    ]
    alone = Measured(
        cores=2, costs=shared_costs(_figures(rows)), latency_p50_ms=1.0, commit_ms=0.3, base_mb=150.0,
        session_mb=0.05,
    )  # fmt: skip
    shared = msgspec.structs.replace(alone, shared=dear)
    assert plan(shared, 100_000, 4, 8.0).nodes > 2 * plan(alone, 100_000, 4, 8.0).nodes


def test_without_postgresql_the_page_says_so() -> None:
    figures = {"missing": "PostgreSQL is not here."}
    assert nodes.report(figures) == ["not measured. PostgreSQL is not here."]
    assert nodes.charts(figures) == {}
