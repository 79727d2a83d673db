import asyncio
import socket

import msgspec
import pytest

from waypost.engine import wire
from waypost.engine.port import Recipient


async def pair() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    ours, theirs = socket.socketpair()
    reader, unused = await asyncio.open_connection(sock=ours)
    _, writer = await asyncio.open_connection(sock=theirs)
    reader.unused = unused  # type: ignore[attr-defined]  # closed with the reader
    return reader, writer


async def test_frames_come_through_in_order_and_end_as_none() -> None:
    reader, stream = await pair()
    writer = wire.FrameWriter(stream)
    result = msgspec.Raw(msgspec.msgpack.encode([Recipient(asked="1", exists=False)]))
    for message in (wire.Ping(call=1), wire.Done(call=2, result=result), wire.Spooled(session="a")):
        await writer.send(message)
    writer.close()
    decoded = msgspec.msgpack.decode(await wire.read_frame(reader) or b"", type=wire.Command)
    assert decoded == wire.Ping(call=1)
    done = msgspec.msgpack.decode(await wire.read_frame(reader) or b"", type=wire.Report)
    assert isinstance(done, wire.Done)
    assert msgspec.msgpack.decode(done.result, type=list[Recipient])[0].asked == "1"
    assert await wire.read_frame(reader)
    assert await wire.read_frame(reader) is None
    reader.unused.close()  # type: ignore[attr-defined]


async def test_a_frame_cut_off_in_the_middle_ends_as_none() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(wire.encode(wire.Ping(call=1))[:-1])
    reader.feed_eof()
    assert await wire.read_frame(reader) is None


async def test_a_frame_that_claims_to_be_huge_is_refused_before_it_is_read() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data((wire.MAX_FRAME + 1).to_bytes(4, "big"))
    with pytest.raises(wire.FrameError):
        await wire.read_frame(reader)


def test_a_message_that_is_too_long_is_refused_before_it_is_sent() -> None:
    with pytest.raises(wire.FrameError):
        wire.encode(wire.CheckNumbers(call=1, session="a", numbers=["1" * (wire.MAX_FRAME + 1)]))
