import asyncio
from functools import cache
from pathlib import Path

import msgspec

from fuzz.target import Choices, Target
from waypost.engine import wire
from waypost.engine.spool import _records
from waypost.voice.limits import Limits
from waypost.voice.note import Note
from waypost.workers import protocol


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


async def _frames(pieces: list[bytes]) -> list[bytes] | None:
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    found: list[bytes] = []
    try:
        while (body := await wire.read_frame(reader)) is not None:
            found.append(body)
    except wire.FrameError:
        return None
    return found


def check(data: bytes) -> None:
    choices = Choices(data)
    sizes, stream = choices.take(4), choices.rest()
    bodies = _loop().run_until_complete(_frames([stream]))
    assert _loop().run_until_complete(_frames(list(Choices(sizes).pieces(stream)))) == bodies
    for body in bodies or ():
        _read(body)
    _voice(stream)
    at = 0
    for payload, size in _records(stream):
        assert stream[at + 8 : at + size] == payload
        at += size


def _read(body: bytes) -> None:
    for kind in (wire.Command, wire.Report):
        try:
            message = msgspec.msgpack.decode(body, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        assert msgspec.msgpack.decode(wire.encode(message)[wire.HEADER_BYTES :], type=kind) == message


def _voice(stream: bytes) -> None:
    try:
        size = protocol.length_of(stream[:4])
    except ValueError:
        return
    assert size <= protocol.LONGEST
    for read in (protocol.unpack_order, protocol.unpack_answer):
        try:
            message = read(stream[4 : 4 + size])
        except (msgspec.MsgspecError, ValueError):
            continue
        assert read(protocol.pack(message)[4:]) == message


def _seeds() -> list[bytes]:
    note = Note(Path("/a"), 1, bytes(32), 2, 3, bytes(64), 20_000, True)
    said = [
        wire.encode(
            wire.Configure(
                call=1, network="sandbox", proxy_url=None, noise_root=bytes(32), start_patience=4.0
            )
        ),
        wire.encode(wire.CheckNumbers(call=2, session="a", numbers=["4915"])),
        wire.encode(wire.Failed(call=3, code="internal", facts={"a": [1, None, 2.5]})),
        wire.encode(wire.Done(call=4)),
        protocol.pack(protocol.Setup(Limits())),
        protocol.pack(protocol.Job(Path("/a"), Path("/b"))),
        protocol.pack(protocol.Done(note)),
        protocol.pack(protocol.PictureJob(Path("/a"), Path("/b"), "sticker")),
        protocol.pack(protocol.FilmJob(Path("/a"), Path("/b"))),
        protocol.pack(protocol.Failed("not_audio", None, {}, False)),
    ]
    return [b"\x01\x02\x03\x04" + one for one in [*said, b"".join(said)]]


TARGET = Target(
    promise=(
        "frames between our processes are read the same however they are cut, or are refused by their reader"
    ),
    check=check,
    seeds=_seeds,
    rate=500,
)
