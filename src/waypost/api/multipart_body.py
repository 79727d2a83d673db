"""multipart/form-data as a stream of parts, at most one of them in memory."""

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser

from waypost.errors import MALFORMED, TOO_LARGE, ApiError

_PARTS = 64  # the widest operation has ten fields
_HEADER_BYTES = 8 * 1024  # a file name of 1,000 characters, percent-encoded
_HEADERS = 8
_FIRST_LINE = 256  # RFC 2046 allows boundaries of 70 characters
_PREAMBLE = 8 * 1024  # a sentence for readers of mail, where there is one at all
# RFC 5987, as .NET and older Python clients write a name that is not ASCII.
_EXTENDED_NAME = re.compile(r"""filename\*\s*=\s*"?(utf-8|iso-8859-1)'[^']*'([^;"\s]+)""", re.IGNORECASE)
_NO_BOUNDARY = "The multipart body does not begin with its boundary."


@dataclass(frozen=True, slots=True)
class TextPart:
    """A field."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file, whose `chunks` have to be read before the next part is asked for."""

    name: str
    filename: str | None
    chunks: AsyncIterator[bytes]


class MultipartBody:
    """Reads the parts of one body, in whatever order they come."""

    def __init__(self, stream: AsyncIterator[bytes], boundary: str | None) -> None:
        """`boundary` as the header says; None reads it from the first line of the body."""
        self._stream = stream
        self._boundary = boundary
        self._parser: PushMultipartParser | None = None
        self._events: deque[MultipartSegment | bytes | bytearray | None] = deque()

    async def parts(self, text_bytes: int, file_field: str | None) -> AsyncIterator[TextPart | FilePart]:
        """The parts; `text_bytes` bounds all texts together, `file_field` names the part that may be a file.

        Raises ApiError(MALFORMED | TOO_LARGE).
        """
        left = text_bytes
        while (event := await self._next()) is not _END:
            if not isinstance(event, MultipartSegment) or _is_torn(event):
                raise ApiError(MALFORMED)
            name, filename = _utf8(event.name or ""), _filename(event)
            if name == file_field and not _is_text(event, filename):
                chunks = self._chunks()
                yield FilePart(name, filename, chunks)
                async for _ in chunks:
                    pass
                continue
            value = bytearray()
            async for chunk in self._chunks():
                left -= len(chunk)
                if left < 0 and name != file_field:
                    raise ApiError(TOO_LARGE, "The fields beside the file are too long.")
                value += chunk
            yield TextPart(name, _text(value))

    async def _chunks(self) -> AsyncIterator[bytes]:
        while True:
            event = await self._next()
            if event is None:
                return
            if not isinstance(event, bytes | bytearray):
                raise ApiError(MALFORMED)
            yield bytes(event)

    async def _next(self) -> "MultipartSegment | bytes | bytearray | _End | None":
        while not self._events:
            if not await self._feed():
                return _END
        return self._events.popleft()

    async def _feed(self) -> bool:
        """Parse the next chunk; False at the end of the body."""
        if self._parser is not None and self._parser.closed:
            return False
        try:
            if self._parser is None:
                await self._start()
                return True
            chunk = await anext(self._stream, b"")
            if chunk:
                self._events += self._parser.parse(chunk)
            else:
                self._parser.close()  # raises when the last boundary is missing
            return bool(chunk)
        except ParserLimitReached:
            raise ApiError(TOO_LARGE, "It has too many parts, or too long headers.") from None
        except MultipartError:
            raise ApiError(MALFORMED) from None

    async def _start(self) -> None:
        head = b""
        while self._boundary is None:
            head += (chunk := await anext(self._stream, b""))
            line, ended, _ = head.lstrip(b"\r\n").partition(b"\n")
            line = line.rstrip(b"\r ")
            if ended and line.startswith(b"--"):
                self._boundary = line[2:].decode("latin-1")
            elif ended or not chunk or len(head) > _FIRST_LINE:
                raise ApiError(MALFORMED, _NO_BOUNDARY)
        # What stands before the first boundary is looked through here: the parser takes it or not, by how the
        # body was cut.
        delimiter = b"--" + self._boundary.encode()
        while not (found := b"\r\n" + head).count(b"\r\n" + delimiter):
            chunk = b"" if len(head) > _PREAMBLE else await anext(self._stream, b"")
            if not chunk:
                raise ApiError(MALFORMED, _NO_BOUNDARY)
            head += chunk
        self._parser = PushMultipartParser(
            self._boundary,
            header_charset="latin-1",  # takes any bytes; names are read as what they are later
            max_header_size=_HEADER_BYTES,
            max_header_count=_HEADERS,
            max_segment_count=_PARTS,
        )
        self._events += self._parser.parse(found[found.index(b"\r\n" + delimiter) + 2 :])


class _End:
    """The end of the body."""


_END = _End()


def _is_text(part: MultipartSegment, filename: str | None) -> bool:
    """Whether a part in the place of the file is a form's text, which may hold base64."""
    return filename is None and (part.content_type or "text/plain").startswith("text/plain")


def _filename(part: MultipartSegment) -> str | None:
    """What the file is called; of two spellings the one that says how it is encoded."""
    for name, value in part.headerlist:
        found = _EXTENDED_NAME.search(value) if name == "Content-Disposition" else None
        if found is not None:
            return unquote(found[2], encoding=found[1], errors="replace")
    return None if part.filename is None else _utf8(part.filename)


def _utf8(text: str) -> str:
    """A header's text, read byte by byte, as the UTF-8 that it ought to be; else it stays as it is."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return text


def _is_torn(part: MultipartSegment) -> bool:
    """Whether a header holds a bare line feed: the parser refuses one or not, by how the body was cut."""
    return any("\n" in value for _, value in part.headerlist)


def _text(value: bytearray) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ApiError(MALFORMED, "A field is not UTF-8.") from None
