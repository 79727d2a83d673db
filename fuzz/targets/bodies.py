import asyncio
import base64
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

from fuzz.target import Choices, Target
from waypost.api.body import Body, BodyReader
from waypost.api.encoded_file import decode_file
from waypost.errors import ApiError, InvalidRequest
from waypost.media.blobs import LocalBlobs
from waypost.operations.kind import FilePolicy

_MOST = 3000
_INLINE = 500
_FILE = FilePolicy()
_KINDS = (
    "multipart/form-data; boundary=B",
    "multipart/form-data",
    "application/json",
    "application/x-www-form-urlencoded",
    "",
    "application/problem+json; charset=utf-8",
)
_FOLDER = tempfile.TemporaryDirectory(prefix="waypost-fuzz-")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _blobs() -> LocalBlobs:
    return LocalBlobs(Path(_FOLDER.name))


async def _stream(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _read(pieces: list[bytes], kind: str, file: FilePolicy | None) -> tuple[object, ...]:
    """What is told apart of a body: its fields, the file's name, size and hash; or its error."""
    reader = BodyReader(_blobs(), _MOST, _INLINE, 30)
    try:
        body: Body = await reader.read(_stream(pieces), kind, None, file)
    except ApiError as error:
        assert 400 <= error.fault.status < 500
        return (error.code, error.detail)
    except InvalidRequest as error:
        return (error.code, *error.errors)
    upload = body.upload
    if upload is None:
        return (body.fields, None)
    assert upload.size <= _MOST
    data = upload.inline if upload.inline is not None else _blobs().path_of(upload.blob_id).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (upload.size, upload.sha256)
    await reader.discard(body)
    return (body.fields, body.filename, upload.size, upload.sha256)


def check(data: bytes) -> None:
    choices = Choices(data)
    kind = _KINDS[choices.number(len(_KINDS) - 1)]
    file = _FILE if choices.number(3) else None
    sizes, body = choices.take(6), choices.rest()
    pieces = list(Choices(sizes).pieces(body))
    whole = _loop().run_until_complete(_read([body], kind, file))
    cut = _loop().run_until_complete(_read(pieces, kind, file))
    # Two faults in one body: which is seen first depends on what came together.
    assert cut == whole or (isinstance(cut[0], str) and isinstance(whole[0], str)), (cut, whole)
    assert not list(Path(_FOLDER.name).glob("*.part"))
    encoded = base64.b64encode(body).decode()
    assert decode_file(encoded, "file") == decode_file("data:audio/mp3;base64," + encoded, "file") == body


def _seeds() -> list[bytes]:
    note = base64.b64encode(bytes(range(200))).decode()
    part = b'--B\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
    form = (
        part % (b"chatId", b"", b"49151") + part % (b"file", b'; filename="a.mp3"', bytes(700)) + b"--B--\r\n"
    )
    text = part % (b"file", b"", note.encode()) + part % (b"chatId", b"", b"1@lid") + b"--B--\r\n"
    call = json.dumps({"chatId": "49151@c.us", "file": note, "caption": "é\u2028", "url": None}).encode()
    urlencoded = b"chatId=49151%40c.us&file=" + note.encode() + b"&caption=a+b%20c"
    seeds = [
        (0, form),
        (1, form),
        (0, text),
        (2, call),
        (3, urlencoded),
        (3, call),
        (4, call),
        (4, form),
        (5, call),
    ]
    return [bytes((place, 1, 3, 9, 0, 1, 2, 60)) + body for place, body in seeds]


TARGET = Target(
    promise=(
        "a body is read the same however it is cut, or is refused with a status of 4xx and leaves no file"
    ),
    check=check,
    seeds=_seeds,
    longest=6000,
    rate=250,
)
