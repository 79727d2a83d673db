import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from functools import cache

from fuzz.target import Choices, Target
from waypost.access import token
from waypost.api.prefer import wait_seconds
from waypost.net.encoding import EncodingError, decoded

_MOST = 20_000
_STEP = 64 * 1024


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


async def _stream(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _unpacked(pieces: list[bytes], encoding: bytes) -> bytes | None:
    try:
        return b"".join([piece async for piece in decoded(_stream(pieces), encoding, _MOST)])
    except EncodingError:
        return None


def check(data: bytes) -> None:
    choices = Choices(data)
    encoding = (b"gzip", b"deflate", b"", b"br")[choices.number(3)]
    sizes, body = choices.take(4), choices.rest()
    whole = _loop().run_until_complete(_unpacked([body], encoding))
    cut = _loop().run_until_complete(_unpacked(list(Choices(sizes).pieces(body)), encoding))
    # What is damaged behind the limit may be seen or not.
    assert cut == whole or all(one is None or len(one) > _MOST for one in (cut, whole))
    if encoding in (b"gzip", b"deflate"):
        assert whole is None or len(whole) <= _MOST + _STEP
    packed = gzip.compress(body)
    assert _loop().run_until_complete(_unpacked([packed], b"gzip")) == body
    _headers(body.decode("latin-1"))


def _headers(text: str) -> None:
    seconds = wait_seconds(text, 60.0)
    assert seconds is None or 0 <= seconds <= 60
    parts = token.split(text)
    assert parts is None or token.split(f"{parts[0]}|{parts[1]}") == parts


TARGET = Target(
    promise=(
        "a compressed body unpacks to the same bytes however it is cut, never to many more than are allowed"
    ),
    check=check,
    seeds=lambda: [
        b"\0\x05\x01\x09\x02" + gzip.compress(b"hello" * 100),
        b"\x01\x05\x01\x09\x02" + zlib.compress(bytes(100_000)),
        b"\x02" + bytes(4) + b'respond-async, wait="20"',
        b"\x03" + bytes(4) + b"12|secretsecret",
    ],
    rate=600,
)
