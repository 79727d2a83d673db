"""Events in the spools of sessions that this gateway does not open: they may be kept by another node now."""

from pathlib import Path

import msgspec
import structlog

from waypost.clock import SystemClock
from waypost.engine.port import EngineEvent, ReceiptArrived
from waypost.engine.settings import EngineSettings
from waypost.engine.spool import SpoolReader, SpoolWriter
from waypost.engine.store_folder import instance_folder
from waypost.engine.supervisor import Supervisor
from waypost.testing.engine_stage import Events


def receipt(instance_id: str, key: str) -> EngineEvent:
    return ReceiptArrived(
        instance_id=instance_id,
        at=1.0,
        key=key,
        kind="read",
        chat="1@lid",
        participant="1@lid",
        message_ids=["3EB0"],
        timestamp=1,
    )


def leave(base: Path, instance_id: str, keys: list[str]) -> Path:
    spool = instance_folder(base / "instances", instance_id).spool
    writer = SpoolWriter(spool)
    for key in keys:
        writer.append(msgspec.msgpack.encode(receipt(instance_id, key)))
    writer.close()
    return spool


def supervisor(folder: Path, events: Events) -> Supervisor:
    log = structlog.get_logger("engine")
    return Supervisor(EngineSettings(folder=folder), events, events, SystemClock(), log)


async def test_what_lies_in_any_spool_is_delivered_at_the_start_and_once(tmp_path: Path) -> None:
    spools = [leave(tmp_path, "a", ["a1", "a2"]), leave(tmp_path, "b", ["b1"])]
    (tmp_path / "instances" / "empty").mkdir()
    events = Events()
    async with supervisor(tmp_path, events):
        await events.until(lambda: not any(SpoolReader(spool).read().payloads for spool in spools))
    found = sorted(event.key for event in events.events if isinstance(event, ReceiptArrived))
    assert found == ["a1", "a2", "b1"]
    again = Events()
    async with supervisor(tmp_path, again):
        pass
    assert again.events == []


async def test_what_a_sink_does_not_take_stays(tmp_path: Path) -> None:
    spool = leave(tmp_path, "a", ["a1"])
    events = Events()
    events.refusing = True
    async with supervisor(tmp_path, events):
        pass
    assert len(SpoolReader(spool).read().payloads) == 1
    events.refusing = False
    async with supervisor(tmp_path, events):
        await events.until(lambda: len(events.events) == 1)
