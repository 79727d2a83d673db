"""Memory (PSS) with 1 and with 20 paired instances, and the time until all work again after kill -9."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from bench.machine import family, pss_mb
from bench.town import Town


async def memory(town: Town) -> dict[str, Any]:
    """PSS in MB of gateway, engine processes and voice workers, now."""
    figures: dict[str, float] = {}
    for kind, pids in family(town.pair.gateway.pid).items():
        if pids:
            figures[kind] = sum(pss_mb(pid) for pid in pids)
    return {"instances": len(town.instances), **figures, "all": sum(figures.values())}


async def recovery(town: Town) -> dict[str, Any]:
    """Seconds from kill -9 of the engine processes, then of the gateway, until all instances are WORKING."""
    began = time.perf_counter()
    for pid in family(town.pair.gateway.pid)["engine"]:
        os.kill(pid, signal.SIGKILL)
    await _left(town)
    await asyncio.gather(*(town.working(instance) for instance in town.instances))
    engine = time.perf_counter() - began
    began = time.perf_counter()
    await town.pair.gateway.kill()
    await town.pair.gateway.start()
    await asyncio.gather(*(town.working(instance) for instance in town.instances))
    return {"instances": len(town.instances), "engine_s": engine, "gateway_s": time.perf_counter() - began}


async def _left(town: Town) -> None:
    """Wait until the gateway has seen that its sessions are gone."""
    async with asyncio.timeout(10):
        while (await town.health(town.instances[-1]))["status"] == "WORKING":
            await asyncio.sleep(0.005)


def report(one: dict[str, Any], twenty: dict[str, Any], back: dict[str, Any]) -> Sequence[str]:
    """The table's lines."""
    kinds = [kind for kind in ("gateway", "engine", "voice", "other", "all") if kind in twenty]
    return [
        f"{'':10} {'1 instance':>12} {'20 instances':>14}",
        *(f"{kind:10} {one.get(kind, 0.0):12.0f} {twenty[kind]:14.0f}" for kind in kinds),
        f"20 instances back after kill -9 of the engine processes: {back['engine_s']:.2f} s (aim ≤ 3)",
        f"20 instances back after kill -9 of the gateway: {back['gateway_s']:.2f} s (aim ≤ 3)",
    ]
