import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.engine.spool import SpoolReader, SpoolWriter, segments


def test_what_was_appended_is_read_in_order_and_forgotten_once_acknowledged(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    for number in range(5):
        writer.append(b"event %d" % number)
    reader = SpoolReader(tmp_path)
    batch = reader.read(most=3)
    assert batch.payloads == [b"event 0", b"event 1", b"event 2"]
    assert reader.read(most=3).payloads == batch.payloads  # not acknowledged yet
    reader.ack(batch)
    assert reader.read().payloads == [b"event 3", b"event 4"]
    writer.append(b"event 5")
    assert reader.read().payloads[-1] == b"event 5"


def test_a_new_reader_begins_where_the_last_one_acknowledged(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(b"one")
    writer.append(b"two")
    reader = SpoolReader(tmp_path)
    reader.ack(reader.read(most=1))
    assert SpoolReader(tmp_path).read().payloads == [b"two"]


def test_read_segments_are_deleted_once_they_have_a_successor(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path, segment_bytes=100)
    for number in range(20):
        writer.append(b"%050d" % number)
    assert len(segments(tmp_path)) > 5
    reader = SpoolReader(tmp_path)
    batch = reader.read()
    assert len(batch.payloads) == 20
    reader.ack(batch)
    assert len(segments(tmp_path)) == 1


def test_a_record_torn_by_a_crash_is_skipped_and_counted(tmp_path: Path) -> None:
    first = SpoolWriter(tmp_path)
    first.append(b"whole")
    first.append(b"torn")
    first.close()
    torn = tmp_path / f"{segments(tmp_path)[0]:010d}.seg"
    os.truncate(torn, torn.stat().st_size - 2)
    reader = SpoolReader(tmp_path)
    assert reader.read().damaged == 0  # its writer may still be at it
    second = SpoolWriter(tmp_path)
    second.append(b"after")
    batch = reader.read()
    assert (batch.payloads, batch.damaged) == ([b"whole", b"after"], 1)


def test_a_damaged_note_of_the_position_brings_events_again_rather_than_losing_them(tmp_path: Path) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(b"one")
    reader = SpoolReader(tmp_path)
    reader.ack(reader.read())
    (tmp_path / "acked").write_bytes(b"\xff" * 20)
    assert SpoolReader(tmp_path).read().payloads == [b"one"]


def test_an_append_that_fails_half_way_leaves_no_half_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(tmp_path)
    writer.append(b"before")
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:5]))
    with pytest.raises(OSError, match="bytes were written"):
        writer.append(b"too much for the disk")
    monkeypatch.undo()
    writer.append(b"after")
    assert SpoolReader(tmp_path).read().payloads == [b"before", b"after"]


@given(payloads=st.lists(st.binary(max_size=300), max_size=30), most=st.integers(1, 7))
def test_any_events_come_through_whole(
    payloads: list[bytes], most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    writer = SpoolWriter(folder, segment_bytes=500)
    for payload in payloads:
        writer.append(payload)
    writer.close()
    found: list[bytes] = []
    while (batch := SpoolReader(folder).read(most)).payloads:
        found += batch.payloads
        SpoolReader(folder).ack(batch)
    assert found == payloads
