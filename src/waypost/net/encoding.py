"""Bodies that come compressed although "identity" was asked for, unpacked in bounded steps.

A kilobyte of gzip can hold a gigabyte: each step unpacks a little and the whole stops at the limit.
"""

import zlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

# Bytes unpacked per step.
_STEP: Final = 64 * 1024
# How a gzip stream begins. One may follow another (RFC 1952, 2.2); what else follows is padding.
_GZIP: Final = b"\x1f\x8b"
# Registered with IANA, and not unpacked here. Whatever else there is says nothing of the bytes, and browsers
# pass it over: files in object stores are often said to be "base64", "utf-8" or "aws-chunked", and are not.
_PACKED: Final = frozenset({b"br", b"zstd", b"compress", b"x-compress", b"dcb", b"dcz"})
# zlib's window bits: +32 takes gzip and zlib headers alike.
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


class EncodingError(Exception):
    """The body is not what its Content-Encoding says, or says something unknown; the text is a sentence."""


def decoded(body: AsyncIterable[bytes], encoding: bytes, most: int) -> AsyncIterator[bytes]:
    """`body` as it was before `encoding` (a Content-Encoding), cut off soon after `most` bytes.

    Raises EncodingError, also while iterating.
    """
    name = encoding.strip().lower()
    if name in (b"gzip", b"x-gzip", b"deflate"):
        return _inflated(body, most)
    if name in _PACKED or b"," in name:
        raise EncodingError("Its server sent the file in an encoding that was not asked for.")
    return _plain(body)


async def _plain(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for chunk in body:
        yield chunk


async def _inflated(body: AsyncIterable[bytes], most: int) -> AsyncIterator[bytes]:
    unpacked, rest = 0, b""
    inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
    async for chunk in body:
        rest += chunk
        while rest and unpacked <= most:
            if inflate.eof:
                if len(rest) < len(_GZIP):
                    break
                if not rest.startswith(_GZIP):
                    return
                inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                piece = inflate.decompress(rest, _STEP)
            except zlib.error:
                raise EncodingError("Its server sent a damaged gzip stream.") from None
            unpacked += len(piece)
            yield piece
            rest = inflate.unconsumed_tail or inflate.unused_data
        if unpacked > most:
            return
    if not inflate.eof:
        raise EncodingError("Its server sent a gzip stream without an end.")
