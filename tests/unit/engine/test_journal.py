from pathlib import Path

import msgspec
import pytest
import structlog

from waypost.engine.hosts.whatsmeow import journal as journals
from waypost.engine.hosts.whatsmeow.journal import Journal
from waypost.engine.port import EngineEvent, MessageArrived, StateChanged
from waypost.engine.spool import MAX_RECORD, SpoolReader, SpoolWriter
from waypost.testing.engine_stage import Events


def state(number: int) -> StateChanged:
    return StateChanged(instance_id="shop", at=float(number), state="connected")


async def test_events_wait_in_memory_while_the_disk_is_full_and_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "_RETRY_S", 0.01)
    grown: list[int] = []
    journal = Journal(tmp_path, lambda: grown.append(1), structlog.get_logger())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(SpoolWriter, "append", full)
        journal.append(state(1))
        journal.append(state(2))
        assert not SpoolReader(tmp_path).read().payloads
    await Events().until(lambda: bool(grown))
    assert len(SpoolReader(tmp_path).read().payloads) == 2
    journal.append(state(3))
    assert len(SpoolReader(tmp_path).read().payloads) == 3
    journal.close()
    journal.append(state(4))  # from a thread of the library that is late
    assert len(SpoolReader(tmp_path).read().payloads) == 3


async def test_a_message_that_is_too_long_is_named_and_ends_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, lambda: None, structlog.get_logger())
    message = MessageArrived(
        instance_id="shop",
        at=1.0,
        key="k",
        message_id="3A1",
        chat="99@lid",
        sender="99@lid",
        sender_alt=None,
        from_me=False,
        push_name="Ada",
        timestamp=1,
        content=bytes(MAX_RECORD),
        names={"conversation": "x" * 100},
    )
    journal.append(message)
    journal.append(state(1))
    journal.close()
    found = [msgspec.msgpack.decode(one, type=EngineEvent) for one in SpoolReader(tmp_path).read().payloads]
    assert found == [msgspec.structs.replace(message, content=b"", names={}), state(1)]
