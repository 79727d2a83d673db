from fuzz.target import Choices, Target
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.frames import PROLOGUE, ROUTING_MARK, Framer, frame

_MOST = 3000


def _fed(stream: bytes, pieces: list[bytes], opening: bool) -> list[bytes] | None:
    """The payloads; None when the stream was refused."""
    framer = Framer(opening=opening, max_frame=_MOST)
    payloads: list[bytes] = []
    for piece in pieces:
        try:
            payloads += framer.feed(piece)
        except WireError:
            return None
    assert sum(map(len, payloads)) <= len(stream)
    return payloads


def check(data: bytes) -> None:
    choices = Choices(data)
    opening, sizes, stream = bool(choices.number(1)), choices.take(8), choices.rest()
    whole = _fed(stream, [stream], opening)
    assert _fed(stream, list(Choices(sizes).pieces(stream)), opening) == whole
    assert _fed(stream, [stream[at : at + 1] for at in range(len(stream))], opening) == whole
    if opening and whole:
        start = 6 + int.from_bytes(stream[3:6], "big") if stream.startswith(ROUTING_MARK) else 0
        body = stream[start + len(PROLOGUE) :]
        assert stream[start:].startswith(PROLOGUE)
    else:
        body = stream
    if whole is not None:
        assert body.startswith(b"".join(map(frame, whole)))


TARGET = Target(
    promise="a stream gives the same frames however it is cut, and those written again are its beginning",
    check=check,
    seeds=lambda: [
        b"\x01" + bytes(8) + PROLOGUE + frame(b"hello") + frame(b"") + frame(bytes(300)),
        b"\x01" + bytes(8) + ROUTING_MARK + b"\0\0\x04hint" + PROLOGUE + frame(b"hello"),
        b"\x00\x01\x02" + bytes(6) + frame(b"one") + frame(b"two") + b"\0\xff\xff",
    ],
    rate=1000,
)
